"""The SDK's names beyond its top level, as sentry-sdk 2.72 to 2.75 and 3.0 have them.

What has another name in 3.0 is asked for by the name, never by the version.
"""

import logging
from importlib import import_module
from typing import Any, Final

from sentry_sdk.envelope import Envelope, Item, PayloadRef
from sentry_sdk.scope import use_scope
from sentry_sdk.transport import Transport

__all__ = [
    "Envelope",
    "Item",
    "PayloadRef",
    "Transport",
    "logging_options",
    "logs_handler",
    "use_scope",
    "without_threads",
]

_LOGGING: Final[Any] = import_module("sentry_sdk.integrations.logging")
_IS_NEW: Final = hasattr(_LOGGING, "ignore_logger_for_events")


def logging_options(logs_level: int | None) -> dict[str, Any]:
    """Return what `LoggingIntegration` takes for Sentry Logs from a level on, and nothing else."""
    if _IS_NEW:
        return {"level": logs_level, "event_level": None, "breadcrumb_level": None}
    is_on = logs_level is not None
    logs = {"sentry_logs_level": logs_level, "capture_sentry_logs": is_on}
    return {"level": None, "event_level": None, **logs}


def logs_handler(integration: Any) -> logging.Handler | None:
    """Return what a `LoggingIntegration` sends to Sentry Logs with, None if that is off."""
    name = "_logs_handler" if _IS_NEW else "_sentry_logs_handler"
    handler: logging.Handler | None = getattr(integration, name)
    return handler


def without_threads(client: Any) -> None:
    """Have a client's streamed spans wait for `flush` instead of for a thread: for tests."""
    batcher = client.span_batcher
    batcher._ensure_thread, batcher._flusher = (lambda: True), batcher
