"""Where in the service's code a slow query comes from, with SQLAlchemy's async engine, too."""

from datetime import UTC, datetime, timedelta
from types import FrameType
from typing import Any

import sentry_sdk
from sentry_sdk.integrations.sqlalchemy import (
    SqlalchemyIntegration,
    _after_cursor_execute,
    _before_cursor_execute,
    _handle_error,
)
from sentry_sdk.traces import get_current_span
from sqlalchemy import Engine
from sqlalchemy.event import listen

from ..service import ROOT, is_own

try:
    from greenlet import getcurrent  # type: ignore[import-untyped]
except ImportError:  # only the async engine needs it
    getcurrent = None


class SqlWithItsPlace(SqlalchemyIntegration):
    """The SDK's integration, which looks for the place among the frames of the query's greenlet.

    The async engine runs each query in a greenlet of its own, and the code that awaits it stands
    in the one before. In a trace that isn't sent a query is a breadcrumb alone: the SDK's span that
    says nothing costs twice what a whole request does.
    """

    @staticmethod
    def setup_once() -> None:
        """Listen to all engines."""
        listen(Engine, "before_cursor_execute", _begin)
        listen(Engine, "after_cursor_execute", _end)
        listen(Engine, "handle_error", _handle_error)


def _begin(
    conn: Any, cursor: Any, statement: Any, parameters: Any, context: Any, executemany: bool
) -> None:
    span = get_current_span()
    if span is None or span.sampled:
        _before_cursor_execute(conn, cursor, statement, parameters, context, executemany)
    else:
        data = {"db.executemany": True} if executemany else {}
        sentry_sdk.add_breadcrumb(message=str(statement), category="query", data=data)


def _end(
    conn: Any, cursor: Any, statement: Any, parameters: Any, context: Any, executemany: bool
) -> None:
    if span := getattr(context, "_sentry_sql_span", None):
        _tell_place(span)
        _after_cursor_execute(conn, cursor, statement, parameters, context)


def _tell_place(span: Any) -> None:
    outer = getcurrent and getcurrent().parent
    if not span.sampled or outer is None:
        return
    threshold = sentry_sdk.get_client().options.get("db_query_source_threshold_ms", 100)
    if datetime.now(UTC) - span.start_timestamp < timedelta(milliseconds=threshold):
        return
    frame: FrameType | None = outer.gr_frame
    while frame and not is_own(frame.f_code.co_filename):
        frame = frame.f_back
    if frame:
        span.set_attributes(
            {
                "code.file.path": frame.f_code.co_filename.removeprefix(f"{ROOT}/"),
                "code.function": frame.f_code.co_name,
                "code.line.number": frame.f_lineno,
                "code.namespace": str(frame.f_globals.get("__name__")),
            }
        )
