"""What secrets look like. `scrubbing_text` looks for them, `scrubbing` knows where text is.

Every pattern works in linear time: repetitions are bounded or exclude each other, and what can't be
bounded starts where no text can make it start again and again. Only single characters are
possessive (`\\w*+`): Python before 3.11.5 finds the wrong end of a possessive group
(https://github.com/python/cpython/issues/106052).
"""

import re
from typing import Final

FILTERED: Final = "[Filtered]"
LIMIT: Final = 8 * 1024  # Sentry keeps no more of most strings

# Parts of names, without separators: `x-api-key`, `apiKey` and `API_KEY` all hold `apikey`.
SENSITIVE_KEYS: Final = (
    *("password", "passwd", "passphrase", "passcode", "pwd", "비밀번호", "비번", "인증번호"),
    *("secret", "token", "credential", "bearer", "jwt", "csrf", "xsrf", "hmac", "signature"),
    *("apikey", "accesskey", "accountkey", "privatekey", "signingkey", "encryptionkey"),
    *("cookie", "session", "sessid", "connectionstring", "databaseurl", "dburl"),
    *("cardno", "cardnum", "creditcard", "ccnum", "카드번호"),
    *("accountnumber", "계좌번호", "주민번호", "주민등록", "residentregistration", "passport"),
    *("dbqueryparameter", "inputvalue"),  # bound to SQL; quoted by pydantic
)
# Too short to look for inside other words: `shipping`, `company`, `className`, `friendsName`.
SENSITIVE_WORDS: Final = (
    *("pass", "pw", "pin", "otp", "totp", "pan", "cvv", "cvc", "ssn", "rrn", "iban", "dsn"),
    *("sid", "sig", "cred", "creds"),
)
# `auth`, `oauth`, `authorization`, but neither `author` nor the status `unauthorized`; `db.params`,
# but not `db.paramstyle`.
SENSITIVE_PATTERNS: Final = (r"(?<!un)auth(?!or(?!i[sz]))", r"dbparams\Z")

# What is secret wherever it stands.
SHAPES: Final = {
    "JWT or signed session": r"eyJ[\w-]{12,}+[\w.=-]*+",
    "AWS": r"(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])",
    "GitHub": r"gh[opsur]_\w{30,}+",
    "GitHub, fine-grained": r"github_pat_\w{22,}+",
    "GitLab": r"glpat-[\w-]{20,}+",
    "Google": r"AIza[\w-]{35}",
    "Google OAuth": r"ya29\.[\w-]{20,}+",
    "Hugging Face": r"hf_[A-Za-z0-9]{30,}+",
    "npm": r"npm_[A-Za-z0-9]{36}",
    "OpenAI, Anthropic": r"sk-[\w-]{20,}+",
    "PyPI": r"pypi-[\w-]{30,}+",
    "SendGrid": r"SG\.[\w-]{16,}+\.[\w-]{16,}+",
    "Sentry": r"sntry[a-z]_[\w+/=-]{20,}+",
    "Slack": r"xox[a-z]-[\w-]{10,}+",
    "Stripe": r"[prs]k_(?:live|test)_\w{10,}+",
}
# What makes the text after it secret.
LEADS: Final = {
    "bearer": r"(?:[Bb]earer|BEARER)\s+(?!auth|realm|credential)(?=[\w.~+/-]{8}|[\w.~+/-]{0,8}?\d)",
    # Base64 has a digit or a capital inside; `Basic authentication` has not.
    "basic": r"(?:[Bb]asic|BASIC)\s+(?=[A-Za-z]?[a-z]*+[A-Z\d+/=])(?=[\w+/]{8})",
    "told": r"(?:[Pp]ass(?:word|wd|phrase|code)|[Ss]ecret|[Tt]oken|(?:api|API)[ _-]?[Kk](?:ey|EY)"
    r"|OTP|PIN|비밀번호|인증번호)[는은이가]?\s+(?:(?:is|was):?\s+)?"
    r"(?=[\"'`]|[^\s\"'=:]{0,64}?\d)",
    "PostgreSQL": r"invalid input (?:syntax for type|value for enum) [\w ]++: (?=\")",
}

