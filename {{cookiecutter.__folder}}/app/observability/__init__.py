"""The standard: all that concerns Sentry. Import from here, and from nothing below.

The template owns this package and rewrites it in updates. Don't edit it: what a team may tune is
a setting, what it may extend has a function. The README lists both.
"""

from typing import Any

import sentry_sdk
from fastapi import FastAPI

from .capture import Severity, capture_error, capture_message, error_scope
from .middleware import ErrorMiddleware
from .problems import Problem, install_problems
from .project import ANSWERS, PROJECT
from .sdk import init_sentry
from .settings import SentrySettings
from .tasks import spawn

__all__ = [
    "ANSWERS",
    "PROJECT",
    "Problem",
    "SentrySettings",
    "Severity",
    "add_trace_id",
    "capture_error",
    "capture_message",
    "error_scope",
    "init_sentry",
    "install",
    "spawn",
]


def install(app: FastAPI, settings: SentrySettings) -> None:
    """Give `app` its error answers, and its deliveries at shutdown."""
    install_problems(app)
    app.add_middleware(ErrorMiddleware)


def add_trace_id(logger: Any, method: str, event: Any) -> Any:
    """Add the trace's id to a log line: a processor for structlog."""
    if sentry_sdk.is_initialized():
        event["trace_id"] = (sentry_sdk.get_traceparent() or "").split("-")[0]
    return event
