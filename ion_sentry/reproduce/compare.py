"""Is what the standard reports now the error of an event? By its chain, and where it comes from."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

Json = Mapping[str, Any]

# It fails wherever the stack ends: by the server's own depth, in any of the calls that recur.
_ANYWHERE: Final = "RecursionError"


def differences(wanted: Json, found: Json) -> list[str]:
    """Say in which ways `found` is another error than `wanted`: none if it is the same one."""
    if not wanted["exception"]:
        return _of_lines(wanted, found)
    chain, other = _told(wanted["exception"]), _told(found["exception"])
    if not other:
        return [f"{title(found)} instead of {title(wanted)}"]
    names, others = [_kind(link) for link in chain], [_kind(link) for link in other]
    if names != others:
        return [f"{' < '.join(reversed(others))} instead of {' < '.join(reversed(names))}"]
    return [line for pair in zip(chain, other, strict=True) for line in _of_links(*pair)]


def title(event: Json) -> str:
    """Return what an event is called: its error, or its message."""
    if event["exception"]:
        link = event["exception"][-1]
        said = link["value"].strip().partition("\n")[0]
        return f"{link['type'] or 'error'}: {said}"[:200] if said else link["type"]
    return str(event["logentry"]["formatted"] or event["logentry"]["message"])[:200]


def place(event: Json) -> Json | None:
    """Return the own frame that is nearest to an event's error."""
    return next((own for link in reversed(event["exception"]) if (own := own_frame(link))), None)


def own_frame(link: Json) -> Json | None:
    """Return the service's own frame that is nearest to where an exception was raised."""
    return next((frame for frame in reversed(_frames(link)) if frame["in_app"]), None)


def _told(chain: list[Json]) -> list[Json]:
    """Leave out what a library's exception is made of inside of the library."""
    return [
        link
        for place, link in enumerate(chain)
        if place == len(chain) - 1
        or link["mechanism"]["source"].startswith("exceptions")
        or own_frame(link)
    ]


def _of_lines(wanted: Json, found: Json) -> list[str]:
    """Compare what has no exception: a logged error, or a failed answer."""
    mine, other = _line(wanted), _line(found)
    return [] if mine == other and not found["exception"] else [f"{title(found)} instead"]


def _line(event: Json) -> tuple[Any, ...]:
    log = event["contexts"].get("log")
    log = log if isinstance(log, dict) else {}
    template = event["logentry"]["message"] or event["logentry"]["formatted"]
    return event["logger"], template, log.get("file"), log.get("function")


def _of_links(wanted: Json, found: Json) -> Iterator[str]:
    how, other_how = wanted["mechanism"], found["mechanism"]
    if how["source"] != other_how["source"] or how["parent_id"] != other_how["parent_id"]:
        yield f"{wanted['type']} came about in another way"
        return
    mine, other = own_frame(wanted), own_frame(found)
    if mine is None or other is None:
        mine, other = _last(wanted), _last(found)
    if wanted["type"] == _ANYWHERE and mine and other:
        own = [_call(frame) for frame in _frames(wanted) if frame["in_app"]]
        if _call(other) in own:
            return
    if (mine is None) != (other is None) or (
        mine and other and not _same_place(mine, other, found)
    ):
        yield f"{wanted['type']} in {where(other)} instead of {where(mine)}"


def _same_place(wanted: Json, found: Json, link: Json) -> bool:
    if _call(wanted) != _call(found):
        return False
    text, other = wanted["context_line"].strip(), found["context_line"].strip()
    return not text or not other or text == other


def where(frame: Json | None) -> str:
    """Return a frame as people write it."""
    if frame is None:
        return "no code of the service"
    line = f":{frame['lineno']}" if frame["lineno"] is not None else ""
    return f"{frame['filename']}{line} in {frame['function']}"


def _call(frame: Json) -> tuple[str, str]:
    return frame["filename"], frame["function"]


def _kind(link: Json) -> str:
    return str(link["type"])


def _frames(link: Json) -> list[Json]:
    frames: list[Json] = link["stacktrace"]["frames"]
    return frames


def _last(link: Json) -> Json | None:
    frames = _frames(link)
    return frames[-1] if frames else None
