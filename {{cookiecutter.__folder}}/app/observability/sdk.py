"""How the Sentry SDK is set up. Every option that differs from its default has a reason here."""

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

import sentry_sdk
from sentry_sdk.integrations import Integration
from sentry_sdk.integrations.argv import ArgvIntegration
from sentry_sdk.integrations.atexit import AtexitIntegration
from sentry_sdk.integrations.logging import ignore_logger, ignore_logger_for_sentry_logs
from sentry_sdk.integrations.modules import ModulesIntegration
from sentry_sdk.integrations.stdlib import StdlibIntegration

from . import severity
from .capture import came_by_itself, guard, set_priority
from .delivery import delivery
from .envelopes import prepared
from .frames import complete
from .integrations import integrations
from .logs import ECHOING_LOGGERS, ErrorLogHandler
from .project import ROOT
from .scrubbing import Scrubber
from .settings import SentrySettings
from .shutdown import restart_after_fork
from .tracing import propagation_targets

# All that the SDK may collect by itself. `{}`, a forgotten key and a false value mean "everything".
_DATA_COLLECTION: Final[Any] = {
    "user_info": False,
    "cookies": {"mode": "off"},
    "http_headers": {"request": {"mode": "off"}},  # request.py has its own list
    "http_bodies": [],
    "url_query_params": {"mode": "off"},
    "graphql": {"document": False, "variables": False},
    "gen_ai": {"inputs": False, "outputs": False},
    "database_query_data": False,
    "queues": False,
    "stack_frame_variables": False,  # frames.py adds them for the service's own frames
    "frame_context_lines": 0,
}
_UNWANTED: Final[list[type[Integration]]] = [
    ArgvIntegration,  # a command line may hold a password
    AtexitIntegration,  # delivery.py has one time limit for all that delivers at the end
    ModulesIntegration,  # the release says it
    StdlibIntegration,  # it traces the SDK's own deliveries, and command lines
]

_text_scrubbers: Final[list[Callable[[str], str]]] = []
_log_handler: Final = ErrorLogHandler()


def add_scrubber(scrub: Callable[[str], str]) -> None:
    """Have `scrub` look through every text that leaves, after the standard's own rules.

    Call it before `init_sentry`. A text that it fails on is filtered as a whole.
    """
    _text_scrubbers.append(scrub)


def init_sentry(settings: SentrySettings) -> None:
    """Start the SDK; without a DSN do nothing. Call it before FastAPI is made."""
    severity.failed_statuses = settings.sentry_failed_request_status_codes
    if not settings.sentry_dsn:
        return
    guard.limit = settings.sentry_max_errors_per_minute
    for name in ECHOING_LOGGERS:
        ignore_logger(name)
        ignore_logger_for_sentry_logs(name)
    logging.getLogger().addHandler(_log_handler)  # once, however often this is called
    # The SDK builds a debug record for each request that nobody reads.
    logging.getLogger("sentry_sdk.errors").setLevel(logging.ERROR)
    _start(settings)
    restart_after_fork(lambda: _start(settings))


class _ByHooks:
    """Provisional: the hooks below scrub already."""

    def payload(self, kind: str, payload: Any) -> Any:
        return payload

    def trace(self, header: Mapping[str, Any]) -> dict[str, Any]:
        return dict(header)

    def attachment(self, data: bytes, content_type: str) -> bytes:
        return data


def _start(settings: SentrySettings) -> None:
    scrubber = Scrubber(settings.sentry_sensitive_keys)
    for scrub in _text_scrubbers:
        scrubber.add(scrub)

    def before_send(event: Any, hint: dict[str, Any]) -> Any:
        error = hint["exc_info"][1] if hint.get("exc_info") else None
        if error and not came_by_itself(event, error):
            return None
        if error:
            complete(event, error, variables=settings.sentry_local_variables == "in_app")
        set_priority(event)
        return scrubber.event(event)

    def before_send_transaction(event: Any, hint: dict[str, Any]) -> Any:
        return scrubber.event(event)

    def before_breadcrumb(crumb: Any, hint: dict[str, Any]) -> Any:
        return scrubber.breadcrumb(crumb, hint)

    sentry_sdk.init(
        dsn=settings.sentry_dsn,
        environment=settings.sentry_environment,
        release=settings.sentry_release,
        sample_rate=settings.sentry_error_sample_rate,
        traces_sample_rate=settings.sentry_traces_sample_rate,
        # Without it a caller's decision would count for what is traced besides requests.
        traces_sampler=lambda context: settings.sentry_traces_sample_rate,
        profile_session_sample_rate=settings.sentry_profile_session_sample_rate,
        profile_lifecycle="trace",
        auto_enabling_integrations=False,
        disabled_integrations=_UNWANTED,
        integrations=integrations(settings.sentry_log_level),
        data_collection=_DATA_COLLECTION,
        auto_session_tracking=False,  # sessions.py counts
        max_request_body_size="never",  # else the SDK reads the body before the endpoint can
        trace_propagation_targets=propagation_targets(settings.sentry_trace_propagation_targets),
        strict_trace_continuation=True,
        project_root=str(ROOT),
        in_app_exclude=["app.observability"],
        before_send=before_send,
        before_send_transaction=before_send_transaction,
        before_send_log=lambda log, hint: scrubber.log(log),
        before_send_metric=lambda metric, hint: scrubber.metric(metric),
        before_breadcrumb=before_breadcrumb,
        spotlight=False,  # it posts in the request's own thread, and switches privacy off
        transport=delivery(lambda envelope: prepared(envelope, _ByHooks())),
        # gzip -9, the default, takes most of the time of a delivery.
        _experiments={"transport_compression_level": 4},
    )
