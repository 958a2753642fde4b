"""An exception as an event tells it: its chain, its frames, source and variables of the own ones.

The SDK would collect source and variables of every frame, the framework's too, and so spend most
of an error's cost on what nobody reads. Here they are those of the service's own code, nearest to
the failure first, until there is enough of them.
"""

import linecache
from functools import lru_cache
from itertools import pairwise
from types import TracebackType
from typing import Any, Final

from ..plain import MAX_ITEMS, Plain, cut, module_of, text_of, type_name
from ..request.current import current_request
from ..service import OWN_PACKAGE, ROOT, is_own
from .chain import Link, Relation, is_raise, stack, walk

MAX_FRAMES: Final = 100  # of an exception; Sentry's Relay keeps 250 of an event
_OUTERMOST: Final = 20  # of those; the others are the nearest to the failure
_PLUMBING: Final = frozenset({"anyio", "asyncio", "contextlib", "fastapi", "starlette", "uvicorn"})
_DETAILED: Final = 20  # frames of an event that have source and variables
_VARIABLES: Final = 24 * 1024  # characters in an event
_LINES_AROUND: Final = 5
_MAX_LINE: Final = 512  # characters

Event = dict[str, Any]


def exception_of(error: BaseException, mechanism: Event, *, variables: bool) -> Event:
    """Return the `exception` of an event: `error` and what it is made of, the cause first.

    `mechanism` is how it was caught: https://develop.sentry.dev/sdk/foundations/transport/event-payloads/exception/
    """
    details = _Details(variables)
    values = [_value(number, link, mechanism, details) for number, link in enumerate(walk(error))]
    return {"values": values[::-1]}


class _Details:
    """Gives frames their source and variables, while there are some left to give."""

    def __init__(self, variables: bool) -> None:
        self._left = _DETAILED
        self._plain = Plain(_VARIABLES) if variables else None

    def add(self, frame: Event, traceback: TracebackType, *, variables: bool) -> None:
        if not self._left:
            return
        self._left -= 1
        code, lineno = traceback.tb_frame.f_code, traceback.tb_lineno
        lines = linecache.getlines(code.co_filename, traceback.tb_frame.f_globals)
        if 0 < lineno <= len(lines):
            before = lines[max(0, lineno - 1 - _LINES_AROUND) : lineno - 1]
            frame["pre_context"] = [cut(line.rstrip(), _MAX_LINE) for line in before]
            frame["context_line"] = cut(lines[lineno - 1].rstrip(), _MAX_LINE)
            after = lines[lineno : lineno + _LINES_AROUND]
            frame["post_context"] = [cut(line.rstrip(), _MAX_LINE) for line in after]
        if self._plain and variables:
            frame["vars"] = self._plain.variables(list(traceback.tb_frame.f_locals.items()))


def _value(number: int, link: Link, mechanism: Event, details: _Details) -> Event:
    error = link.error
    how: Event = {"exception_id": number, **mechanism}
    if link.relation is not Relation.ITSELF:
        how |= {"type": "chained", "parent_id": link.parent, "source": link.source}
    if isinstance(error, BaseExceptionGroup):
        how["is_exception_group"] = True
    value: Event = {
        "type": type_name(type(error)),
        "module": module_of(type(error)) or None,
        "value": _said(error),
        "mechanism": how,
    }
    if frames := _frames(error.__traceback__, details):
        value["stacktrace"] = {"frames": frames}
    return value


def _said(error: BaseException) -> str:
    """Return what an exception says, and what was added to it by `add_note`."""
    notes = error.__dict__.get("__notes__")
    said = [error, *notes[:MAX_ITEMS]] if isinstance(notes, list) else [error]
    return cut("\n".join(map(text_of, said)))


def _frames(traceback: TracebackType | None, details: _Details) -> list[Event]:
    calls = list(stack(traceback))
    variables = not _has_foreign_frames(calls)
    # How a request comes to the code that fails is the same in every event: plumbing.
    own = [place for place, found in enumerate(calls) if is_own(found.tb_frame.f_code.co_filename)]
    own = own or [place for place, found in enumerate(calls) if not _is_plumbing(found)]
    if own:
        above = [found for found in calls[: own[-1]] if not _is_plumbing(found)]
        calls = [*above, *calls[own[-1] :]]
    if len(calls) > MAX_FRAMES:
        calls = [*calls[:_OUTERMOST], *calls[_OUTERMOST - MAX_FRAMES :]]
    frames = []
    for found in reversed(calls):
        frame = _frame(found)
        if frame["in_app"]:
            details.add(frame, found, variables=variables)
        frames.append(frame)
    return frames[::-1]


def _has_foreign_frames(calls: list[TracebackType]) -> bool:
    """Tell whether `raise` took up an exception with frames of its past, maybe another person's.

    Python adds to its traceback. Such frames are ours only where they were caught in this very
    traceback, or lead through this request's layer (as a middleware's that raises what it kept),
    or come from a thread of a pool.
    """
    seen: set[int] = set()
    for at, (outer, inner) in enumerate(pairwise(calls)):
        frame = outer.tb_frame
        seen.add(id(frame))
        if (
            inner.tb_frame.f_back is not frame  # else it was called from there
            and is_raise(outer)
            and id(inner.tb_frame) not in seen
            and inner.tb_frame.f_globals.get("__name__") != "concurrent.futures.thread"
            and not any(map(_is_of_this_request, calls[at + 1 :]))
        ):
            return True
    return False


def _is_of_this_request(traceback: TracebackType) -> bool:
    frame, request = traceback.tb_frame, current_request.get()
    is_own = frame.f_code.co_filename.startswith(OWN_PACKAGE)
    return is_own and request is not None and frame.f_locals.get("request") is request


def _is_plumbing(traceback: TracebackType) -> bool:
    package = str(traceback.tb_frame.f_globals.get("__name__")).partition(".")[0]
    filename = traceback.tb_frame.f_code.co_filename
    return package in _PLUMBING or filename.startswith(OWN_PACKAGE)


def _frame(traceback: TracebackType) -> Event:
    code = traceback.tb_frame.f_code
    module = traceback.tb_frame.f_globals.get("__name__")
    return {
        "filename": _filename(code.co_filename),
        "function": code.co_name,
        "module": module if isinstance(module, str) else None,
        "lineno": traceback.tb_lineno,
        "in_app": is_own(code.co_filename),
    }


@lru_cache(maxsize=4096)
def _filename(path: str) -> str:
    """Return a path without the machine's folders: below the service, or the library's."""
    if path.startswith(f"{ROOT}/") and is_own(path):
        return path.removeprefix(f"{ROOT}/")
    parts = path.replace("\\", "/").split("/")
    for folder in ("site-packages", "dist-packages"):
        if folder in parts:
            return "/".join(parts[parts.index(folder) + 1 :])
    return "/".join(parts[-2:])
