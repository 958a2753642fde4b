"""Secrets in text: by shape, by the names before them, in URLs, in SQL."""

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import repeat
from typing import Final
from urllib.parse import unquote_plus

from .scrubbing_shapes import (
    EMAIL,
    FILTERED,
    LEADS,
    PRIVATE_KEY,
    SENSITIVE_KEYS,
    SENSITIVE_PATTERNS,
    SENSITIVE_WORDS,
    SHAPES,
    cut,
    is_harmless,
    is_random_token,
    scrub_database_error,
    scrub_numbers,
    scrub_sql,
    value_at,
)

_SEPARATORS: Final = re.compile(r"[\W_]+")
_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

_SHAPE: Final = f"(?P<shape>{'|'.join(SHAPES.values())})"
_LEAD: Final = f"(?P<lead>{'|'.join(LEADS.values())})"
_OPTION: Final = r"(?<![\w-])--(?P<option>\w[\w-]*+)\s++"
# `name: str = …`, `name => …`, `name: …`, `name = …`, and the pair `("name", …`.
_PAIR: Final = (
    r"(?:(?<=\\[nrt])|(?<!\w))(?P<name>\w++(?:[.-]\w++){0,4})[\])\\\"'`]*+"
    r"(?:\s{0,8}(?::\s?(?:str|bytes|SecretStr)(?:\s?\|\s?None)?\s?=|=>|:(?!//)=?|==?)\s{0,8}"
    r"|(?<=[\"']),\s?(?=[bru]{0,2}[\"']))"
)
_IN_PAIR: Final = re.compile(r"[\[(][bru]{0,2}[\"']\Z")
_LINES: Final = ("authorization", "cookie", "cookies", "passphrase")  # names of values with blanks

_URL: Final = re.compile(r"(?:://|(?<![\w/:.~<-])/)(?:(?!://|'(?:[\s,:)\]}]|\Z))[^\s\"<>\\])*")
_URL_PARTS: Final = re.compile(r"([^/?#]*+)([^?#]*+)(\??)([^#]*+)(#?)(.*)", re.DOTALL)
# Up to the last `@`: an unescaped password may hold one, or a slash. `host:80/@x` has no password.
_USER: Final = re.compile(
    r"[^/?#:]*+:[^/?#]*@[^?]*@|[^/?#]*@|[^/?#@:\[]*+:(?!\d*+(?:[/?#]|\Z)).*@", re.DOTALL
)
# How JSON writes the letters of `비밀번호`.
_ESCAPE: Final = re.compile(r"(?<!\\)\\++u([0-9a-fA-F]{4})")
_DIGIT: Final = re.compile(r"\d")
_VERSION: Final = re.compile(r"v\d+")
_NESTED_URLS: Final = 3
_SHORT: Final = 13  # digits have the shortest number, letters and digits the shortest key
_CACHED: Final = 256  # characters; what comes with every event is short


def _finder(*branches: str) -> re.Pattern[str]:
    # Inside a `repr`, the `n` of an escaped line break touches the word after it.
    return re.compile(rf"(?:\\[nrt]|(?<![A-Za-z0-9]))(?:{'|'.join(branches)})")


_FIND: Final = _finder(_SHAPE, _LEAD, _OPTION)
_FIND_WITH_PAIRS: Final = _finder(_SHAPE, _LEAD, _OPTION, _PAIR)


