"""Test what your service tells Sentry: a fixture for pytest.

    def test_what_fails_is_p1(client: TestClient, captured_events: list[dict[str, Any]]) -> None:
        client.post("/api/messages", json={"persona": "mentor", "text": "Hello"})
        [event] = captured_events
        assert event["tags"]["priority"] == "P1"

`tests/conftest.py` names this module in `pytest_plugins`. Nothing is sent anywhere.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from .sdk.recording import DSN, RecordingTransport, recording
from .sdk.start import init_sentry
from .settings import SentrySettings

__all__ = ["DSN", "RecordingTransport", "recording"]


@pytest.fixture
def sentry_settings() -> SentrySettings:
    """The settings that `captured_events` starts Sentry with; override it to test others."""
    return SentrySettings(environment="test", sentry_dsn=DSN, sentry_traces_sample_rate=0)


@pytest.fixture
def sentry_transport(sentry_settings: SentrySettings) -> Iterator[RecordingTransport]:
    """All envelopes of the test: errors, traces, logs, sessions."""
    init_sentry(sentry_settings)
    with recording() as transport:
        yield transport


@pytest.fixture
def captured_events(sentry_transport: RecordingTransport) -> list[dict[str, Any]]:
    """The error events and messages of the test, in order, scrubbed as Sentry would get them."""
    return sentry_transport.events
