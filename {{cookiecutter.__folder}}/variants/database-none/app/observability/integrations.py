"""The SDK's integrations in use: an explicit list, whatever else is installed."""

import logging

from sentry_sdk.integrations import Integration
from sentry_sdk.integrations.fastapi import FastApiIntegration
from sentry_sdk.integrations.logging import LoggingIntegration
from sentry_sdk.integrations.starlette import StarletteIntegration


def integrations() -> list[Integration]:
    """Make the integrations for one `init`."""
    # A 5xx that is answered on purpose is reported where it is answered, with its event's id.
    return [
        StarletteIntegration(middleware_spans=False, failed_request_status_codes=set()),
        FastApiIntegration(middleware_spans=False, failed_request_status_codes=set()),
        LoggingIntegration(level=logging.INFO, event_level=logging.ERROR),
    ]
