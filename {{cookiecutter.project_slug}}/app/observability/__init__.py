"""The standard: all that concerns Sentry. Import from here, and from nothing below.

The template owns this package, and its updates change it. Don't edit it: what a team may tune is a
setting, what it may extend has a function. The README lists both.

An error's way, room by room:

    request/    lays two layers around the application, and knows what is asked and how it went
    errors/     judges what fails there, is logged, or comes by `capture_error`: does it count, is
                it news, is there room for it; and tells it with its chain, frames and scopes
    sdk/        hands it to the SDK, of which no other room knows more than the top level
    delivery/   puts it in line before everything else, and sees to it that it arrives whole
    scrubbing/  takes the secrets out, in the delivery's own thread
"""

from fastapi import FastAPI

from .crons import cron
from .errors.capture import capture_error, capture_message
from .errors.log_records import add_trace_id
from .errors.scopes import error_scope, set_tag, set_user
from .errors.severity import Severity, ignore_exception, set_severity
from .errors.tasks import spawn
from .request.middleware import install_middleware
from .request.problems import Problem, install_problems
from .request.traces import set_trace_rate
from .sdk.measures import count, distribution, gauge, span
from .sdk.start import add_integration, add_scrubber, init_sentry
from .service import ANSWERS, PROJECT
from .settings import SentrySettings

__all__ = [
    "ANSWERS",
    "PROJECT",
    "Problem",
    "SentrySettings",
    "Severity",
    "add_integration",
    "add_scrubber",
    "add_trace_id",
    "capture_error",
    "capture_message",
    "count",
    "cron",
    "distribution",
    "error_scope",
    "gauge",
    "ignore_exception",
    "init_sentry",
    "install",
    "set_severity",
    "set_tag",
    "set_trace_rate",
    "set_user",
    "span",
    "spawn",
]


def install(app: FastAPI, settings: SentrySettings) -> None:
    """Observe `app`: every request has its scope, every failure its report and its answer."""
    install_problems(app)
    install_middleware(app, settings)