class TextScrubber:
    """Filters secrets out of text. Its methods never raise: text that they fail on is filtered."""

    def __init__(self, extra_keys: Iterable[str] = ()) -> None:
        """Look for `extra_keys` in names as well: by part and in any case, as the built-in ones."""
        keys = {_plain(key) for key in (*SENSITIVE_KEYS, *extra_keys)} - {""}
        self._keys = re.compile("|".join((*SENSITIVE_PATTERNS, *map(re.escape, sorted(keys)))))
        self._endings = {key[start:] for key in keys for start in range(1, len(key) - 1)}
        self._own: list[Callable[[str], str]] = []
        # The same names, and the same lines of the same source, come with every event.
        self._knows = lru_cache(4096)(self._judge)
        self._line = lru_cache(4096)(self._scrub_line)
        self._name = lru_cache(4096)(self.text)

    def add(self, scrub: Callable[[str], str]) -> None:
        """Run `scrub` over every text after the rules here; if it raises, that text is filtered."""
        self._own.append(scrub)
        self._line.cache_clear()
        self._name.cache_clear()

    def is_sensitive(self, name: str, before: str = "") -> bool:
        """Say whether what is called `name` is secret, be it only with the word `before` it."""
        name = name[:_CACHED]
        if self._knows(name):
            return True
        # `api key`, but not `session expired`
        return bool(before) and not self._knows(before) and self._knows(f"{before} {name}")

    def text(self, text: str) -> str:
        """Filter secrets by shape, and by the names that stand before them."""
        return self._safely(self._scrub, text)

    def source(self, line: str) -> str:
        """Filter a line of source like text; what a name is given stays unless it is quoted."""
        return self._line(line) if len(line) <= _CACHED else self._scrub_line(line)

    def name(self, name: str) -> str:
        """Filter what is secret in a name itself, like text."""
        return self._name(name) if len(name) <= _CACHED else self.text(name)

    def url(self, url: str) -> str:
        """Filter user and password, tokens in the path, and values in query and fragment."""
        return self._safely(lambda text: self._scrub(self._scrub_url(text)), url)

    def query(self, query: str) -> str:
        """Filter the values of a query string or form; names stay."""
        return self._safely(lambda text: self._scrub(self._scrub_query(text)), query)

    def sql(self, statement: str) -> str:
        """Filter literals and comments; names and placeholders stay."""
        return self._safely(lambda text: self._scrub(scrub_sql(text)), statement)

    def _safely(self, rules: Callable[[str], str], text: str) -> str:
        try:
            text = rules(cut(text))
            for scrub in self._own:
                text = scrub(text)
            return cut(text)
        except Exception:
            return FILTERED

    def _judge(self, name: str) -> bool:
        name = unicodedata.normalize("NFKC", name)
        if self._keys.search(_plain(name)):
            return True
        return any(word.lower() in SENSITIVE_WORDS for word in _WORDS.findall(name))

    def _scrub_line(self, line: str) -> str:
        return self._safely(lambda text: self._scrub(text, is_source=True), line)

    def _scrub(self, text: str, *, is_source: bool = False, depth: int = 0) -> str:
        if len(text) < _SHORT and text.isalnum():
            return text
        if "\\u" in text:
            text = _ESCAPE.sub(_letter, text)
        if "PRIVATE KEY" in text:
            text = PRIVATE_KEY.sub(FILTERED, text)
        if not is_source:
            text = scrub_database_error(text)
        if "/" in text:
            text = _URL.sub(lambda url: self._scrub_url(url[0], depth), text)
        text = self._scrub_words(text, is_source)
        if "@" in text:
            text = EMAIL.sub(FILTERED, text)
        return scrub_numbers(text)

    def _scrub_words(self, text: str, is_source: bool) -> str:
        has_pairs = "=" in text or ":" in text or "'," in text or '",' in text
        finder = _FIND_WITH_PAIRS if has_pairs else _FIND
        kept: list[str] = []
        done = at = 0
        while found := finder.search(text, at):
            kind = str(found.lastgroup)
            start, at = found.span()
            if kind == "shape":
                start, instead = found.start(kind), FILTERED
            elif kind == "lead" or self._names_secret(text, found, kind):
                start = at
                is_line = _plain(found[kind]).endswith(_LINES)
                only_quoted = is_source and kind != "lead"
                at, instead = value_at(text, start, is_line=is_line, only_quoted=only_quoted)
            else:
                if not found[kind].isalnum():
                    at = start + 1  # a part of it may be a name, or a secret
                continue
            kept += text[done:start], instead
            done = at
        return "".join((*kept, text[done:])) if kept else text

    def _names_secret(self, text: str, found: re.Match[str], kind: str) -> bool:
        start, name = found.start(kind), found[kind]
        if "," in found[0][-2:] and not _IN_PAIR.search(text, max(0, start - 4), start):
            return False
        before = ""
        if name.lower() in self._endings and text[start - 1 : start] == " ":
            before = text[max(0, start - 33) : start - 1].rpartition(" ")[2]
        return self.is_sensitive(name, before)

    def _scrub_url(self, url: str, depth: int = 0) -> str:
        if depth >= _NESTED_URLS:
            return FILTERED
        scheme, mark, rest = url.partition("://")
        if not mark:
            scheme, rest = "", url
        host, path, *others = _parts(rest)
        if mark and (user := _USER.match(rest)):
            host, path, *others = _parts(rest[user.end() :])
            host = f"{FILTERED}@{host}"
        question, query, hash_, fragment = others
        query, fragment = self._scrub_query(query, depth), self._scrub_query(fragment, depth)
        segments = path.split("/")
        before = ["", *segments]
        path = "/".join(map(self._scrub_segment, segments, before, repeat(depth)))
        return f"{scheme}{mark}{host}{path}{question}{query}{hash_}{fragment}"

    def _scrub_segment(self, segment: str, before: str, depth: int) -> str:
        if segment.isalpha():
            return segment
        if _DIGIT.search(segment) and not _VERSION.fullmatch(segment) and self.is_sensitive(before):
            return FILTERED
        return self._scrub_encoded(segment, depth)

    def _scrub_query(self, query: str, depth: int = 0) -> str:
        return "&".join([self._scrub_pair(pair, depth) for pair in query.split("&")])

    def _scrub_pair(self, pair: str, depth: int) -> str:
        name, equals, value = pair.partition("=")
        if equals and not is_harmless(value) and self.is_sensitive(unquote_plus(name)):
            return f"{name}={FILTERED}"
        return self._scrub_encoded(name, depth) + equals + self._scrub_encoded(value, depth)

    def _scrub_encoded(self, part: str, depth: int) -> str:
        plain = unquote_plus(part) if "%" in part or "+" in part else part
        if is_random_token(plain.strip(".,;:!?()[]{}'")):
            return FILTERED
        # As it stands, it is seen by the rules for the text around it.
        if plain == part or self._scrub(plain, depth=depth + 1) == plain:
            return part
        return FILTERED


def _plain(name: str) -> str:
    return _SEPARATORS.sub("", name).lower()


def _parts(url: str) -> tuple[str, ...]:
    match = _URL_PARTS.fullmatch(url)
    return tuple(match.groups()) if match else (url, "", "", "", "", "")


def _letter(escape: re.Match[str]) -> str:
    letter = chr(int(escape[1], 16))
    return letter if letter.isalpha() else escape[0]
