"""What one place of an event calls secret is secret in all of it."""

import base64
import html
import json
import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote, quote_plus

from .values import FILTERED, says_nothing

_MOST: Final = 1000  # values
_MOST_SPELLED: Final = 200  # of them, in whatever spelling; the others as they stand
_SHORTEST, _LONGEST = 4, 2048  # characters of one
_FEW: Final = 32  # that are simply looked for one after the other
_MOST_BEGINNINGS: Final = 8  # of some with the same first letters, where a text was cut
_CUT: Final = "…"
_SCHEME: Final = re.compile(r"(?:bearer|basic|digest|token|negotiate)\s+", re.IGNORECASE)
_QUOTES: Final = "\"'`"
# Replacing these everywhere would tell nobody less, and make an event unreadable.
_COMMON: Final = frozenset(
    """
    about access account active admin administrator allowed anonymous basic bearer blank body
    cookie current debug default demo denied digest email empty enabled error event example
    expired failed false field filtered form group guest header hello hidden host http https
    incorrect info input invalid item kind level list local localhost login logout main member
    mentee mentor message missing mode name none null number object open optional page passwd
    password path persona post prod production public query read redacted request required role
    root secret self service session sessions some staging status str string student success
    system teacher test tester testing text this title token true type undefined unknown user
    username users value valid world write your
    """.split()  # noqa: SIM905
)
# What a secret object says of its holder, or of itself.
_DESCRIBING: Final = frozenset(
    """
    active enabled expired expires host kind level mode name path port provider realm role scheme
    scope scopes status title type user username
    """.split()  # noqa: SIM905
)
_Known = tuple[str, bool]


class Secrets:
    """The secret values of one event, and their removal from its texts."""

    def __init__(self) -> None:
        """Begin with none."""
        self._known: dict[str, bool] = {}  # and whether only the whole word is meant
        self._spelled: _Spelled | None = None

    def __bool__(self) -> bool:
        """Say whether any is known."""
        return bool(self._known)

    def add(self, value: Any) -> None:
        """Remember `value`, unless it is too short or too common to be looked for elsewhere."""
        if len(self._known) >= _MOST:
            return
        if isinstance(value, int):
            value = str(value)
        if isinstance(value, str):
            self._add_text(value)
        elif isinstance(value, dict):
            for name, part in list(value.items())[:_MOST]:
                if str(name).lower() not in _DESCRIBING:
                    self.add(part)
        elif isinstance(value, list | tuple):
            for part in value[:_MOST]:
                self.add(part)

    def _add_text(self, value: str) -> None:
        text = value.strip()
        if len(text) > 2 and text[0] in _QUOTES and text[-1] == text[0]:
            text = text[1:-1].strip()  # a variable's `repr`
        if scheme := _SCHEME.match(text):
            text = text[scheme.end() :]
            if scheme[0].lower().startswith("basic"):
                self._add_text(_password_in(text))
        if not _SHORTEST <= len(text) <= _LONGEST or says_nothing(text):
            return
        if text.lower() in _COMMON or FILTERED in text:
            return
        is_word = text.isalpha() and len(text) < 8
        is_number = text.isdigit()
        if is_number and len(text) < 5:
            return
        self._known.setdefault(text, is_word or (is_number and len(text) < 10))
        self._spelled = None

    def without(self, text: str) -> str:
        """Filter the known values out of `text`, in whatever spelling."""
        if self._spelled is None:
            self._spelled = _Spelled(self._spellings())
        for secret, is_whole in self._spelled.near(text):
            if secret in text:
                text = _replaced(text, secret) if is_whole else text.replace(secret, FILTERED)
        return self._spelled.without_half(text) if text.endswith(_CUT) else text

    def _spellings(self) -> dict[str, bool]:
        spelled: dict[str, bool] = {}
        for number, (secret, is_whole) in enumerate(self._known.items()):
            spelled[secret] = is_whole
            is_plain = secret.isalnum() and secret.isascii()
            if not is_plain and number < _MOST_SPELLED:
                for other in (
                    repr(secret)[1:-1],
                    json.dumps(secret)[1:-1],
                    json.dumps(secret, ensure_ascii=False)[1:-1],
                    quote(secret, safe="", errors="replace"),
                    quote_plus(secret, errors="replace"),
                    html.escape(secret),
                ):
                    spelled.setdefault(other, False)
        return spelled


class _Spelled:
    """The texts that are looked for. Where they are many, most texts are near to few of them."""

    def __init__(self, spelled: Mapping[str, bool]) -> None:
        self._all = _longest_first(spelled.items())
        self._sorted = sorted(spelled)
        self._firsts = {secret[:_SHORTEST] for secret in spelled}
        self._by_part: defaultdict[str, list[_Known]] = defaultdict(list)
        if len(spelled) > _FEW:
            often = Counter(part for secret in spelled for part in _parts(secret))
            for known in self._all:
                self._by_part[min(_parts(known[0]), key=often.__getitem__)].append(known)

    def near(self, text: str) -> list[_Known]:
        """Return those that may be in `text`, the longest first."""
        if not self._by_part:
            return self._all
        near = self._by_part.keys() & _parts(text)
        return _longest_first(known for part in near for known in self._by_part[part])

    def without_half(self, text: str) -> str:
        """Filter what was cut, at one of its blanks or anywhere."""
        kept = text.removesuffix(_CUT).rstrip()
        begin = max(0, len(kept) - len(self._all[0][0]))
        start = len(kept)
        for first in self._firsts & _parts(kept[begin:]) if self._by_part else self._firsts:
            at = len(kept)
            for _ in range(_MOST_BEGINNINGS):
                if (at := kept.rfind(first, begin, at + _SHORTEST - 1)) < 0:
                    break
                nearest = bisect_left(self._sorted, kept[at:])
                if any(one.startswith(kept[at:]) for one in self._sorted[nearest : nearest + 1]):
                    start = min(start, at)
        return text if start == len(kept) else kept[:start] + FILTERED + _CUT


def _longest_first(known: Iterable[_Known]) -> list[_Known]:
    return sorted(known, key=lambda one: len(one[0]), reverse=True)


def _parts(text: str) -> set[str]:
    return {text[at : at + _SHORTEST] for at in range(len(text) - _SHORTEST + 1)}


def _replaced(text: str, word: str) -> str:
    """Replace `word` where it is no part of a longer one."""
    kept: list[str] = []
    done, at = 0, text.find(word)
    while at >= 0:
        end = at + len(word)
        before, after = text[max(0, at - 2) : at], text[end : end + 1]
        starts = not before[-1:].isalnum() or before in (r"\n", r"\r", r"\t")
        if starts and not after.isalnum():
            kept += text[done:at], FILTERED
            done = end
        at = text.find(word, end)
    return "".join((*kept, text[done:]))


def _password_in(credentials: str) -> str:
    try:
        decoded = base64.b64decode(credentials).decode()
    except ValueError:
        return ""
    return decoded.partition(":")[2]
