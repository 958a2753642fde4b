"""Secrets in text: by shape, by the names before them, in URLs, in SQL, in markup.

Time is linear in the text's length, and no more than MAX_TEXT characters of it are looked at.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from ..plain import cut
from .forms import Span, elements, leads, named, options, parts, reach
from .names import Names, Verdict
from .secrets import Secrets
from .shapes import scrub_shapes
from .sql import scrub_sql, scrub_statements
from .urls import Urls
from .values import FILTERED

_SHORTEST: Final = 4
_MOST: Final = 1000  # pairs in a text
_SHORT: Final = 256  # characters
_MOST_HARMLESS: Final = 4096
# `name: str = …`, `name => …`, `name: …`, `name = …`, both in full width, too, and the pair
# `("name", …`.
_PAIR: Final = re.compile(
    r"(?:(?<=\\[nrt])|(?<!\w))(?P<name>\w{1,128}+(?:[.-]\w{1,64}+){0,4})(?:\(\))?[\])\\\"'`]{0,16}"
    r"(?:\s{0,8}(?::\s?(?:str|bytes|SecretStr|Final)(?:\s?\|\s?None|\[str\])?\s?=|=>|[:\uff1a](?!//)=?|[=\uff1d]=?)\s{0,8}"
    r"|(?<=[\"']),\s?(?=[bru]{0,2}[\"']))"
)
_PAIR_HINTS: Final = ("=", ":", "\uff1d", "\uff1a", "',", '",')
_IN_PAIR: Final = re.compile(r"[\[(][bru]{0,2}[\"']\Z")
_SIMPLE: Final = re.compile(r"[\\\"'`]{0,4}([^\s\\\"'`&,;<>()\[\]{}]{1,256})")
_BEFORE: Final = re.compile(r"(?:[\w-]{1,24} ){1,2}\Z")
_LINES: Final = ("authorization", "cookie", "cookies", "passphrase")  # names of values with blanks
# How JSON writes the letters of `비밀번호`, and UTF-16 those of `password`.
_ESCAPE: Final = re.compile(r"(?<!\\)\\{1,8}u([0-9a-fA-F]{4})")
_NULS: Final = ("\\x00", "\x00")


class Texts:
    """Scrubs the texts of one event, and remembers what it finds in `secrets`."""

    def __init__(
        self,
        names: Names,
        secrets: Secrets,
        own: Sequence[Callable[[str], str]] = (),
        harmless: set[str] | None = None,
    ) -> None:
        """Run `own` over every text after the rules; one that they fail on is filtered.

        `harmless` remembers short texts that say nothing secret: most come with every event.
        """
        self._harmless = set() if harmless is None else harmless
        self._names = names
        self._secrets = secrets
        self._own = own
        self._urls = Urls(names, self._scrub, secrets.add)

    def text(self, text: str) -> str:
        """Filter secrets by shape, and by the names that stand before them."""
        if text in self._harmless:
            return text
        scrubbed = self._safely(self._scrub, text)
        if scrubbed == text and len(text) <= _SHORT:
            if len(self._harmless) >= _MOST_HARMLESS:
                self._harmless.clear()
            self._harmless.add(text)
        return scrubbed

    def source(self, line: str) -> str:
        """Filter a line of source like text; what a name is given stays unless it is a literal."""
        return self._safely(self._scrub_source, line)

    def url(self, url: str) -> str:
        """Filter user and password, tokens in the path, secrets in query and fragment."""
        return self._safely(lambda text: self._scrub(self._urls.url(text)), url)

    def query(self, query: str) -> str:
        """Filter the values of a query string or form that their names call secret."""
        return self._safely(lambda text: self._scrub(self._urls.query(text)), query)

    def sql(self, statement: str) -> str:
        """Replace literals; names and placeholders stay."""
        return self._safely(lambda text: self._scrub(scrub_sql(text)), statement)

    def _safely(self, rules: Callable[[str], str], text: str) -> str:
        try:
            text = cut(text).replace("\x00", "")
            if len(text) >= _SHORTEST:
                text = rules(text)
            for scrub in self._own:
                text = scrub(text)
            return cut(text)
        except Exception:
            return FILTERED

    def _scrub_source(self, line: str) -> str:
        return self._by_shape(self._by_name(line, is_source=True), 0)

    def _scrub(self, text: str, depth: int = 0) -> str:
        if len(text) < 13 and text.isalnum():
            return text
        if "\\u" in text:
            text = _ESCAPE.sub(_letter, text)
        for nul in _NULS:
            text = text.replace(nul, "")
        return self._by_shape(self._by_name(scrub_statements(text)), depth)

    def _by_shape(self, text: str, depth: int) -> str:
        if "/" in text:
            text = self._urls.in_text(text, depth)
        return scrub_shapes(text)

    def _by_name(self, text: str, *, is_source: bool = False) -> str:
        spans = list(self._pairs(text, is_source))
        if not is_source:
            spans += elements(text, self._names.is_secret)
            spans += parts(text, self._names.is_secret)
            spans += named(text, self._names.is_secret)
        spans += leads(text)
        spans += options(text, self._names.is_secret)
        kept: list[str] = []
        done = 0
        for start, end in sorted(span for span in spans if span[0] < span[1]):
            if end <= done:
                continue
            start = max(start, done)
            self._secrets.add(text[start:end])
            kept += text[done:start], FILTERED
            done = end
        return "".join((*kept, text[done:])) if kept else text

    def _pairs(self, text: str, is_source: bool) -> Iterator[Span]:
        if not any(hint in text for hint in _PAIR_HINTS):
            return
        at, left = 0, _MOST
        while (found := _PAIR.search(text, at)) and left:
            left -= 1
            at = found.end()
            verdict = self._judge(text, found)
            if verdict is Verdict.SECRET:
                is_line = "".join(filter(str.isalpha, found["name"])).lower().endswith(_LINES)
                span = reach(text, at, is_line=is_line, only_quoted=is_source)
                at = max(at, span[1])
                yield span
            elif verdict is Verdict.OPEN:
                # A part of it may be a name: `a.b.password`, or what follows an escaped break.
                escaped = text[found.start() - 1 : found.start()] == "\\"
                at = found.start() + 1 if escaped or "." in found["name"] else at
            elif (simple := _SIMPLE.match(text, at)) and verdict.hides(simple[1]):
                at = simple.end()
                yield simple.span(1)
        if found:  # nobody has looked at what is left
            yield at, len(text)

    def _judge(self, text: str, found: re.Match[str]) -> Verdict:
        start, name = found.start("name"), found["name"]
        if found[0].rstrip().endswith(",") and not _IN_PAIR.search(text, max(0, start - 4), start):
            return Verdict.OPEN
        verdict = self._names.of(name)
        if verdict is Verdict.OPEN and text[start - 1 : start] == " ":
            # `api key: …`, where neither of the words is secret by itself
            before = _BEFORE.search(text, max(0, start - 50), start)
            if before and self._names.of(before[0]) is Verdict.OPEN:
                verdict = self._names.of(before[0] + name)
        return verdict


def _letter(escape: re.Match[str]) -> str:
    letter = chr(int(escape[1], 16))
    return letter if letter.isalpha() else escape[0]
