"""Secrets in URLs, query strings and forms: names decide, harmless values stay."""

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import unquote_plus

from .names import Names
from .values import FILTERED, is_random_token, says_nothing

_URL: Final = re.compile(r"(?:://|(?<![\w/:.~<-])/)(?:(?!://|'(?:[\s,:)\]}]|\Z))[^\s\"<>\\])+")
_PARTS: Final = re.compile(r"([^/?#]*+)([^?#]*+)(\??)([^#]*+)(#?)(.*)", re.DOTALL)
# Up to the last `@`: an unescaped password may hold one, or a slash. `host:80/@x` has no password.
_USER: Final = re.compile(
    r"[^/?#:]*+:[^/?#]*@[^?]*@|[^/?#]*@|[^/?#@:\[]*+:(?!\d*+(?:[/?#]|\Z)).*@", re.DOTALL
)
_SUSPICIOUS: Final = re.compile(r"[?#@%=;]|\d|[^/?#\s]{20}")
_DIGIT: Final = re.compile(r"\d")
_VERSION: Final = re.compile(r"v\d+")
# What stands in a path after one of these lets in whoever knows it.
_DOORS: Final = frozenset(
    ["activate", "confirm", "invite", "join", "magic", "reset", "unsubscribe", "verify"]
)
_HEX: Final = re.compile(r"(?=\D*\d)[\w-]{16,128}")
_MOST: Final = 256  # segments, pairs, or URLs in a text
_DEEPEST: Final = 3  # a URL in a URL's query


class Urls:
    """Scrubs URLs; `scrub_text` is the rule for the text that is encoded in them."""

    def __init__(
        self,
        names: Names,
        scrub_text: Callable[[str, int], str],
        found: Callable[[str], None],
    ) -> None:
        """Tell `found` of each value that its name calls secret."""
        self._names = names
        self._scrub_text = scrub_text
        self._found = found

    def in_text(self, text: str, depth: int) -> str:
        """Scrub the URLs that stand in a text."""
        if text.count("://") > _MOST:
            return FILTERED
        return _URL.sub(lambda url: self.url(url[0], depth), text)

    def url(self, url: str, depth: int = 0) -> str:
        """Filter user and password, tokens in the path, secrets in query and fragment."""
        if not _SUSPICIOUS.search(url):
            return url
        if depth >= _DEEPEST:
            return FILTERED
        scheme, mark, rest = url.partition("://")
        if not mark:
            scheme, rest = "", url
        host, path, *others = _parts(rest)
        if mark and "@" in rest and (user := _USER.match(rest)):
            self._found_in_user(user[0][:-1])
            host, path, *others = _parts(rest[user.end() :])
            host = f"{FILTERED}@{host}"
        question, query, hash_, fragment = others
        query, fragment = self.query(query, depth), self.query(fragment, depth)
        return f"{scheme}{mark}{host}{self._path(path, depth)}{question}{query}{hash_}{fragment}"

    def query(self, query: str, depth: int = 0) -> str:
        """Filter the values of a query string or form that their names call secret."""
        if not query:
            return query
        return "&".join([self._pair(pair, depth) for pair in _split(query, "&")])

    def _found_in_user(self, user: str) -> None:
        self._found(unquote_plus(user.partition(":")[2] or user))

    def _path(self, path: str, depth: int) -> str:
        if not _SUSPICIOUS.search(path):
            return path
        segments = _split(path, "/")
        before = ["", *segments]
        return "/".join(
            [self._segment(*pair, depth) for pair in zip(segments, before, strict=False)]
        )

    def _segment(self, segment: str, before: str, depth: int) -> str:
        if len(segment) < 3:
            return segment
        if _DIGIT.search(segment) and not _VERSION.fullmatch(segment):
            if self._names.is_secret(before) and not segment.endswith(".py"):
                self._found(segment)
                return FILTERED
            if before.lower() in _DOORS and _HEX.fullmatch(segment):
                return FILTERED
        if ";" in segment:
            return ";".join([self._pair(pair, depth) for pair in _split(segment, ";")])
        return self._encoded(segment, depth)

    def _pair(self, pair: str, depth: int) -> str:
        name, equals, value = pair.partition("=")
        if value:
            plain = _plain(value)
            if self._names.of(_plain(name)).hides(plain):
                self._found(plain)
                return f"{name}={FILTERED}"
        return self._encoded(name, depth) + equals + self._encoded(value, depth)

    def _encoded(self, part: str, depth: int) -> str:
        if "%" not in part and "+" not in part:
            if len(part) >= 20 and is_random_token(part.strip(".,;:!?()[]{}'")):
                return FILTERED
            return part  # as it stands, it is seen by the rules for the text around it
        plain = unquote_plus(part)
        if says_nothing(plain):
            return part
        if is_random_token(plain.strip(".,;:!?()[]{}'")):
            return FILTERED
        if len(plain) < 8 or self._scrub_text(plain, depth + 1) == plain:
            return part
        return FILTERED


def _split(text: str, separator: str) -> list[str]:
    """Split a text; of more parts than are looked at the others are filtered."""
    parts = text.split(separator, _MOST)
    if len(parts) > _MOST:
        parts[-1] = FILTERED
    return parts


def _plain(part: str) -> str:
    # Most are plain already, and asking costs a fraction of decoding.
    return unquote_plus(part) if "%" in part or "+" in part else part


def _parts(url: str) -> tuple[str, ...]:
    match = _PARTS.fullmatch(url)
    return tuple(match.groups()) if match else (url, "", "", "", "", "")
