"""What the SDK's own tests expect, as a table: each expectation is met, or differs by a rule.

The expectations are those of the test-suite of sentry-sdk 2.75 that make sense in a service: of
its integrations for FastAPI, Starlette, ASGI, logging, SQLAlchemy and httpx, and of its scrubber.
A row is a function; its docstring is what the SDK's tests expect, `because` the rule by which this
standard does something else, which the function then checks.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from app.observability.testing import RecordingTransport

Events = list[dict[str, Any]]

# sentry-sdk 3 has other names for these.
_logging: Any = import_module("sentry_sdk.integrations.logging")
ignore_events = getattr(_logging, "ignore_logger_for_events", _logging.ignore_logger)
ignore_logs = getattr(_logging, "ignore_logger_for_sentry_logs", _logging.ignore_logger)
heed_events = getattr(_logging, "unignore_logger_for_events", _logging.unignore_logger)
heed_logs = getattr(_logging, "unignore_logger_for_sentry_logs", _logging.unignore_logger)


class Seen:
    """An application with the routes that a row adds, and what Sentry gets of it."""

    def __init__(self, app: FastAPI, transport: RecordingTransport) -> None:
        self.app = app
        self.transport = transport
        self.client = TestClient(app)

    @property
    def events(self) -> Events:
        return self.transport.events

    @property
    def event(self) -> dict[str, Any]:
        [event] = self.events
        return event

    def fails(self, method: str, path: str, route: str = "/fails", **options: Any) -> Any:
        """Call a route that reads its body and fails; return the event's request."""

        @self.app.api_route(route, methods=[method])
        async def fail(request: Request) -> None:
            await request.body()
            raise ValueError("fails")

        self.client.request(method, path, **options)
        return self.event["request"]


Row = Callable[..., None]


class Table:
    """Rows of expectations, in the order of their definition."""

    def __init__(self, of: str) -> None:
        self.of = of
        self.rows: list[Any] = []

    def met(self, row: Row) -> Row:
        """Add a row that is met as the SDK's tests have it."""
        return self._add(row, "met")

    def differs(self, because: str) -> Callable[[Row], Row]:
        """Add a row for which this standard has another rule."""
        return lambda row: self._add(row, because)

    def _add(self, row: Row, rule: str) -> Row:
        assert row.__doc__ and rule
        self.rows.append(pytest.param(row, id=f"{self.of}: {row.__name__}"))
        return row
