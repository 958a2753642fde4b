"""The standard: all that concerns Sentry. Import from here, and from nothing below.

The template owns this package and rewrites it in updates. Don't edit it: what a team may tune is
a setting, what it may extend has a function. The README lists both.

An error's way: `middleware` lays two layers around the application and makes a `request` for each
call. What fails comes to `capture`, from there, from `logs`, from `tasks`, or by `capture_error`.
`severity` says whether it counts, `records` whether it is news, `storm` whether there is room for
it; `scopes` says what was known where it happened. The SDK makes an event of it, `events` adds the
exception's `chain` with its frames, `request` what was asked. `delivery` puts it in line before
everything else; there `envelopes` and `scrubbing` see to it that it is whole, and says no secret.
"""

from fastapi import FastAPI

from .errors.capture import capture_error, capture_message
from .errors.log_records import add_trace_id
from .errors.scopes import error_scope, set_user
from .errors.severity import Severity, ignore_exception, set_severity
from .errors.tasks import spawn
from .request.middleware import install_middleware
from .request.problems import Problem, install_problems
from .sdk.start import add_scrubber, init_sentry
from .service import ANSWERS, PROJECT
from .settings import SentrySettings

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
    "set_user",
    "spawn",
]


def install(app: FastAPI, settings: SentrySettings) -> None:
    """Observe `app`: every request has its scope, every failure its report and its answer."""
    install_problems(app)
    install_middleware(app, settings)
