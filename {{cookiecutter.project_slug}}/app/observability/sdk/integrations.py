"""The SDK's integrations in use: an explicit list, whatever else is installed."""

import logging
from collections.abc import Callable
from importlib.util import find_spec
from logging import LogRecord
from typing import Any

import sentry_sdk
from sentry_sdk.integrations import Integration
from sentry_sdk.integrations.fastapi import FastApiIntegration
from sentry_sdk.integrations.logging import BreadcrumbHandler, LoggingIntegration
from sentry_sdk.integrations.starlette import StarletteIntegration

from ..errors.log_records import (
    extra_of,
    in_its_context,
    is_left_out,
    message_of,
    report_record,
    shown_extra,
)
from .frameworks import before_def_endpoints
from .names import logging_options, logs_handler
from .spans import name_thread

LogMessage = Callable[[str, Any], str]


class _Starlette(StarletteIntegration):
    """Named in every event, but without its patches: middleware.py does the same for less."""

    @staticmethod
    def setup_once() -> None:
        """Patch nothing. The patches cost more than everything else the SDK does in a request."""


class _FastApi(FastApiIntegration):
    """As above, but for one thing."""

    @staticmethod
    def setup_once() -> None:
        """Have the trace of a `def` endpoint name the thread that it runs in, for its profile."""
        before_def_endpoints(name_thread)


class _Logging(LoggingIntegration):
    """Log records as this standard wants them, whatever handlers a team's logging has.

    The SDK's own handler for events builds a whole event before anything can hold it back, and a
    second one for an error that is logged and raised.
    """

    def __init__(self, log_level: str, log_message: LogMessage) -> None:
        level = None if log_level == "off" else getattr(logging, log_level.upper())
        super().__init__(**logging_options(level))
        self._log_message = log_message

    def _handle_record(self, record: LogRecord) -> None:
        # `ignore_logger` takes patterns as well, which only the SDK's handlers look at.
        if record.levelno < logging.INFO or is_left_out(record.name) or not _WANTED(record):
            return
        try:
            in_its_context(record, self._tell)
        except Exception:  # a log call never fails for Sentry's sake
            logging.getLogger(__name__).exception("A log record could not be told of")

    def _tell(self, record: LogRecord) -> None:
        if record.levelno >= logging.ERROR:
            report_record(record)  # before its breadcrumb, or the event would say it twice
        self._leave_breadcrumb(record)

    _handle_event_record = _handle_record  # as sentry-sdk 3 calls it

    def _handle_breadcrumb_record(self, record: LogRecord) -> None:
        """Do nothing: `_handle_event_record` did it, in the right order."""

    def _handle_sentry_logs_record(self, record: LogRecord) -> None:
        handler = logs_handler(self)
        if handler is None or record.levelno < handler.level or is_left_out(record.name):
            return
        told: dict[str, Any] = shown_extra(record)
        try:
            record.getMessage()
        except BaseException:  # else lost by the SDK: arguments that don't fit, or can't be written
            told |= {"msg": message_of(record), "args": None}
        if told:
            record = logging.makeLogRecord(vars(record) | told)
        in_its_context(record, handler.handle)

    _handle_logs_record = _handle_sentry_logs_record  # as sentry-sdk 3 calls it

    def _leave_breadcrumb(self, record: LogRecord) -> None:
        if record.name in _TOLD_BY_OTHERS:
            return
        template, args = record.msg, record.args
        told = self._log_message(template, args) if args and isinstance(template, str) else ""
        sentry_sdk.add_breadcrumb(
            type="log",
            level=next(name for least, name in _LEVELS if record.levelno >= least),
            category=record.name,
            message=told or message_of(record),
            data=extra_of(record),
        )


# Those that Sentry knows; a level of a team's own counts as the one below it.
_LEVELS = (
    (logging.CRITICAL, "fatal"),
    (logging.ERROR, "error"),
    (logging.WARNING, "warning"),
    (logging.INFO, "info"),
)
_WANTED = BreadcrumbHandler()._can_record
# The integration leaves a breadcrumb of each call itself.
_TOLD_BY_OTHERS = frozenset({"httpx"})


def integrations(log_level: str, log_message: LogMessage) -> list[Integration]:
    """Make the integrations for one `init`.

    `log_level` is SENTRY_LOG_LEVEL; `log_message` makes a message of a template and its arguments
    without those that are secret.
    """
    wanted: list[Integration] = [
        _Starlette(failed_request_status_codes=set(), http_methods_to_capture=()),
        _FastApi(failed_request_status_codes=set(), http_methods_to_capture=()),
        _Logging(log_level, log_message),
    ]
    # Not every service has these; the SDK's modules can't be imported without them.
    if find_spec("sqlalchemy"):
        from .query_source import SqlWithItsPlace

        wanted.append(SqlWithItsPlace())
    if find_spec("httpx"):
        from sentry_sdk.integrations.httpx import HttpxIntegration

        wanted.append(HttpxIntegration())
    return wanted
