"""Secrets in data: dicts, lists and strings as JSON has them, walked by the names in them."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from ..plain import MAX_TEXT, short_repr
from .forms import password_in
from .names import Names, Verdict
from .secrets import Secrets
from .shapes import scrub_numbers
from .text import Texts
from .values import FILTERED


def _spelled(names: str) -> frozenset[str]:
    return frozenset(f"{names} {names.title()}".split())


_MAX_DEPTH: Final = 32
_MAX_NODES: Final = 20_000  # of one event: shared parts are walked each time they are met
_MAX_JSON: Final = 64 * 1024
_UNREAD: Final = object()

_URLS: Final = ("url", "http.url", "url.full", "url.path", "http.target", "path", "referer")
_QUERIES: Final = ("query_string", "http.query", "url.query", "http.fragment", "url.fragment")
_STATEMENTS: Final = ("db.statement", "db.query.text")
# `{"name": "password", "value": …}`, JSON Patch, and pydantic's `{"loc": ["body", "password"], …}`
_NAMES: Final = _spelled("name key k field header loc type path id parameter label column")
_NAMED: Final = _spelled("value values val v new old input ctx content data default text")

_FORM: Final = re.compile(r"[^\s\"'?=&:/(]{1,256}=[^\s\"'?]*+")
_OPTION: Final = re.compile(r"[bru]{0,2}[\"']?--?[\w-]{1,64}[\"']?")


class Walk:
    """One walk over an event; the secrets it finds are remembered in `secrets`."""

    def __init__(self, names: Names, texts: Texts, secrets: Secrets) -> None:
        self._names = names
        self._texts = texts
        self._secrets = secrets
        self._left = _MAX_NODES
        self._by_key: Mapping[str, Callable[[str], str]] = {
            **dict.fromkeys(_URLS, texts.url),
            **dict.fromkeys(_QUERIES, texts.query),
            **dict.fromkeys(_STATEMENTS, texts.sql),
        }

    def value(self, value: Any, key: str = "", depth: int = 0) -> Any:
        """Filter data that is called `key`: by names, and its text by shape."""
        self._left -= 1
        if self._left < 0 or depth >= _MAX_DEPTH:
            return FILTERED
        if key and self.hides(key, value):
            return FILTERED
        if isinstance(value, str):
            return self._string(value, key, depth)
        if value is None or isinstance(value, bool | float):
            return value
        if isinstance(value, int):
            is_long = 10**12 <= value < 10**19
            return FILTERED if is_long and scrub_numbers(str(value)) == FILTERED else value
        if isinstance(value, dict):
            return self._mapping(value, depth + 1)
        if isinstance(value, list | tuple):
            return self._sequence(value, depth + 1)
        return self._texts.text(short_repr(value))  # of an attachment's bytes, for example

    def hides(self, name: str, value: Any) -> bool:
        """Say whether `value` is secret under `name`, and remember it then."""
        is_hidden = self._names.of(name).hides(value)
        if is_hidden:
            self._secrets.add(value)
        return is_hidden

    def _string(self, text: str, key: str, depth: int) -> str:
        if scrub := self._by_key.get(key.lower()):
            return scrub(text)
        if text[:64].lstrip()[:1] in ("{", "["):
            data = _read_json(text)
            if data is not _UNREAD:
                scrubbed = self.value(data, "", depth + 1)
                return text if scrubbed == data else json.dumps(scrubbed, ensure_ascii=False)
        is_form = "=" in text[:256] and len(text) <= MAX_TEXT and _FORM.fullmatch(text)
        return self._texts.query(text) if is_form else self._texts.text(text)

    def _mapping(self, mapping: dict[Any, Any], depth: int) -> dict[str, Any]:
        is_secret = not _NAMED.isdisjoint(mapping) and any(
            self._names_secret(mapping[name]) for name in _NAMES & mapping.keys()
        )
        scrubbed: dict[str, Any] = {}
        for key, value in mapping.items():
            if self._left < 0:
                break
            name = str(key)
            if is_secret and name in _NAMED:
                scrubbed[name] = self._filtered(value)
            else:
                value = self.value(value, name, depth)
                name = self._texts.text(name)
                # Two secrets that were keys are two entries still.
                scrubbed[f"{name} {len(scrubbed) + 1}" if name in scrubbed else name] = value
        return scrubbed

    def _filtered(self, value: Any) -> Any:
        if not Verdict.SECRET.hides(value):
            return value
        self._secrets.add(value)
        return FILTERED

    def _names_secret(self, name: Any) -> bool:
        names = name if isinstance(name, list | tuple) else [name]
        last = [part.rpartition("/")[2] for part in names[-8:] if isinstance(part, str)]
        return any(map(self._names.is_secret, last))

    def _sequence(self, items: list[Any] | tuple[Any, ...], depth: int) -> list[Any]:
        scrubbed: list[Any] = []
        option = ""
        for item in items:
            if self._left < 0:
                break
            if option and self.hides(option, item):
                scrubbed.append(FILTERED)
            elif (start := password_in(option, item, items[0])) is not None:
                self._secrets.add(item[start:].strip("\"'"))
                scrubbed.append(item[:start] + FILTERED)
            elif _is_pair(item) and self.hides(item[0], item[1]):
                scrubbed.append([self._texts.text(item[0]), FILTERED])
            else:
                scrubbed.append(self.value(item, "", depth))
            # An argument of a command line: `--password`, and what comes after it.
            is_option = isinstance(item, str) and len(item) < 80 and _OPTION.fullmatch(item)
            option = item if is_option else ""
        return scrubbed


def _is_pair(item: Any) -> bool:
    return isinstance(item, list | tuple) and len(item) == 2 and isinstance(item[0], str)


def _read_json(text: str) -> Any:
    if len(text) > _MAX_JSON:
        return _UNREAD
    try:
        return json.loads(text, object_pairs_hook=_once_each)
    except (ValueError, RecursionError):
        return _UNREAD


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a name stands twice: what the first one holds would go unseen")
    return fields
