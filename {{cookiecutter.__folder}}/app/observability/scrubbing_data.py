"""Secrets in data: dicts, lists and strings as JSON has them, walked by the names in them."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from .scrubbing_shapes import FILTERED, cut, is_harmless, scrub_numbers
from .scrubbing_text import TextScrubber

_MAX_DEPTH: Final = 32
_MAX_JSON: Final = 64 * 1024
_UNREAD: Final = object()

_URLS: Final = ("url", "http.url", "url.full", "url.path", "http.target", "path", "referer")
_QUERIES: Final = ("query_string", "http.query", "url.query", "http.fragment", "url.fragment")
_STATEMENTS: Final = ("db.statement", "db.query.text")
# `{"name": "password", "value": …}`, and pydantic's `{"loc": ["body", "password"], "input": …}`
_NAMES: Final = frozenset({"name", "key", "field", "header", "loc"})
_NAMED: Final = frozenset({"value", "values", "input", "ctx", "content", "data", "default"})

_FORM: Final = re.compile(r"[^\s\"'?=&:/(]++=[^\s\"'?]*+")
_OPTION: Final = re.compile(r"[bru]{0,2}[\"']?--?[\w-]{1,64}+[\"']?")


class DataScrubber(TextScrubber):
    """Filters secrets out of data that is JSON, or nearly."""

    def __init__(self, extra_keys: Iterable[str] = ()) -> None:
        """Look for `extra_keys` in names as well."""
        super().__init__(extra_keys)
        self._by_key: Mapping[str, Callable[[str], str]] = {
            **dict.fromkeys(_URLS, self.url),
            **dict.fromkeys(_QUERIES, self.query),
            **dict.fromkeys(_STATEMENTS, self.sql),
        }

    def value(self, value: Any, key: str | None = None) -> Any:
        """Filter data that is called `key`: by names, and its text by shape."""
        return self._value(value, key or "", 0)

    def _value(self, value: Any, key: str, depth: int) -> Any:
        if key and self.is_sensitive(key):
            return value if is_harmless(value) else FILTERED
        if isinstance(value, str):
            return self._string(value, key, depth)
        if value is None or isinstance(value, bool | float):
            return value
        if isinstance(value, int):
            is_number = 10**12 <= value < 10**19 and scrub_numbers(str(value)) != str(value)
            return FILTERED if is_number else value
        if depth >= _MAX_DEPTH:
            return FILTERED
        if isinstance(value, dict):
            return self._mapping(value, depth + 1)
        if isinstance(value, list | tuple):
            return self._sequence(value, depth + 1)
        return self._object(value)

    def _object(self, value: Any) -> str:
        try:
            return self.text(repr(value))
        except Exception:
            return FILTERED

    def _string(self, text: str, key: str, depth: int) -> str:
        if scrub := self._by_key.get(key.lower()):
            return scrub(text)
        if depth < _MAX_DEPTH and text.lstrip().startswith(("{", "[")):
            data = _read_json(text)
            if data is not _UNREAD:
                scrubbed = self._value(data, "", depth + 1)
                return text if scrubbed == data else json.dumps(scrubbed, ensure_ascii=False)
        text = cut(text)
        is_form = "=" in text and _FORM.fullmatch(text)
        return self.query(text) if is_form else self.text(text)

    def _mapping(self, mapping: dict[Any, Any], depth: int) -> dict[str, Any]:
        is_secret = not _NAMES.isdisjoint(mapping) and any(
            self._names_secret_value(mapping[name]) for name in _NAMES & mapping.keys()
        )
        scrubbed: dict[str, Any] = {}
        for key, value in mapping.items():
            name = str(key)
            if is_secret and name in _NAMED:
                value = value if is_harmless(value) else FILTERED
            else:
                value = self._value(value, name, depth)
            name = self.name(name)
            # Two secrets that were keys are two entries still.
            scrubbed[f"{name} {len(scrubbed) + 1}" if name in scrubbed else name] = value
        return scrubbed

    def _names_secret_value(self, name: Any) -> bool:
        names = name if isinstance(name, list | tuple) else [name]
        return any(isinstance(part, str) and self.is_sensitive(part) for part in names)

    def _sequence(self, items: list[Any] | tuple[Any, ...], depth: int) -> list[Any]:
        scrubbed: list[Any] = []
        option = ""
        for item in items:
            if option and self.is_sensitive(option):
                scrubbed.append(item if is_harmless(item) else FILTERED)
            elif _is_pair(item) and self.is_sensitive(item[0]):
                scrubbed.append([self.name(item[0]), item[1] if is_harmless(item[1]) else FILTERED])
            else:
                scrubbed.append(self._value(item, "", depth))
            # An argument of a command line: `--password`, and what comes after it.
            option = item if isinstance(item, str) and _OPTION.fullmatch(item) else ""
        return scrubbed


def _is_pair(item: Any) -> bool:
    return isinstance(item, list | tuple) and len(item) == 2 and isinstance(item[0], str)


def is_json(text: str) -> bool:
    """Say whether `text` can be read as JSON."""
    return _read_json(text) is not _UNREAD


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
