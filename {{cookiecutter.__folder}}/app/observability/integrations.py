"""The SDK's integrations in use: an explicit list, whatever else is installed."""

import logging
from importlib.util import find_spec

from sentry_sdk.integrations import Integration
from sentry_sdk.integrations.fastapi import FastApiIntegration
from sentry_sdk.integrations.logging import LoggingIntegration
from sentry_sdk.integrations.starlette import StarletteIntegration


class _Starlette(StarletteIntegration):
    """Named in every event, but without its patches: middleware.py does the same for less."""

    @staticmethod
    def setup_once() -> None:
        """Patch nothing. The patches cost more than everything else the SDK does in a request."""


class _FastApi(FastApiIntegration):
    """As above."""

    @staticmethod
    def setup_once() -> None:
        """Patch nothing."""


def integrations(log_level: str) -> list[Integration]:
    """Make the integrations for one `init`; `log_level` is SENTRY_LOG_LEVEL."""
    wanted: list[Integration] = [
        _Starlette(failed_request_status_codes=set(), http_methods_to_capture=()),
        _FastApi(failed_request_status_codes=set(), http_methods_to_capture=()),
        LoggingIntegration(
            level=logging.INFO,  # breadcrumbs
            event_level=None,  # logs.py reports errors
            capture_sentry_logs=log_level != "off",
            sentry_logs_level=None if log_level == "off" else getattr(logging, log_level.upper()),
        ),
    ]
    # Not every service has these; the SDK's modules can't be imported without them.
    if find_spec("sqlalchemy"):
        from sentry_sdk.integrations.sqlalchemy import SqlalchemyIntegration

        wanted.append(SqlalchemyIntegration())
    if find_spec("httpx"):
        from sentry_sdk.integrations.httpx import HttpxIntegration

        wanted.append(HttpxIntegration())
    return wanted
