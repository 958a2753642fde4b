"""Source lines and variables of the service's own frames.

The SDK collects both for every frame, the framework's too, and so spends most of an error's cost
on what nobody reads. Here they are added afterwards, where `in_app` says that the code is ours.
"""

import linecache
from collections.abc import Iterator
from types import FrameType
from typing import Any

from sentry_sdk.serializer import serialize
from sentry_sdk.utils import iter_stacks

_LINES_AROUND = 5
_Key = tuple[str, tuple[tuple[str, int], ...]]


def add_details(event: dict[str, Any], error: BaseException, *, variables: bool) -> None:
    """Add source lines, and `variables` if wanted, to the own frames of `error` and its chain."""
    tracebacks = {_key_of(link): link for link in _chain(error)}
    for value in event.get("exception", {}).get("values", ()):
        frames = (value.get("stacktrace") or {}).get("frames", ())
        key = value["type"], tuple((frame["function"], frame["lineno"]) for frame in frames)
        if key not in tracebacks:
            continue
        for frame, real in zip(frames, iter_stacks(tracebacks[key].__traceback__), strict=True):
            if frame.get("in_app"):
                _add_source(frame, real.tb_frame, real.tb_lineno)
                if variables:
                    frame["vars"] = serialize(dict(real.tb_frame.f_locals), is_vars=True)


def _key_of(error: BaseException) -> _Key:
    stack = iter_stacks(error.__traceback__)
    return type(error).__name__, tuple((tb.tb_frame.f_code.co_name, tb.tb_lineno) for tb in stack)


def _chain(error: BaseException) -> Iterator[BaseException]:
    waiting, seen = [error], set[int]()
    while waiting:
        link = waiting.pop()
        if id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        waiting += [other for other in (link.__cause__, link.__context__) if other]
        if isinstance(link, BaseExceptionGroup):
            waiting += link.exceptions


def _add_source(frame: dict[str, Any], real: FrameType, lineno: int) -> None:
    lines = [
        line.rstrip("\r\n") for line in linecache.getlines(real.f_code.co_filename, real.f_globals)
    ]
    if not 0 < lineno <= len(lines):
        return
    frame["pre_context"] = lines[max(0, lineno - 1 - _LINES_AROUND) : lineno - 1]
    frame["context_line"] = lines[lineno - 1]
    frame["post_context"] = lines[lineno : lineno + _LINES_AROUND]
