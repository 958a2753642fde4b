"""How far a secret value reaches, and the forms that tell of one without `name = value`."""

import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final

from .values import is_number

Span = tuple[int, int]
Judge = Callable[[str], bool]

# What makes the text after it secret.
_LEAD: Final = re.compile(
    r"(?:(?<=\\[nrt])|(?<![A-Za-z0-9]))(?:"
    r"(?:[Bb]earer|BEARER)\s{1,8}(?!auth|realm|credential|token)"
    r"(?=[\w.~+/-]{0,64}?[\d.~+/]|[\w-]{16})"
    # Base64 has a digit or a capital inside; `Basic authentication` has not.
    r"|(?:[Bb]asic|BASIC)\s{1,8}(?=[A-Za-z]?[a-z]*+[A-Z\d+/=])(?=[\w+/]{8})"
    r"|SecretStr\((?=[\"'])"
    r"|invalid input (?:syntax for type|value for enum) [\w ]{1,64}: (?=\"))"
)
_LEAD_HINTS: Final = ("earer", "EARER", "asic", "ASIC", "invalid input", "SecretStr(")
_TOLD: Final = re.compile(
    r"(?:(?<=\\[nrt])|(?<![A-Za-z0-9]))(?:[Pp]ass(?:word|wd|phrase|code)|PASSWORD|[Ss]ecret"
    r"|(?<!nexpected )(?<!nvalid )[Tt]oken|(?:api|API)[ _-]?[Kk](?:ey|EY)"
    r"|OTP|PIN|otp|비밀번호|암호|패스워드|인증번호)(?:는|은|가|이|:)?\s{1,8}"
    r"(?:(?:is|was|of|provided|=|->)(?: |: ?))?"
    r"(?=[\"'`][^\"'`]{3}|[^\s\"'=:,]{0,64}?\d)(?!v?\d{1,3}(?:\b|[자회개번]))(?![A-Za-z]{2,16}\(\d{1,5}\))"
)
_TOLD_SHORT: Final = re.compile(r"(?:OTP|PIN)\s{1,8}(?=\d{3,})")
_TOLD_HINTS: Final = ("ass", "ASS", "ecret", "oken", "ey", "EY", "OTP", "PIN", "otp", "호", "워드")

_QUOTED: Final = re.compile(
    r"[bBrRuUfF]{0,2}(?P<quote>\"\"\"|'''|\\*[\"'`])"
    r"(?P<inside>(?:(?!(?P=quote))(?:\\.|[^\\]))*)(?P<end>(?P=quote))?",
    re.DOTALL,
)
# A comma or semicolon ends it only where a next item begins: a password may hold one.
_BARE: Final = re.compile(
    r"(?:(?i:bearer|basic|digest|token)\s+)?"
    r"(?:[^\s&,;<]|<(?!/)|[,;](?!\s|\Z|[\"']?\w++[\"']?[=:]))+"
)
# Of YAML: `password: |`, and all lines that are indented after it; a list's items.
_BLOCK: Final = re.compile(
    r"[|>][\d+-]{0,2}[ \t\r]{0,8}(?:\n(?:[ \t]++[^\n]*+|\r?(?=\n)))+"
    r"|-[ ][^\n]*+(?:\n[ \t]*+-[ ][^\n]*+)*"
)
_NOTHING: Final = re.compile(
    r"\\*[\"'`]?(?:None|True|False|null|true|false|undefined|\*+|<redacted>|\[Filtered\]"
    r"|required|missing|optional|disabled|enabled"
    r"|%(?:\([A-Za-z_]{1,64}\))?[a-z]|\{(?:[A-Za-z_]{0,64}|\d)\}|\?)?\\*[\"'`]?(?=[\s,;&)}\]<]|\Z)"
)
# `password = form.password.data`: what stands there is code.
_CODE: Final = re.compile(
    r"(?:await )?(?:(?:[A-Za-z_]{1,40}\.){1,4}[A-Za-z_]{1,40}(?=[\s,)]|\Z)"
    r"|(?:[A-Za-z_]{1,40}\.){0,4}[A-Za-z_]{1,40}\((?![bru]?[\"']))"
)
_ANNOTATION: Final = re.compile(r"[A-Za-z_][\w.\[\]|, ]{0,64}\s?=\s?(?=[\w\"'\[({])")
_OPENING: Final = re.compile(r"[\w.]{0,64}[\[({]")
_BRACKET: Final = re.compile(
    r"\\.|[\[({\])}]|\"(?:[^\"\\]|\\.){0,256}\"|'(?:[^'\\]|\\.){0,256}'", re.DOTALL
)
_MOST_BRACKETS: Final = 200
_AFTER_BRACKET: Final = re.compile(r"[^\s&,;\])}\"'`<]*+")
_LINE: Final = re.compile(r"(?:[^\r\n\\]|\\(?![rn]))+")
_CLOSERS: Final = re.compile(r"[)\]}\"'`]*\Z")

