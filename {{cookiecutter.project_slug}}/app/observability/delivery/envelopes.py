"""What an envelope looks like when it leaves: scrubbed, valid, and no larger than servers take."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from enum import IntEnum
from typing import Any, Final

from ..scrubbing import Scrubber
from ..sdk.names import Envelope, Item, PayloadRef
from .sizes import shrunk

# Nesting and number of values beyond which a payload isn't written as it is. Relay's parser
# (serde_json) refuses a document that is nested deeper than 128.
_MAX_DEPTH: Final = 64
_MAX_VALUES: Final = 500_000
_CONTAINERS: Final = (dict, list, tuple)
# In JSON: digits of which a number may have more than 64 bits, and such a number.
_DIGITS: Final = re.compile("[0-9]{19}")
_LONG_NUMBER: Final = re.compile(r"[:,\[]-?[0-9]{19}")
_SURROGATE: Final = re.compile("[\0\ud800-\udfff]")
_REPLACEMENT: Final = "\ufffd"
_ENCODER: Final = json.JSONEncoder(allow_nan=False, ensure_ascii=False, separators=(",", ":"))


class Rank(IntEnum):
    """What goes first. Nothing takes the place of what is above it."""

    ERRORS = 0
    MESSAGES = 1  # and sessions, check-ins, client reports
    LOGS = 2  # and metrics
    TRACES = 3
    PROFILES = 4


_RANKS: Final = {
    "log": Rank.LOGS,
    "trace_metric": Rank.LOGS,
    "span": Rank.TRACES,
    "profile_chunk": Rank.PROFILES,
    "attachment": Rank.PROFILES,  # it goes with what it is attached to
}


# Categories that are counted by the byte as well.
_SIZES: Final = {"log_item": "log_byte", "trace_metric": "trace_metric_byte"}


def main_item(envelope: Envelope) -> Item:
    """Return the item that the others go with. ValueError if there is none."""
    return min(envelope.items, key=_rank)


def rank(envelope: Envelope) -> Rank:
    """Return an envelope's rank. ValueError if it is empty."""
    return _rank(main_item(envelope))


def _rank(item: Item) -> Rank:
    if item.type != "event":
        return _RANKS.get(item.type or "", Rank.MESSAGES)
    event = item.get_event() or {}
    is_error = event.get("exception") or event.get("level", "error") in ("error", "fatal")
    return Rank.ERRORS if is_error else Rank.MESSAGES


def contents(envelope: Envelope, *, sizes: bool = True) -> Counter[str]:
    """Count what is lost with an envelope, by Sentry's data categories.

    As `HttpTransportCore.record_lost_event` of sentry_sdk 2.75 does, which counts what it gets.
    Without the `sizes` of logs and metrics nothing has to be written for it.
    """
    counts: Counter[str] = Counter()
    for item in envelope.items:
        category = item.data_category
        match category:
            case "internal":  # a client report is itself no loss that one would count
                pass
            case "span" | "log_item" | "trace_metric":
                number = item.headers.get("item_count")
                counts[category] += number if isinstance(number, int) and number > 0 else 1
                if sizes and category in _SIZES:
                    with suppress(Exception):  # what isn't prepared may be invalid
                        counts[_SIZES[category]] += len(item.get_bytes())
            case "attachment":
                counts[category] += len(item.get_bytes()) or 1
            case _:
                counts[category] += 1
    return counts


def prepared(envelope: Envelope, scrubber: Scrubber) -> Envelope:
    """Return what may leave of an envelope: every item scrubbed, valid for Relay, and bounded.

    A part for which that fails does not leave; the others do.
    """
    headers = dict(envelope.headers)
    if isinstance(trace := headers.pop("trace", None), Mapping):
        with suppress(Exception):
            headers["trace"] = scrubber.trace(trace)
    items = []
    for item in envelope.items:
        with suppress(Exception):
            if ready := _prepared(item, scrubber):
                items.append(ready)
    return Envelope(valid(headers)[0], items)


def _prepared(item: Item, scrubber: Scrubber) -> Item | None:
    headers: dict[str, Any] = dict(valid(dict(item.headers))[0])
    kind = str(headers.get("type"))
    if kind == "attachment":
        if name := headers.get("filename"):
            headers["filename"] = scrubber.payload(kind, {"filename": name})["filename"]
        data = scrubber.attachment(item.get_bytes(), str(headers.get("content_type")))
        return Item(data, headers)
    payload = item.payload.json
    if payload is None:  # somebody made the item of text
        payload = json.loads(item.get_bytes())
    payload = scrubber.payload(kind, payload)
    if payload is None:
        return None
    small = shrunk(kind, *valid(payload))
    if small is None:
        return None
    payload, data = small
    if "item_count" in headers and isinstance(payload.get("items"), list):
        headers["item_count"] = len(payload["items"])
    return Item(PayloadRef(bytes=data, json=payload), headers)


def valid(payload: Any) -> tuple[Any, bytes]:
    """Return `payload` and its JSON as Relay takes them, whatever is in it."""
    if _is_plain(payload):
        try:
            text = _ENCODER.encode(payload)
            # The first search is ten times as fast, and mostly the only one.
            is_long = _DIGITS.search(text) and _LONG_NUMBER.search(text)
            if not is_long and "\\u0000" not in text:
                return payload, text.encode()  # a lone surrogate raises UnicodeEncodeError
        except (ValueError, TypeError):  # NaN and Infinity; keys and values that JSON doesn't know
            pass
    payload = _mended(payload)
    return payload, _ENCODER.encode(payload).encode()


def _is_plain(payload: Any) -> bool:
    """Return whether `payload` is neither too deep nor too large to be looked at at once."""
    parents: list[Any] = [[payload]]
    number = 0
    for _ in range(_MAX_DEPTH):
        parents = [
            value
            for parent in parents
            for value in (parent.values() if isinstance(parent, dict) else parent)
            # Most values are texts, and this is the fastest way to know them.
            if not isinstance(value, str) and isinstance(value, _CONTAINERS)
        ]
        number += sum(map(len, parents))
        if not parents or number > _MAX_VALUES:
            return not parents
    return False


def _mended(value: Any) -> Any:
    """Return a copy of `value` in which all is valid: see `valid`."""
    left = _MAX_VALUES

    def mend(value: Any, depth: int) -> Any:
        nonlocal left
        left -= 1
        match value:
            case None | bool():
                return value
            case str():
                return _SURROGATE.sub(_REPLACEMENT, value)
            case int():
                return value if -(2**63) <= value < 2**64 else _digits(value)
            case float():
                return value if value - value == 0 else str(value)
            case dict() | list() | tuple() if depth > _MAX_DEPTH or left < 0:
                return None
            case dict():
                mended = {_key(key): mend(child, depth + 1) for key, child in value.items()}
                if isinstance(value.get("value"), float) and isinstance(mended["value"], str):
                    mended["type"] = "string"  # an attribute of a log or metric says its type
                return mended
            case list() | tuple():
                return [mend(child, depth + 1) for child in value]
            case _:
                return f"<{type(value).__qualname__}>"

    return mend(value, 0)


def _key(key: Any) -> str:
    if isinstance(key, int) and not isinstance(key, bool):
        return _digits(key)
    is_simple = isinstance(key, str | float | bool | None)
    return _SURROGATE.sub(_REPLACEMENT, str(key)) if is_simple else f"<{type(key).__qualname__}>"


def _digits(number: int) -> str:
    # Python writes no more than 4,300 digits, and nobody reads them.
    return (
        str(number) if number.bit_length() < 1000 else f"an integer of {number.bit_length()} bits"
    )
