"""Log records of level ERROR and above are reported, each error once; every line has its trace."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import sentry_sdk

from .capture import Event, is_worth_reporting, report, send_event
from .request import CurrentRequest, current_request
from .storm import Key

# Errors that these tell of are reported where they happen.
ECHOING_LOGGERS: Final = (
    "uvicorn.error",
    "uvicorn.access",
    "gunicorn.error",
    "gunicorn.access",
    "app.observability",
)
MAX_WAITING: Final = 10


class ErrorLogHandler(logging.Handler):
    """Reports what is logged as an error.

    In place of the SDK's own handler, which builds a whole event before anything can hold it back,
    and a second one for an error that is logged and raised.
    """

    def __init__(self) -> None:
        super().__init__(logging.ERROR)

    def emit(self, record: logging.LogRecord) -> None:
        """Report `record`, or the exception that it tells of."""
        if record.name.startswith(ECHOING_LOGGERS) or not sentry_sdk.is_initialized():
            return
        try:
            self._report(record)
        except Exception:
            self.handleError(record)

    def _report(self, record: logging.LogRecord) -> None:
        told = record.exc_info[1] if record.exc_info else None
        # `log.error("…")` in an except block tells of that exception, too.
        error = told or sys.exc_info()[1]
        if error and is_worth_reporting(error):
            report(error, record=record)
            return
        if told:
            return
        key = Key(f"log {record.name}", record.pathname, record.lineno)
        event: Event = {
            "level": "fatal" if record.levelno >= logging.CRITICAL else "error",
            "logger": record.name,
            "logentry": {"message": str(record.msg), "formatted": record.getMessage()},
        }
        request = current_request.get()
        if request and request.scope["type"] == "http" and not request.started:
            # If the request fails with an exception, this was about to say so.
            if len(request.logged) < MAX_WAITING:
                request.logged.append((key, event, sentry_sdk.get_current_scope().fork()))
        else:
            send_event(key, event)


def send_waiting(request: CurrentRequest) -> None:
    """Send what a request logged as an error, now that no exception of it was reported."""
    for key, event, scope in request.logged:
        request.failed = True
        request.event_id = send_event(key, event, scope) or request.event_id
    request.logged.clear()


def add_trace_id(logger: Any, method: str, line: MutableMapping[str, Any]) -> Any:
    """Add the trace's id to a log line: a processor for structlog."""
    if sentry_sdk.is_initialized():
        line["trace_id"] = (sentry_sdk.get_traceparent() or "").partition("-")[0]
    return line
