"""What is too large for a server is made smaller: what a developer misses least goes first.

Relay takes events and batches of up to 1 MiB and answers 413 to more; an event of
200 KB already holds more than anybody reads.
"""

import itertools
import json
from collections import defaultdict
from collections.abc import Iterator, Set
from typing import Any, Final

MAX_EVENT: Final = 200_000  # bytes
MAX_ITEM: Final = 1_000_000  # bytes
_REMARK: Final = 5_000  # bytes, to tell in the event what it lacks
_NEAR: Final = 8  # frames next to the error
_MAX_FRAMES: Final = 50
_MAX_ERRORS: Final = 10  # of a chain or group
_NEEDED: Final = frozenset(
    {
        *("event_id", "timestamp", "platform", "level", "transaction"),
        *("exception", "logentry", "message", "contexts", "tags", "environment", "release", "sdk"),
    }
)

# What it is, and where: a container and the key or index to delete.
_Part = tuple[str, Any, Any]


def shrunk(kind: str, payload: Any, data: bytes) -> tuple[Any, bytes] | None:
    """Return the payload of an item of type `kind` and its JSON, `data`, small enough.

    None: it can't be made small enough.
    """
    limit = MAX_EVENT if kind == "event" else MAX_ITEM
    if len(data) <= limit:
        return payload, data
    payload = json.loads(data)  # which nobody else has
    if kind == "event":
        data = _shrink_event(payload, len(data), limit)
    elif isinstance(payload, dict) and isinstance(payload.get("items"), list):
        data = _shrink_batch(payload, limit)
        if not payload["items"]:
            return None
    elif kind == "profile_chunk":
        while len(data) > limit and _thin_out(payload):
            data = _dumps(payload)
    return (payload, data) if len(data) <= limit else None


def _shrink_event(event: dict[str, Any], size: int, limit: int) -> bytes:
    left_out: defaultdict[str, int] = defaultdict(int)
    limit -= _REMARK
    excess = size - limit
    for what, container, key in _dispensable(event):
        if excess <= 0:
            break
        excess -= len(_dumps(container[key]))
        del container[key]
        left_out[what] += 1
    for each in (2_000, 200, 50, 8):
        if excess <= 0:
            break
        event.update({name: _cut(field, each) for name, field in event.items()})
        left_out["the rest of what is long"] = 1
        excess = len(_dumps(event)) - limit
    contexts = event.get("contexts")
    contexts = event["contexts"] = contexts if isinstance(contexts, dict) else {}
    told = [f"{number} x {what}" for what, number in left_out.items()][:20]
    contexts["truncated"] = {"size": size, "left_out": told}
    return _dumps(event)


def _dispensable(event: dict[str, Any]) -> Iterator[_Part]:
    """Yield the parts of an event that may be left out, the least useful first."""
    errors = _values(event, "exception")
    stacks = [_values(error, "stacktrace", "frames") for error in errors]
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
        yield from _largest(event.get(part), part, kept={"trace"})
    yield from _largest(event.get("request"), "request", kept={"method", "url"})
    for stack in stacks:
        while len(stack) > _MAX_FRAMES:
            yield "frames in the middle", stack, len(stack) // 2
    while len(errors) > _MAX_ERRORS:
        yield "causes in the middle", errors, len(errors) // 2
    for field in ("vars", "pre_context", "post_context"):
        yield from _fields(near, field, f"{field} of the nearest frames")
    yield from _largest(event.get("tags"), "tags")
    yield from _largest(event, "fields", kept=_NEEDED)


def _fields(holders: list[Any], field: str, what: str) -> Iterator[_Part]:
    for holder in holders:
        if isinstance(holder, dict) and field in holder:
            yield what, holder, field


def _largest(container: Any, what: str, kept: Set[str] = frozenset()) -> Iterator[_Part]:
    if isinstance(container, dict):
        sizes = {key: len(key) + len(_dumps(value)) for key, value in container.items()}
        for key in sorted(sizes.keys() - kept, key=sizes.__getitem__, reverse=True):
            yield f"{what}: {key[:50]}" if sizes[key] > 10_000 else what, container, key


def _values(holder: Any, field: str, inner: str = "values") -> list[Any]:
    """Return the list in `holder[field][inner]`, or in `holder[field]`; an empty one if none."""
    found = holder.get(field) if isinstance(holder, dict) else None
    found = found.get(inner) if isinstance(found, dict) else found
    return found if isinstance(found, list) else []


def _cut(value: Any, limit: int) -> Any:
    """Return `value` with long texts cut, and of each container `limit` values."""
    match value:
        case str():
            limit = max(limit, 64)  # an id, a time
            return value if len(value) <= limit else value[: limit - 1] + "…"
        case list():
            return [_cut(child, limit) for child in value[-limit:]]
        case dict():
            first = itertools.islice(value.items(), limit)
            return {_cut(key, limit): _cut(child, limit) for key, child in first}
        case _:
            return value


def _shrink_batch(batch: dict[str, Any], limit: int) -> bytes:
    """Cut the long texts of logs or metrics, then leave the largest items out."""
    items = batch["items"] = [_cut(item, 2_000) for item in batch["items"]]
    excess = len(data := _dumps(batch)) - limit
    for item in sorted(items, key=lambda item: len(_dumps(item)), reverse=True):
        if excess <= 0:
            break
        excess -= len(_dumps(item)) + 1
        items.remove(item)
    return data if len(data) <= limit else _dumps(batch)


def _thin_out(chunk: Any) -> bool:
    """Leave out every second moment of a profile; return False if there is nothing to leave out."""
    samples = _values(chunk, "profile", "samples")
    moments = {sample["timestamp"]: None for sample in samples}  # in their order
    kept = set(list(moments)[::2])
    if len(kept) == len(moments):
        return False
    samples[:] = [sample for sample in samples if sample["timestamp"] in kept]
    return True


def _dumps(payload: Any) -> bytes:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
