"""Secrets in SQL: literals become `%s`, a placeholder that Sentry's own detectors know."""

import re
from typing import Final

from .values import FILTERED

_TOKEN: Final = re.compile(
    r"""
      (?P<name> "[^"']{0,128}+" | `[^`']{0,128}+` | \bLINE\ \d+: )
    | (?P<comment> --[^\n]*+ | /\*[^*]*+(?:\*(?!/)[^*]*+)*(?:\*/|\Z) )
    | (?<!\w)[eE]'(?:[^'\\]|\\.|'')*'?
    | (?:(?<!\w)(?:[bnxBNX]|[uU]&))?'(?:[^']|'')*'?
    | \$(?P<tag>(?:[A-Za-z_]\w{0,63})?)\$.*?(?:\$(?P=tag)\$|\Z)
    | (?<![\w$:?@])\d[\w.]*+
    """,
    re.VERBOSE | re.DOTALL,
)
_HINTS: Final = (
    *("SELECT", "select ", "INSERT", "insert ", "UPDATE", "update ", "DELETE", "delete "),
    *("MERGE", "CREATE", "ALTER", "LINE ", "WITH ", "REPLACE ", "VALUES", "CALL "),
)
_STATEMENT: Final = re.compile(
    r"(?:\b|(?<=\\n))(?:SELECT\s|LINE \d+: |(?:INSERT|MERGE|REPLACE|insert)\s+(?:INTO|into)\s"
    r"|WITH\s+\w+\s+AS\s*\(|(?:DELETE|delete)\s+(?:FROM|from)\s"
    r"|(?:UPDATE|update)\s+\S{1,130}\s+(?:SET|set)\s|(?:CREATE|ALTER)\s+(?:USER|ROLE)\s)"
)
# In small letters it may be prose: "select 3 mentors from the list".
_SELECT: Final = re.compile(r"(?:(?<=[:\"'(\[\n])|(?<=[:\[(] )|\A)select\s")
_FROM: Final = re.compile(
    r"\sfrom\s+(?!(?:the|a|an|your|this|these|those|our|all|my|his|her|its|each|every|any)\b)"
)
_INSIDE: Final = {
    "'": re.compile(r"(?:[^'\\]|\\.|'')*", re.DOTALL),
    '"': re.compile(r'(?:[^"\\]|\\.)*', re.DOTALL),
}
_PARAMETERS: Final = re.compile(r"\s*,\s*(?=[(\[{])")
_DETAIL: Final = re.compile(r"^(DETAIL|CONTEXT|STATEMENT|QUERY):  .*+", re.MULTILINE)
_MOST: Final = 20
# What follows in SQLAlchemy's echo are the statement's parameters.
_ECHO: Final = re.compile(
    r"(\[(?:generated in|cached since|raw sql|no key|caching disabled)[^\]]*+\] ).*", re.DOTALL
)


def scrub_sql(statement: str) -> str:
    """Replace literals by `%s` and filter comments; names and placeholders stay."""
    return _TOKEN.sub(_scrub_token, statement)


def _scrub_token(token: re.Match[str]) -> str:
    if token["name"]:
        return token[0]
    if not token["comment"]:
        return "%s"
    return f"--{FILTERED}" if token[0].startswith("--") else f"/*{FILTERED}*/"


def scrub_statements(text: str, most: int = _MOST) -> str:
    """Filter the statements, rows and parameters that databases, drivers and SQLAlchemy tell of.

    Of more than `most` in quotes nothing is left.
    """
    if ":  " in text:
        text = _DETAIL.sub(rf"\1:  {FILTERED}", text)
    if text.startswith("["):
        text = _ECHO.sub(rf"\1{FILTERED}", text)
    if not any(hint in text for hint in _HINTS):
        return text
    if not most:
        return f" {FILTERED}"
    found, select = _STATEMENT.search(text), _SELECT.search(text)
    if select and (
        (found and found.start() < select.start()) or not _FROM.search(text, select.end())
    ):
        select = None
    if not (found := select or found):
        return text
    start = found.start()
    if inside := _INSIDE.get(text[start - 1 : start]):
        # A statement in quotes; a driver's log tells its parameters after it.
        quoted = inside.match(text, start)
        end = quoted.end() if quoted else len(text)
        after, closing = text[end + 1 :], text[end : end + 1]
        is_of_parameters = _PARAMETERS.match(after)
        after = f", {FILTERED}" if is_of_parameters else scrub_statements(after, most - 1)
        return text[:start] + scrub_sql(text[start:end]) + closing + after
    statement, link, after = text[start:].partition("\n(Background on this error")
    statement, parameters, _ = statement.partition("[parameters: ")
    if parameters:
        parameters += f"{FILTERED}]"
    return text[:start] + scrub_sql(statement) + parameters + link + after