_HARMLESS: Final = frozenset({"", "None", "True", "False", "null", "true", "false"})
_PLACEHOLDER: Final = re.compile(r"%(?:\(\w+\))?[drs]")
_QUOTED: Final = re.compile(
    r"(?P<start>[bBrRuUfF]{0,2}(?P<quote>\"\"\"|'''|\\*[\"'`]))"
    r"(?P<inside>(?:(?!(?P=quote))(?:\\.|[^\\]))*)(?P<end>(?P=quote))?",
    re.DOTALL,
)
# A comma or semicolon ends it only where a next item begins: a password may hold one.
_BARE: Final = re.compile(
    r"(?:(?i:bearer|basic|digest|token)\s+)?"
    r"(?:[^\s&,;]|[,;](?!\s|\Z|[\"']?\w++[\"']?[=:]))+"
)
_OPENING: Final = re.compile(r"[\w.]*+[\[({]")
_BRACKET: Final = re.compile(r"[\[({\])}]|\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'", re.DOTALL)
_AFTER_BRACKET: Final = re.compile(r"[^\s&,;\])}\"'`]*+")
_LINE: Final = re.compile(r"[^\r\n]++")

PRIVATE_KEY: Final = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY.*?(?:-----END [A-Z0-9 ]{0,40}-----|\Z)", re.DOTALL
)
EMAIL: Final = re.compile(r"(?<![\w.+%-])[\w.+%-]++@(?:[\w-]++\.){1,8}[^\W\d_]{2,}+")

_DIGITS: Final = re.compile(r"[0-9](?:[ -]?[0-9]){12,}")
_DOUBLED: Final = str.maketrans("0123456789", "0246813579")
_RESIDENT: Final = re.compile(
    r"[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[ -]?[1-8][0-9]{6}"
)
_MAX_GROUPS: Final = 5  # `4111 1111 1111 1111 119`

_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
# One random piece, or a mixture of capitals, small letters and digits.
_TOKEN: Final = re.compile(
    r"(?=\D*+\d)(?=[^A-Za-z]*+[A-Za-z])"
    r"(?:(?=[^a-z]*+[a-z])(?=[^A-Z]*+[A-Z])|(?=.*?[A-Za-z0-9]{20}))[\w.~=+/-]{20,}+"
)

_SQL: Final = re.compile(
    r"""
      (?P<name> "[^"']{0,128}+" | `[^`']{0,128}+` )
    | (?P<comment> --[^\n]*+ | /\*.*?(?:\*/|\Z) )
    | (?<!\w)[eE]'(?:[^'\\]|\\.|'')*'?
    | (?:(?<!\w)(?:[bnxBNX]|[uU]&))?'(?:[^']|'')*'?
    | \$(?P<tag>(?:[A-Za-z_]\w*+)?)\$.*?(?:\$(?P=tag)\$|\Z)
    | (?<![\w$:?@])\d[\w.]*+
    """,
    re.VERBOSE | re.DOTALL,
)
_STATEMENT: Final = re.compile(
    r"(?:\b|\\n)(?:SELECT\s|LINE \d+: |(?:INSERT|MERGE|insert)\s+(?:INTO|into)\s"
    r"|(?:DELETE|delete)\s+(?:FROM|from)\s|(?:UPDATE|update)\s+\S{1,130}\s+(?:SET|set)\s"
    r"|(?:CREATE|ALTER)\s+(?:USER|ROLE)\s|(?P<prose>select)\s)"
)
_FROM: Final = re.compile(r"\sfrom\s")
# PostgreSQL puts two blanks there.
_DETAIL: Final = re.compile(r"\b(DETAIL|CONTEXT|STATEMENT|QUERY):  [^\n]++")
# What SQLAlchemy's `echo` says of a statement's parameters.
_ECHO: Final = re.compile(
    r"(\[(?:generated in|cached since|raw sql|no key|caching disabled)[^\]]*+\] ).*", re.DOTALL
)


def cut(text: str, limit: int = LIMIT) -> str:
    """Return `text`, or as much of it as is kept, without a half secret at the cut."""
    if len(text) <= limit:
        return text
    kept = text[: limit - 1]
    end = max(kept.rfind(blank) for blank in ' \n\t"') + 1
    return kept[:end].rstrip("0123456789 -") + "…"


