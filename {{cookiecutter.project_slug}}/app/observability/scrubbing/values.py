"""What values look like: nothing at all, a number, a word, something random."""

import re
from typing import Any, Final

FILTERED: Final = "[Filtered]"

_NOTHING: Final = re.compile(
    r"\s*(?:none|true|false|null|undefined|nil|required|missing|optional|disabled|enabled"
    r"|\[[a-z]{3,10}\]|</?[a-z ]{0,24}>|<\|[a-z_]{1,24}\|>|[*•x.…]+|%(?:\([a-z_]{1,64}\))?[a-z]"
    r"|\$?\{(?:[a-z_]{0,64}|\d)\}|\?|:[a-z_]{1,64}(?:_\d{1,3})?)?\s*",
    re.IGNORECASE,
)
_NUMBER: Final = re.compile(r"[-+]?\d{1,9}(?:\.\d{1,9})?")
_DATE: Final = re.compile(r"\d{4}-?\d\d-?\d\d(?:[T ]?\d\d:?\d\d.{0,24})?")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_MIXED: Final = re.compile(
    r"(?=[A-Za-z]*+\d[A-Za-z]*+\d)(?=\d*+[A-Za-z])[A-Za-z0-9]{8,}|(?<![0-9a-fA-F-])[0-9a-fA-F]{8}-"
)
# One random piece, or a mixture of capitals, small letters and digits.
_TOKEN: Final = re.compile(
    r"(?=\D*+\d)(?=[^A-Za-z]*+[A-Za-z])"
    r"(?:(?=[^a-z]*+[a-z])(?=[^A-Z]*+[A-Z])|(?=.*?[A-Za-z0-9]{20}))[\w.~=+/-]{20,}+"
)
# A commit and a trace; what a session's token has 64 of is no name of anything.
_HASH: Final = re.compile(r"[0-9a-f]{32}|[0-9a-f]{40}|[0-9A-F]{32}|[0-9A-F]{40}")


def says_nothing(value: Any) -> bool:
    """Say whether `value` tells nothing even where a secret is expected."""
    if isinstance(value, str):
        return len(value) <= 80 and _NOTHING.fullmatch(value) is not None
    return value is None or isinstance(value, bool)


def is_number(value: Any) -> bool:
    """Say whether `value` is a number, or a text that is a short one."""
    if isinstance(value, str):
        return _NUMBER.fullmatch(value) is not None
    return isinstance(value, int | float)


def looks_random(text: str) -> bool:
    """Say whether a piece of `text` mixes letters and digits as no word, version or date does."""
    text = text[:1024]
    return not _DATE.fullmatch(text) and _MIXED.search(text) is not None


def is_random_token(text: str) -> bool:
    """Say whether `text` is random enough to open a door. UUIDs and hashes are names."""
    if len(text) < 20 or _UUID.fullmatch(text) or _HASH.fullmatch(text):
        return False
    return _TOKEN.fullmatch(text) is not None
