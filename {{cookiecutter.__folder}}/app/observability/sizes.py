"""What is too large for a server is made smaller: what a developer misses least goes first.

Relay takes events, transactions and batches of up to 1 MiB and answers 413 to more; an event of
200 KB already holds more than anybody reads.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any, Final

MAX_EVENT: Final = 200_000  # bytes
MAX_ITEM: Final = 1_000_000  # bytes
_NEAR: Final = 8  # frames next to the error
_MAX_FRAMES: Final = 50
_MAX_ERRORS: Final = 10  # of a chain or group
_MAX_TEXT: Final = 2_000  # characters, where it gets tight
_NEEDED: Final = frozenset(
    {
        *("event_id", "timestamp", "start_timestamp", "platform", "level", "type", "transaction"),
        *("exception", "logentry", "message", "contexts", "tags", "environment", "release", "sdk"),
    }
)

Serialize = Callable[[Any], bytes]
# What it is, and where: a container and the key or index to delete.
_Part = tuple[str, Any, Any]


def bounded(kind: str, payload: Any, data: bytes, serialize: Serialize) -> tuple[Any, bytes] | None:
    """Return `payload` and its JSON, `data`, small enough; it is changed in place.

    None: it can't be made small enough.
    """
    limit = MAX_EVENT if kind == "event" else MAX_ITEM
    if len(data) <= limit:
        return payload, data
    payload = json.loads(data)  # valid by now, and nobody else's
    if kind in ("event", "transaction"):
        data = _shrink_event(payload, len(data), limit, serialize)
    elif isinstance(payload, dict) and isinstance(payload.get("items"), list):
        data = _shrink_batch(payload, limit, serialize)
    elif kind in ("profile", "profile_chunk"):
        while len(data) > limit and _thin_out(payload):
            data = serialize(payload)
    return (payload, data) if len(data) <= limit else None


def _shrink_event(event: dict[str, Any], size: int, limit: int, serialize: Serialize) -> bytes:
    left_out: defaultdict[str, int] = defaultdict(int)
    excess = size - limit + 1_000  # room for the remark
    for what, container, key in _dispensable(event, serialize):
        if excess <= 0:
            break
        excess -= len(serialize(container[key]))
        del container[key]
        left_out[what] += 1
    if excess > 0:
        _cut_texts(event, _MAX_TEXT)
        left_out["the rest of long texts"] += 1
    remark = {"size": size, "left_out": [f"{n} x {what}" for what, n in left_out.items()]}
    contexts = event.get("contexts")
    event["contexts"] = (contexts if isinstance(contexts, dict) else {}) | {"truncated": remark}
    data = serialize(event)
    if len(data) > limit:  # all is long: tags, names, the exceptions' types
        for key in [key for key in event if key not in _NEEDED - {"contexts", "tags"}]:
            del event[key]
        _cut_texts(event, 200)
        data = serialize(event)
    return data


def _dispensable(event: dict[str, Any], serialize: Serialize) -> Iterator[_Part]:
    """Yield the parts of an event that may be left out, the least useful first."""
    errors = _values(event, "exception")
    stacks = [_values(error, "stacktrace", "frames") for error in [event, *errors]]
    stacks += [_values(thread, "stacktrace", "frames") for thread in _values(event, "threads")]
    frames = [(distance, f) for s in stacks for distance, f in enumerate(reversed(s))]
    frames.sort(key=lambda frame: frame[0], reverse=True)
    far = [frame for distance, frame in frames if distance >= _NEAR]
    near = [frame for distance, frame in frames if distance < _NEAR]
    yield from _fields(far, "vars", "variables of far frames")
    for field in ("pre_context", "post_context", "context_line"):
        yield from _fields(far, field, "source of far frames")
    crumbs = _values(event, "breadcrumbs")
    for _ in range(len(crumbs)):
        yield "oldest breadcrumbs", crumbs, 0
    for part in ("extra", "contexts"):
        yield from _largest(event.get(part), part, serialize)
    for field in ("data", "env", "headers", "cookies", "query_string"):
        yield from _fields([event.get("request")], field, f"request's {field}")
    for stack in stacks:
        while len(stack) > _MAX_FRAMES:
            yield "frames in the middle", stack, len(stack) // 2
    while len(errors) > _MAX_ERRORS:
        yield "causes in the middle", errors, len(errors) // 2
    spans = _values(event, "spans", "")
    for _ in range(len(spans)):
        yield "last spans", spans, -1
    yield from _fields(near, "vars", "variables")
    yield from _largest(event.get("tags"), "tags", serialize)
    yield from _largest(event, "fields", serialize)


def _fields(holders: list[Any], field: str, what: str) -> Iterator[_Part]:
    for holder in holders:
        if isinstance(holder, dict) and field in holder:
            yield what, holder, field


def _largest(container: Any, what: str, serialize: Serialize) -> Iterator[_Part]:
    if isinstance(container, dict):
        sizes = {key: len(serialize(value)) for key, value in container.items()}
        for key in sorted(sizes, key=sizes.__getitem__, reverse=True):
            if key not in _NEEDED and key != "trace":
                yield f"{what}: {key[:50]}", container, key


def _values(holder: Any, field: str, inner: str = "values") -> list[Any]:
    """Return the list in `holder[field][inner]`, or in `holder[field]`; an empty one if none."""
    found = holder.get(field) if isinstance(holder, dict) else None
    found = found.get(inner) if isinstance(found, dict) else found
    return found if isinstance(found, list) else []


def _cut_texts(value: Any, limit: int) -> None:
    """Cut the texts in a container, and its lists to as many values."""
    if isinstance(value, list):
        del value[limit:]
    for key, child in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(child, str):
            value[key] = child if len(child) <= limit else child[: limit - 1] + "…"
        elif isinstance(child, dict | list):
            _cut_texts(child, limit)


def _shrink_batch(batch: dict[str, Any], limit: int, serialize: Serialize) -> bytes:
    """Cut the long texts of logs or metrics, then leave the largest items out."""
    _cut_texts(batch, _MAX_TEXT)
    items = batch["items"]
    excess = len(data := serialize(batch)) - limit
    for item in sorted(items, key=lambda item: len(serialize(item)), reverse=True):
        if excess <= 0:
            break
        excess -= len(serialize(item)) + 1
        items.remove(item)
    return data if len(data) <= limit else serialize(batch)


def _thin_out(chunk: Any) -> bool:
    """Leave out every second moment of a profile; return False if there is nothing to leave out."""
    profile = chunk.get("profile") if isinstance(chunk, dict) else None
    samples = _values(profile, "samples", "")
    moments = {_moment(sample): None for sample in samples}  # in their order
    kept = set(list(moments)[::2])
    if len(kept) == len(moments):
        return False
    samples[:] = [sample for sample in samples if _moment(sample) in kept]
    return True


def _moment(sample: Any) -> Any:
    return sample.get("timestamp", sample.get("elapsed_since_start_ns"))
