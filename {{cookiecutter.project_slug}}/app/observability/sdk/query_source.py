"""Where in the service's code a slow query comes from, with SQLAlchemy's async engine, too."""

from datetime import UTC, datetime, timedelta
from types import FrameType
from typing import Any

import sentry_sdk
from greenlet import getcurrent  # type: ignore[import-untyped]
from sentry_sdk.integrations.sqlalchemy import SqlalchemyIntegration
from sqlalchemy import Engine
from sqlalchemy.event import listen

from ..service import ROOT, is_own


class SqlWithItsPlace(SqlalchemyIntegration):
    """The SDK's integration, which looks for the place among the frames of the query's greenlet.

    The async engine runs each query in a greenlet of its own, and the code that awaits it stands
    in the one before.
    """

    @staticmethod
    def setup_once() -> None:
        """Listen to all engines, before the integration ends the query's span."""
        listen(Engine, "after_cursor_execute", _tell_place)
        SqlalchemyIntegration.setup_once()


def _tell_place(
    conn: Any, cursor: Any, statement: Any, parameters: Any, context: Any, executemany: bool
) -> None:
    span, outer = getattr(context, "_sentry_sql_span", None), getcurrent().parent
    if span is None or not span.sampled or outer is None:
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
