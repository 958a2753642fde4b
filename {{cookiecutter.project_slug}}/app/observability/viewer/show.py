"""A Sentry event in lines for people: what arrived, as it arrived, and nothing that didn't."""

import json
from collections.abc import Iterator
from typing import Any, Final

from .screen import clip, style

Json = dict[str, Any]
Pairs = list[tuple[str, Any]]

FILTERED: Final = "[Filtered]"
# Contexts that an SDK adds by itself; all others are the service's own.
STANDARD_CONTEXTS: Final = {
    *("app", "browser", "cloud_resource", "culture", "device", "flags", "gpu", "os", "otel"),
    *("profile", "replay", "response", "runtime", "trace"),
}
LINES_AROUND: Final = 3  # of source, before and after the line that failed
MOST_ROWS: Final = 8  # of one block, so that an event fits a screen
MOST_FRAMES: Final = 4

_LABEL_WIDTH: Final = 11


def shown(event: Json) -> Iterator[str]:
    """Yield the lines of an error event that one looks at first; missing parts are left out."""
    yield from _headline(event)
    yield from _frames(event)
    yield from _block("request", _request(event))
    yield from _block("tags", _pairs(event.get("tags")))
    yield from _block("user", _pairs(event.get("user")))
    yield from _contexts(event)
    yield from _block("trace", _trace(event))
    yield from _block("scrubbed", _scrubbed(event))


def own_frames(event: Json) -> list[Json]:
    """Return the frames of the service's own code, the one that failed last."""
    return [frame for frame in _all_frames(event) if frame.get("in_app")]


def scrubbed_paths(value: Any, path: str = "") -> Iterator[str]:
    """Yield where something was scrubbed before it was sent, such as `request.data.password`."""
    if isinstance(value, dict):
        for key, child in value.items():
            yield from scrubbed_paths(child, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for child in value:
            yield from scrubbed_paths(child, path)
    elif FILTERED in str(value):
        yield path


def _headline(event: Json) -> Iterator[str]:
    for number, error in enumerate(reversed(_values(event.get("exception")))):
        title = f"{error.get('type')}: {error.get('value')}"
        yield style("red", clip(title)) if number == 0 else clip(f"from {title}")
    message = event.get("logentry") or event.get("message")
    if isinstance(message, dict):
        message = message.get("formatted") or message.get("message")
    if message:
        yield style("red", clip(message))
    priority = dict(_pairs(event.get("tags"))).get("priority")
    facts = {"priority": priority} | {k: event.get(k) for k in ("level", "environment", "release")}
    yield clip(" · ".join(f"{name} {value}" for name, value in facts.items() if value))


def _frames(event: Json) -> Iterator[str]:
    frames = own_frames(event)[-MOST_FRAMES:]
    for frame in frames:
        yield ""
        place = f"{frame.get('filename')}:{frame.get('lineno')} in {frame.get('function')}"
        yield style("bold", clip(place))
        if frame is frames[-1]:
            yield from _source(frame)
            yield ""
            yield from _block("variables", _pairs(frame.get("vars")))


def _source(frame: Json) -> Iterator[str]:
    failed = frame.get("lineno") or 0
    before = (frame.get("pre_context") or [])[-LINES_AROUND:]
    after = (frame.get("post_context") or [])[:LINES_AROUND]
    lines = [*before, frame.get("context_line"), *after]
    for number, text in enumerate(lines, start=failed - len(before)):
        if number == failed and text is not None:
            yield style("red", clip(f"→ {number:4} │ {text}"))
        elif text is not None:
            yield style("dim", clip(f"  {number:4} │ {text}"))


def _request(event: Json) -> Pairs:
    request = event.get("request") or {}
    body = request.get("data")
    rows = [(request.get("method"), request.get("url")), ("query", request.get("query_string"))]
    rows += _pairs(body) if isinstance(body, dict) else [("body", body)]
    return [(name or "", value) for name, value in rows if value not in (None, "")]


def _contexts(event: Json) -> Iterator[str]:
    for name, context in _pairs(event.get("contexts")):
        if name not in STANDARD_CONTEXTS:
            yield from _block(name, _pairs(context))


def _trace(event: Json) -> Pairs:
    trace = (event.get("contexts") or {}).get("trace") or {}
    rows = {"transaction": event.get("transaction"), "trace_id": trace.get("trace_id")}
    return _pairs(rows)


def _scrubbed(event: Json) -> Pairs:
    places = sorted({".".join(path.split(".")[-2:]) for path in scrubbed_paths(event)})
    # Most headers are never sent, whatever is in them: a list of them would hide the others.
    places = [place for place in places if not place.startswith("headers.")]
    return [("", f"before it was sent: {', '.join(places)}")] if places else []


def _block(label: str, rows: Pairs) -> Iterator[str]:
    names = [clip(name)[:20] for name, _ in rows[:MOST_ROWS]]
    width = max(map(len, names), default=0)
    label = f"{clip(label)[:20]:{_LABEL_WIDTH}} "
    for name, (_, value) in zip(names, rows, strict=False):
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        text = clip(text, used=len(label) + width + 2)
        text = text.replace(FILTERED, style("scrubbed", FILTERED))
        yield style("cyan", label) + f"{name:{width}}  ".lstrip() + text
        label = " " * len(label)
    if len(rows) > MOST_ROWS:
        yield label + style("dim", f"… and {len(rows) - MOST_ROWS} more")


def _pairs(value: Any) -> Pairs:
    """Sentry takes an object and a list of pairs for the same thing; anything else is no pairs."""
    pairs = value.items() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [
        (str(pair[0]), pair[1])
        for pair in pairs
        if isinstance(pair, list | tuple) and len(pair) == 2 and pair[1] is not None
    ]


def _values(interface: Any) -> list[Json]:
    """Sentry takes a list and `{"values": [...]}` for the same thing."""
    values = interface.get("values") if isinstance(interface, dict) else interface
    return [value for value in values or [] if isinstance(value, dict)]


def _all_frames(event: Json) -> list[Json]:
    holders = _values(event.get("exception")) or _values(event.get("threads"))
    stacks = [holder.get("stacktrace") or {} for holder in holders]
    return [frame for stack in stacks for frame in stack.get("frames") or []]
