"""Log records of level ERROR and above are reported, each error once; every line has its trace."""

import contextvars
import logging
import sys
import threading
from collections.abc import Callable, MutableMapping
from datetime import UTC, datetime
from typing import Any, Final

import sentry_sdk

from ..plain import MAX_TEXT, Plain, cut, short_repr, text_of
from ..request.current import CurrentRequest, current_request
from ..service import PACKAGE, ROOT
from .capture import guard, is_worth_reporting, report, send_event
from .events import Event
from .records import is_told_anywhere
from .storm import Key

# Errors that these tell of are reported where they happen.
_ECHOING: Final = ("uvicorn.error", "uvicorn.access", "gunicorn.error", "gunicorn.access")
# What the standard and the SDK say of their own work must not make more of it.
_OWN: Final = (f"{PACKAGE}.", "sentry_sdk.")
_LOST_TASKS: Final = "asyncio"  # the logger that tells of them
MAX_WAITING: Final = 10
# Of every record, by its class; what else a record has came by `extra`.
_COMMON: Final = frozenset(
    {*vars(logging.makeLogRecord({})), "asctime", "color_message", "message", "taskName"}
)
_MAX_EXTRA: Final = 8 * 1024  # characters

_busy: Final = threading.local()


def is_left_out(logger: str) -> bool:
    """Tell whether what a logger says is left out of errors, breadcrumbs and logs."""
    return logger in _ECHOING or f"{logger}.".startswith(_OWN)


def in_its_context(record: logging.LogRecord, tell: Callable[[logging.LogRecord], Any]) -> None:
    """Tell of a record where it belongs to."""
    if record.name == _LOST_TASKS:
        # They are told of in whatever request the garbage collector came to them.
        contextvars.Context().run(tell, record)
    else:
        tell(record)


def report_record(record: logging.LogRecord) -> None:
    """Report a log record of level ERROR or above, or the exception that it tells of."""
    # What is logged while an error is reported would be reported, and so on.
    if getattr(_busy, "is_set", False) or not sentry_sdk.is_initialized():
        return
    _busy.is_set = True
    try:
        _report(record)
    finally:
        _busy.is_set = False


def _report(record: logging.LogRecord) -> None:
    error = _told(record)
    if error is not None and not is_worth_reporting(error):
        return
    if error is not None and record.name == _LOST_TASKS and is_told_anywhere(error):
        return
    event = _event_of(record)
    if error is not None:
        report(error, event=event)
        return
    key = Key(f"log {record.name}", record.pathname, record.lineno)
    request = current_request.get()
    if request and request.is_open:
        # If the request fails with an exception, this was about to say so.
        if len(request.waiting) < MAX_WAITING:
            request.waiting.append((key, event, sentry_sdk.get_current_scope().fork()))
        else:
            guard.hold(key)
        return
    send_event(key, event)
    if request:
        request.failed = True


def _told(record: logging.LogRecord) -> BaseException | None:
    """Return the exception that a record tells of: its own, or the one handled that it names."""
    if record.exc_info:
        return record.exc_info[1]
    handled = sys.exc_info()[1]
    if handled is not None and isinstance(record.args, tuple):
        return next((handled for argument in record.args if argument is handled), None)
    return None


def _event_of(record: logging.LogRecord) -> Event:
    place = {
        "file": record.pathname.removeprefix(f"{ROOT}/"),
        "line": record.lineno,
        "function": record.funcName,
    }
    if record.stack_info:
        place["stack"] = cut(record.stack_info)
    event: Event = {
        "timestamp": datetime.fromtimestamp(record.created, UTC),
        "level": "fatal" if record.levelno >= logging.CRITICAL else "error",
        "logger": record.name,
        "logentry": {"message": text_of(record.msg), "formatted": message_of(record)},
        "contexts": {"log": place},
    }
    if record.args:
        args = record.args if isinstance(record.args, dict) else list(record.args)
        event["logentry"]["params"] = Plain(_MAX_EXTRA).data(args)
    if extra := extra_of(record):
        event["extra"] = extra
    return event


def message_of(record: logging.LogRecord) -> str:
    """Return a record's message, and its template where the arguments don't fit into it."""
    try:
        return cut(record.getMessage())
    except BaseException:  # of an argument
        return text_of(record.msg)


def extra_of(record: logging.LogRecord) -> dict[str, Any]:
    """Return what a log call gave by `extra`, as plain data."""
    extra = _extra(record)
    shown: dict[str, Any] = Plain(_MAX_EXTRA).data(extra) if extra else {}  # most have none
    return {name: value for name, value in shown.items() if name[:1] != "_"}


def shown_extra(record: logging.LogRecord) -> dict[str, str]:
    """Return that of `extra` which the SDK would show, later and in a thread that it may end."""
    return {
        name: short_repr(value, MAX_TEXT)
        for name, value in _extra(record).items()
        if not all(issubclass(type(item), str | int | float) for item in _items(value))
    }


def _items(value: Any) -> Any:
    return value if type(value) in (list, tuple) else (value,)


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in _COMMON}


def send_waiting(request: CurrentRequest) -> None:
    """Send what a request logged as an error, now that no exception of it was reported."""
    for key, event, scope in request.waiting:
        request.failed = True
        request.event_id = send_event(key, event, scope=scope) or request.event_id
    request.waiting.clear()


def add_trace_id(logger: Any, method: str, line: MutableMapping[str, Any]) -> Any:
    """Add the trace's id to a log line: a processor for structlog."""
    if sentry_sdk.is_initialized():
        line["trace_id"] = (sentry_sdk.get_traceparent() or "").partition("-")[0]
    return line