_ELEMENT: Final = re.compile(r"<([A-Za-z_][\w:.-]{0,127})(?:\s[^<>]{0,512})?(?<!/)>")
_PART: Final = re.compile(r"form-data;[^\n]{0,200}?name=\\{0,8}\"?([^\"\\\r\n;]{1,128})")
_BLANK_LINE: Final = re.compile(r"\r?\n\r?\n|\\+r\\+n\\+r\\+n|\\+n\\+n")
_BOUNDARY: Final = re.compile(r"(?:\r?\n|\\+n)--")
_NAMED: Final = re.compile(
    r"(?<![\w-])(?i:name|key|k|field|header|type|path|loc|id|parameter|label|column)[\"'\\]{0,8}\s?[=:]\s?"
    r"b?([\"'\\]{1,8})/?((?:[\w. -]{1,32}/){0,4}[\w.\[\]-]{2,64})[\"'\\]"
)
_VALUE: Final = re.compile(
    r"(?<![\w-])(?i:values?|val|v|new|old|content|data|input|default)[\"'\\]{0,8}\s?[=:]\s?"
)
_BESIDE: Final = re.compile(r"[{}<>\n]")
_NEAR: Final = 200  # characters
_MOST_NAMED: Final = 50

_OPTION: Final = re.compile(
    r"(?<![\w-])--?([A-Za-z][\w-]{1,63})(?:\s{1,8}(?=[^\s-])|[\"'],\s{0,4}(?=[\"'][^-]))"
)
_USER_OPTION: Final = re.compile(
    r"(?<![\w-])(?:-u|-U|--user|--proxy-user)[\"']?(?:=|,?\s{0,4})[\"']?"
    r"[^\s:\"']{1,64}:(?!\d+(?!\w)|//)(?=\w)"
)
_MOST_USERS: Final = 100
_SHORT_OPTION: Final = re.compile(
    r"(?<![\w-])-[pa](?:(?:[\"'],\s{0,4}[\"'])|\s{1,4})?(?=[^\s\"',\-\]])(?!\d+[:\s])"
)
_ATTACHED: Final = re.compile(r"[\"']?-[pa](?!\d+[\"']?\Z)(?=[^-\s\"'])")
_CLIENTS_APART: Final = ("sshpass", "redis-cli")  # of mysql that is the database
_CLIENTS: Final = ("mysql", "mariadb", "docker login", *_CLIENTS_APART)


def password_in(option: str, item: object, program: object) -> int | None:
    """Return where a password begins that an option without a telling name gives; None: nowhere.

    `["curl", "-u", "kim:hunter2"]`, `["mysql", "-phunter2"]`, `["sshpass", "-p", "hunter2"]`; of a
    variable as `repr` writes it.
    """
    if not isinstance(item, str):
        return None
    option = option.strip("\"'")
    user, _, password = item.partition(":")
    if password and option in ("-u", "-U", "--user", "--proxy-user"):
        return len(user) + 1
    name = program.strip("\"'") if isinstance(program, str) else ""
    if option in ("-p", "-a") and name.endswith(_CLIENTS_APART):
        return 0
    attached = _ATTACHED.match(item) if name.endswith(_CLIENTS) else None
    return attached.end() if attached else None


