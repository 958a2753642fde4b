"""How the Sentry SDK is set up. Every option that differs from its default has a reason here."""

from typing import Any, Final

import sentry_sdk
from sentry_sdk.integrations.argv import ArgvIntegration
from sentry_sdk.integrations.logging import ignore_logger

from .capture import PRIORITY_OF_LEVEL, event_id_of
from .frames import add_details
from .integrations import integrations
from .project import ROOT
from .scrubbing import Scrubber
from .settings import SentrySettings

_UNTRACED_PATHS: Final = {"/healthz", "/readyz"}
# Errors that these loggers tell of are captured where they happen.
_ECHOING_LOGGERS: Final = (
    "uvicorn.error",
    "uvicorn.access",
    "gunicorn.error",
    "app.observability.middleware",
)

# All that the SDK may collect by itself. `{}` or a forgotten key would mean "everything".
_DATA_COLLECTION: Final[Any] = {
    "user_info": False,
    "cookies": {"mode": "off"},
    "http_headers": {
        "request": {"mode": "allowlist", "terms": ["accept", "content-type", "host", "user-agent"]}
    },
    "http_bodies": [],
    "url_query_params": {"mode": "off"},
    "graphql": {"document": False, "variables": False},
    "gen_ai": {"inputs": False, "outputs": False},
    "database_query_data": False,
    "queues": False,
    "stack_frame_variables": False,  # frames.py adds them for the service's own frames
    "frame_context_lines": 0,
}


def init_sentry(settings: SentrySettings) -> None:
    """Start the SDK; without a DSN do nothing. Call it before FastAPI is made."""
    if not settings.sentry_dsn:
        return
    for name in _ECHOING_LOGGERS:
        ignore_logger(name)
    scrubber = Scrubber(settings.sentry_sensitive_keys)

    def before_send(event: Any, hint: dict[str, Any]) -> Any:
        error = hint["exc_info"][1] if hint.get("exc_info") else None
        if "log_record" in hint and event_id_of(error):
            return None
        if error:
            add_details(event, error, variables=settings.sentry_local_variables == "in_app")
        tags = event.setdefault("tags", {})
        tags.setdefault("priority", PRIORITY_OF_LEVEL.get(event.get("level", "error"), "P4"))
        return scrubber.event(event)

    def before_send_transaction(event: Any, hint: dict[str, Any]) -> Any:
        return scrubber.event(event)

    def traces_sampler(context: dict[str, Any]) -> float:
        # The caller's own decision is ignored: a stranger must not switch tracing on.
        path = context.get("asgi_scope", {}).get("path")
        return 0.0 if path in _UNTRACED_PATHS else settings.sentry_traces_sample_rate

    sentry_sdk.init(
        dsn=settings.sentry_dsn,
        environment=settings.sentry_environment,
        release=settings.sentry_release,
        sample_rate=settings.sentry_error_sample_rate,
        traces_sampler=traces_sampler,
        profile_session_sample_rate=settings.sentry_profile_session_sample_rate,
        profile_lifecycle="trace",
        auto_enabling_integrations=False,
        disabled_integrations=[ArgvIntegration],  # a command line may hold a password
        integrations=integrations(),
        data_collection=_DATA_COLLECTION,
        max_request_body_size="never",  # else the SDK reads the body before the endpoint can
        trace_propagation_targets=settings.sentry_trace_propagation_targets,
        strict_trace_continuation=True,
        project_root=str(ROOT),
        in_app_exclude=["app.observability"],
        before_send=before_send,
        before_send_transaction=before_send_transaction,
        spotlight=False,
        shutdown_timeout=2,
    )
