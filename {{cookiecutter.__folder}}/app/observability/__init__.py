"""The standard: all that concerns Sentry. Import from here, and from nothing below.

The template owns this package and rewrites it in updates. Don't edit it: what a team may tune is
a setting, what it may extend has a function. The README lists both.
"""

from fastapi import FastAPI

from .capture import capture_error, capture_message, error_scope
from .logs import add_trace_id
from .middleware import install_middleware
from .problems import Problem, install_problems
from .project import ANSWERS, PROJECT
from .sdk import add_scrubber, init_sentry
from .settings import SentrySettings
from .severity import Severity, ignore_exception, set_severity
from .tasks import spawn

__all__ = [
    "ANSWERS",
    "PROJECT",
    "Problem",
    "SentrySettings",
    "Severity",
    "add_scrubber",
    "add_trace_id",
    "capture_error",
    "capture_message",
    "error_scope",
    "ignore_exception",
    "init_sentry",
    "install",
    "set_severity",
    "spawn",
]


def install(app: FastAPI, settings: SentrySettings) -> None:
    """Observe `app`: every request has its scope, every failure its report and its answer."""
    install_problems(app)
    install_middleware(app, settings)