def reach(text: str, start: int, *, is_line: bool = False, only_quoted: bool = False) -> Span:
    """Return where the secret value that begins at `start` is; nothing where it tells nothing."""
    if _NOTHING.match(text, start) or (
        text[start - 2 : start] == "= " and _CODE.match(text, start)
    ):
        return start, start
    if only_quoted and (annotation := _ANNOTATION.match(text, start)):
        start = annotation.end()
    if quoted := _QUOTED.match(text, start):
        return quoted.span("inside")
    opening = _OPENING.match(text, start)
    if only_quoted:
        # `SecretStr("x")` and `("kim", "x")` have literals; `load(path)` has none.
        if not opening:
            return start, start
        end = _end_of_brackets(text, opening.end() - 1)
        has_literal = "'" in text[start:end] or '"' in text[start:end]
        return (opening.end(), end - 1) if has_literal else (start, start)
    if is_line and (line := _LINE.match(text, start)):
        return line.span()
    if block := _BLOCK.match(text, start):
        return block.span()
    if opening:
        end = _end_of_brackets(text, opening.end() - 1)
        rest = _AFTER_BRACKET.match(text, end)
        return start, rest.end() if rest else end
    bare = _BARE.match(text, start)
    return bare.span() if bare else (start, start)


def _end_of_brackets(text: str, start: int) -> int:
    depth = 0
    for count, bracket in enumerate(_BRACKET.finditer(text, start)):
        if count > _MOST_BRACKETS:
            break
        depth += (bracket[0] in "[({") - (bracket[0] in "])}")
        if not depth:
            return bracket.end()
    return len(text)


def leads(text: str) -> Iterator[Span]:
    """Find what stands after words that say that it is secret: `Bearer …`, `password is …`."""
    if any(hint in text for hint in _LEAD_HINTS):
        for found in _LEAD.finditer(text):
            yield reach(text, found.end())
    if any(hint in text for hint in _TOLD_HINTS):
        for pattern in (_TOLD, _TOLD_SHORT):
            for found in pattern.finditer(text):
                yield reach(text, found.end())


def elements(text: str, is_secret: Judge) -> Iterator[Span]:
    """Find what is inside XML elements whose names are secret."""
    if "</" not in text:
        return
    at = 0
    for found in _ELEMENT.finditer(text):
        if found.start() >= at and is_secret(found[1].rpartition(":")[2]):
            end = text.find(f"</{found[1]}", found.end())
            at = len(text) if end < 0 else end
            yield found.end(), at


def parts(text: str, is_secret: Judge) -> Iterator[Span]:
    """Find the values of multipart bodies whose names are secret."""
    if "form-data" not in text:
        return
    at = 0
    for found in _PART.finditer(text):
        if found.start() >= at and is_secret(found[1]):
            blank = _BLANK_LINE.search(text, found.end(), found.end() + 2 * _NEAR)
            start = blank.end() if blank else found.end()
            boundary = _BOUNDARY.search(text, start)
            at = boundary.start() if boundary else len(text)
            yield start, at


def named(text: str, is_secret: Judge) -> Iterator[Span]:
    """Find values that stand beside their names: `{"name": "password", "value": …}`."""
    if not _VALUE.search(text):
        return
    for found in islice(_NAMED.finditer(text), _MOST_NAMED):
        if not is_secret(found[2].rpartition("/")[2]):
            continue
        around = text[max(0, found.start() - _NEAR) : found.start()]
        before = [edge.end() for edge in _BESIDE.finditer(around)]
        begin = found.start() - len(around) + (before[-1] if before else 0)
        edge = _BESIDE.search(text, found.end(), found.end() + _NEAR)
        for value in _VALUE.finditer(text, begin, edge.end() if edge else found.end() + _NEAR):
            yield reach(text, value.end())


def options(text: str, is_secret: Judge) -> Iterator[Span]:
    """Find the secret arguments of command lines."""
    for found in _OPTION.finditer(text):
        if is_secret(found[1]):
            yield reach(text, found.end())
    for number, found in enumerate(_USER_OPTION.finditer(text)):
        if number == _MOST_USERS:  # nobody looks at the others
            yield found.end(), len(text)
            break
        yield reach(text, found.end())
    if any(client in text for client in _CLIENTS):
        for found in _SHORT_OPTION.finditer(text):
            start, end = reach(text, found.end())
            end -= len(_CLOSERS.findall(text[start:end])[0])
            yield (start, start) if is_number(text[start:end]) else (start, end)
