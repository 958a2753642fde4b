"""Test what your service tells Sentry: a fixture for pytest.

    def test_a_lost_message_is_p1(client, captured_events):
        client.post("/api/messages", json=...)
        [event] = captured_events
        assert event["tags"]["priority"] == "P1"

`tests/conftest.py` names this module in `pytest_plugins`. Nothing is sent anywhere.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import sentry_sdk
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from .capture import guard
from .sdk import init_sentry
from .sessions import sessions
from .settings import SentrySettings

DSN = "https://0123456789abcdef0123456789abcdef@sentry.invalid/1"


class RecordingTransport(Transport):
    """Keeps envelopes as they would leave the process."""

    def __init__(self) -> None:
        super().__init__()
        self.envelopes: list[Envelope] = []
        self.events: list[dict[str, Any]] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        self.envelopes.append(envelope)
        if event := envelope.get_event():
            self.events.append(dict(event))


@pytest.fixture
def sentry_settings() -> SentrySettings:
    """The settings that `captured_events` starts Sentry with; override it to test others."""
    return SentrySettings(environment="test", sentry_dsn=DSN, sentry_traces_sample_rate=0)


@pytest.fixture
def sentry_transport(sentry_settings: SentrySettings) -> Iterator[RecordingTransport]:
    """All envelopes of the test: errors, transactions, logs, sessions."""
    guard.reset()
    sessions.reset()
    init_sentry(sentry_settings)
    client = sentry_sdk.get_client()
    assert client.transport
    client.transport.kill()
    client.transport = transport = RecordingTransport()
    with sentry_sdk.isolation_scope():
        yield transport
    client.close(timeout=0)
    sentry_sdk.get_global_scope().set_client(None)


@pytest.fixture
def captured_events(sentry_transport: RecordingTransport) -> list[dict[str, Any]]:
    """The error events and messages of the test, in order, scrubbed as Sentry would get them."""
    return sentry_transport.events
