"""How the Sentry SDK is set up. Every option that differs from its default has a reason here."""

import logging
import sys
from collections.abc import Callable
from functools import partial
from platform import python_implementation, python_version
from typing import Any, Final
from urllib.parse import urlsplit

import sentry_sdk
from sentry_sdk.integrations import Integration
from sentry_sdk.integrations.argv import ArgvIntegration
from sentry_sdk.integrations.atexit import AtexitIntegration
from sentry_sdk.integrations.dedupe import DedupeIntegration
from sentry_sdk.integrations.modules import ModulesIntegration
from sentry_sdk.integrations.stdlib import StdlibIntegration
from sentry_sdk.integrations.unraisablehook import UnraisablehookIntegration
from sentry_sdk.scope import add_global_event_processor

from ..delivery.envelopes import prepared
from ..delivery.shutdown import restart_after_fork
from ..delivery.transport import delivery
from ..errors import severity
from ..errors.bounds import bounded, bounded_breadcrumb
from ..errors.capture import STORM, before_send, guard
from ..errors.records import PROCESS
from ..request.sessions import sessions
from ..request.traces import pace, propagation_targets, sampler
from ..scrubbing import Scrubber
from ..service import PACKAGE, ROOT
from ..settings import SentrySettings
from .integrations import integrations
from .spans import decide_ourselves

# All that the SDK may collect by itself. `{}`, a forgotten key and a false value mean "everything".
_DATA_COLLECTION: Final[Any] = {
    "user_info": False,
    "cookies": {"mode": "off"},
    "http_headers": {"request": {"mode": "off"}},  # current.py has its own list
    "http_bodies": [],
    "url_query_params": {"mode": "off"},
    "graphql": {"document": False, "variables": False},
    "mcp": {"inputs": False, "outputs": False},
    "gen_ai": {"inputs": False, "outputs": False},
    "database_query_data": False,
    "queues": False,
    "stack_frame_variables": False,  # events.py adds them for the service's own frames
    "frame_context_lines": 0,
}
_UNWANTED: Final[list[type[Integration]]] = [
    ArgvIntegration,  # a command line may hold a password
    AtexitIntegration,  # shutdown.py has one time limit for all that delivers at the end
    DedupeIntegration,  # records.py knows what was reported
    ModulesIntegration,  # the release says it
    UnraisablehookIntegration,  # what fails in a `__del__` is nobody's request
    StdlibIntegration,  # it traces the SDK's own deliveries, and command lines
]

_text_scrubbers: Final[list[Callable[[str], str]]] = []
_added: Final[list[Integration]] = []


def add_scrubber(scrub: Callable[[str], str]) -> None:
    """Have `scrub` look through every text that leaves, after the standard's own rules.

    Call it before `init_sentry`. A text that it fails on is filtered as a whole.
    """
    _text_scrubbers.append(scrub)


def add_integration(integration: Integration) -> None:
    """Have one more of the SDK's integrations, such as `RedisIntegration()`, scrubbed as all else.

    Call it before `init_sentry`. For outgoing calls of `requests` and `urllib`: StdlibIntegration.
    """
    _added.append(integration)


def init_sentry(settings: SentrySettings) -> None:
    """Start the SDK; without a DSN do nothing. Call it before FastAPI is made."""
    severity.failed_statuses = settings.sentry_failed_request_status_codes
    # Without a DSN, too: the SDK seeds a generator for each request, which costs a tenth more.
    decide_ourselves(settings.sentry_traces_key or urlsplit(settings.sentry_dsn).hostname or "")
    if not settings.sentry_dsn:
        return
    PROCESS.forget()  # what an earlier start left
    # The SDK builds a debug record for each request that nobody reads.
    logging.getLogger("sentry_sdk.errors").setLevel(logging.ERROR)
    _start(settings)
    restart_after_fork(lambda: _start(settings))


def _start(settings: SentrySettings) -> None:
    # What an earlier start left, or the process that this one was forked from: each tells its own.
    guard.limit = settings.sentry_max_errors_per_minute
    guard.reset()
    sessions.reset()
    pace.reset()
    scrubber = Scrubber(settings.sentry_sensitive_keys, _text_scrubbers)
    sentry_sdk.init(
        dsn=settings.sentry_dsn,
        environment=settings.sentry_environment,
        release=settings.sentry_release,
        # What was held back is told of in any case.
        error_sampler=lambda event, hint: (
            1.0 if STORM in hint else settings.sentry_error_sample_rate
        ),
        traces_sample_rate=settings.sentry_traces_sample_rate,
        # Without it a caller's decision would count.
        traces_sampler=sampler(settings.sentry_traces_sample_rate),
        trace_lifecycle="stream",  # the one that sentry-sdk 3 has
        enable_backpressure_handling=False,  # the sampler knows how full the line is
        profile_session_sample_rate=profiled(settings.sentry_profile_session_sample_rate),
        profile_lifecycle="trace",
        auto_enabling_integrations=False,
        disabled_integrations=[kind for kind in _UNWANTED if kind not in map(type, _added)],
        integrations=[*integrations(settings.sentry_log_level, scrubber.log_message), *_added],
        data_collection=_DATA_COLLECTION,
        attach_stacktrace=False,  # sentry-sdk 3 would add one to each message
        auto_session_tracking=False,  # sessions.py counts
        trace_propagation_targets=propagation_targets(settings.sentry_trace_propagation_targets),
        strict_trace_continuation=True,
        project_root=str(ROOT),
        in_app_exclude=[PACKAGE],
        before_send=partial(before_send, variables=settings.sentry_local_variables == "in_app"),
        before_breadcrumb=bounded_breadcrumb,
        spotlight=False,  # it posts in the request's own thread, and switches privacy off
        # What leaves is scrubbed there, in the delivery's own threads, whatever it is.
        transport=delivery(lambda envelope: prepared(envelope, scrubber)),
    )
    runtime = {"name": python_implementation(), "version": python_version()}
    sentry_sdk.get_global_scope().set_context("runtime", runtime)


def profiled(rate: float) -> float:
    """Return the rate of profiles; none before Python 3.12, where a profiler can stop the process.

    There `sys._current_frames` deadlocks when a collection of garbage begins within it:
    https://github.com/python/cpython/issues/106883.
    """
    return rate if sys.version_info >= (3, 12) else 0.0


add_global_event_processor(bounded)
