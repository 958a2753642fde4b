"""Source lines and variables of the service's own frames.

The SDK collects both for every frame, the framework's too, and so spends most of an error's cost
on what nobody reads. Here they are added afterwards, where `in_app` says that the code is ours.
"""

import linecache
from types import FrameType
from typing import Any, Final

from sentry_sdk.serializer import serialize
from sentry_sdk.utils import iter_stacks

from .severity import everything_in

_LINES_AROUND: Final = 5
_MAX_VARIABLES: Final = 20
_MAX_TEXT: Final = 512  # characters
# Their objects hold whole requests and engines, secrets included: the type says enough.
_OPAQUE: Final = ("starlette.", "fastapi.", "sqlalchemy.", "uvicorn.")
_Key = tuple[str, tuple[tuple[str, int], ...]]


def complete(event: dict[str, Any], error: BaseException, *, variables: bool) -> None:
    """Add source lines, and `variables` if wanted, to the own frames of `error` and its chain."""
    tracebacks = {_key_of(link): link for link in everything_in(error)}
    for value in event.get("exception", {}).get("values", ()):
        frames = (value.get("stacktrace") or {}).get("frames", ())
        key = value["type"], tuple((frame["function"], frame["lineno"]) for frame in frames)
        known = tracebacks.get(key)
        stack = iter_stacks(known.__traceback__) if known else ()
        for frame, real in zip(frames, stack, strict=False):
            if frame.get("in_app"):
                _add_source(frame, real.tb_frame, real.tb_lineno)
                if variables:
                    frame["vars"] = _variables(real.tb_frame)
        for frame in frames:
            if not frame.get("in_app"):
                frame.pop("abs_path", None)  # the file's name says which library it is


def _key_of(error: BaseException) -> _Key:
    stack = iter_stacks(error.__traceback__)
    return type(error).__name__, tuple((tb.tb_frame.f_code.co_name, tb.tb_lineno) for tb in stack)


def _variables(frame: FrameType) -> Any:
    shown = {}
    for name, value in list(frame.f_locals.items())[:_MAX_VARIABLES]:
        kind = type(value)
        opaque = f"{kind.__module__}.".startswith(_OPAQUE)
        shown[name] = f"<{kind.__name__}>" if opaque else value
    return serialize(shown, is_vars=True, max_value_length=_MAX_TEXT)


def _add_source(frame: dict[str, Any], real: FrameType, lineno: int) -> None:
    lines = linecache.getlines(real.f_code.co_filename, real.f_globals)
    if not 0 < lineno <= len(lines):
        return
    before, after = lines[max(0, lineno - 1 - _LINES_AROUND) : lineno - 1], lines[lineno:]
    frame["pre_context"] = [line.rstrip()[:_MAX_TEXT] for line in before]
    frame["context_line"] = lines[lineno - 1].rstrip()[:_MAX_TEXT]
    frame["post_context"] = [line.rstrip()[:_MAX_TEXT] for line in after[:_LINES_AROUND]]