def is_harmless(value: object) -> bool:
    """Say whether `value` tells nothing even where a secret is expected."""
    if isinstance(value, str):
        return value in _HARMLESS
    return value is None or isinstance(value, bool)


def value_at(text: str, start: int, *, is_line: bool, only_quoted: bool) -> tuple[int, str]:
    """Return the end of the value that begins at `start`, and what to write instead of it."""
    if quoted := _QUOTED.match(text, start):
        if _says_nothing(quoted["inside"]):
            return quoted.end(), quoted[0]
        return quoted.end(), quoted["start"] + FILTERED + (quoted["end"] or "")
    if only_quoted:
        return start, ""
    if is_line and (line := _LINE.match(text, start)):
        return line.end(), FILTERED
    if opening := _OPENING.match(text, start):
        return _end_of_brackets(text, opening.end() - 1), FILTERED
    bare = _BARE.match(text, start)
    if not bare or _says_nothing(bare[0].rstrip(")]}")):
        return start, ""
    return bare.end(), FILTERED


def _says_nothing(text: str) -> bool:
    return is_harmless(text) or _PLACEHOLDER.fullmatch(text) is not None


def _end_of_brackets(text: str, start: int) -> int:
    depth = 0
    for bracket in _BRACKET.finditer(text, start):
        depth += (bracket[0] in "[({") - (bracket[0] in "])}")
        if not depth:
            rest = _AFTER_BRACKET.match(text, bracket.end())
            return rest.end() if rest else bracket.end()
    return len(text)


def is_random_token(text: str) -> bool:
    """Say whether `text` is random enough to open a door. A UUID with its hyphens is a name."""
    return len(text) >= 20 and bool(_TOKEN.fullmatch(text)) and not _UUID.fullmatch(text)


def scrub_numbers(text: str) -> str:
    """Filter card numbers and Korean resident registration numbers."""
    return _DIGITS.sub(_scrub_run, text)


def _scrub_run(match: re.Match[str]) -> str:
    run = match[0]
    groups = [group.span() for group in re.finditer(r"\d+", run)]
    kept, done = "", 0
    for first, (start, _) in enumerate(groups):
        # The longest, and again from inside it: a number before a card must not hide the card.
        for _, end in reversed(groups[first : first + _MAX_GROUPS]):
            if end > done and end - start >= 13 and _is_secret_number(run[start:end]):
                kept += run[done:start] + FILTERED if start >= done else ""
                done = end
                break
    return kept + run[done:]


def _is_secret_number(text: str) -> bool:
    number = text.replace(" ", "").replace("-", "")
    if not 13 <= len(number) <= 19:
        return False
    # No card begins with 0 or 1; times in milliseconds and nanoseconds do.
    if number[0] > "1":
        weighed = number[-1::-2] + number[-2::-2].translate(_DOUBLED)
        if sum(map(int, weighed)) % 10 == 0:
            return True
    return _RESIDENT.fullmatch(text) is not None


def scrub_sql(statement: str) -> str:
    """Filter literals and comments; names and placeholders stay."""
    return _SQL.sub(_scrub_sql_token, statement)


def _scrub_sql_token(token: re.Match[str]) -> str:
    if token["name"]:
        return token[0]
    if not token["comment"]:
        return FILTERED
    return f"--{FILTERED}" if token[0].startswith("--") else f"/*{FILTERED}*/"


def scrub_database_error(text: str) -> str:
    """Filter the statements and rows that a database, or SQLAlchemy, writes into messages."""
    if ":  " in text:
        text = _DETAIL.sub(rf"\1:  {FILTERED}", text)
    if text.startswith("["):
        text = _ECHO.sub(rf"\1{FILTERED}", text)
    found = _STATEMENT.search(text)
    if not found or (found["prose"] and not _FROM.search(text, found.end())):
        return text
    statement, link, after = text[found.start() :].partition("\n(Background on this error")
    statement, parameters, _ = statement.partition("[parameters: ")
    if parameters:
        parameters += f"{FILTERED}]"
    return text[: found.start()] + scrub_sql(statement) + parameters + link + after
