"""Test what your service tells Sentry: a fixture for pytest.

    def test_a_lost_message_is_p1(client, captured_events):
        client.post("/api/messages", json=...)
        [event] = captured_events
        assert event["tags"]["priority"] == "P1"

`tests/conftest.py` names this module in `pytest_plugins`. Nothing is sent anywhere.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sentry_sdk

from .sdk.names import Envelope, Transport, without_threads
from .sdk.start import init_sentry
from .settings import SentrySettings

DSN = "https://0123456789abcdef0123456789abcdef@sentry.invalid/1"


class RecordingTransport(Transport):
    """Keeps envelopes as they would leave the process."""

    def __init__(self, prepare: Callable[[Envelope], Envelope | None]) -> None:
        super().__init__()
        self._prepare = prepare
        self.envelopes: list[Envelope] = []
        self.events: list[dict[str, Any]] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        if prepared := self._prepare(envelope):
            self.envelopes.append(prepared)
            self.events += self.payloads("event", prepared)

    def payloads(self, kind: str, *envelopes: Envelope) -> list[dict[str, Any]]:
        """Return the items of a kind: of these envelopes, or of all."""
        found = [item for envelope in envelopes or self.envelopes for item in envelope.items]
        return [json.loads(item.get_bytes()) for item in found if item.type == kind]

    def spans(self) -> list[dict[str, Any]]:
        """Return the spans of the test, their attributes as plain values."""
        sentry_sdk.flush()
        spans = [span for batch in self.payloads("span") for span in batch["items"]]
        for span in spans:
            told = span["attributes"].items()
            span["attributes"] = {name: attribute["value"] for name, attribute in told}
        return spans

    def requests(self) -> list[dict[str, Any]]:
        """Return the spans that are a request, a websocket or a trace of its own."""
        return [span for span in self.spans() if span["is_segment"]]


@pytest.fixture
def sentry_settings() -> SentrySettings:
    """The settings that `captured_events` starts Sentry with; override it to test others."""
    return SentrySettings(environment="test", sentry_dsn=DSN, sentry_traces_sample_rate=0)


@contextmanager
def recording() -> Iterator[RecordingTransport]:
    """Keep what the Sentry that `init_sentry` started sends; it is closed at the end."""
    client = sentry_sdk.get_client()
    delivery: Any = client.transport
    delivery.kill()
    client.transport = transport = RecordingTransport(delivery.prepare)
    transport.parsed_dsn = delivery.parsed_dsn  # its key is told to callees
    without_threads(client)  # what is flushed is there at once
    with sentry_sdk.isolation_scope():
        yield transport
    client.close(timeout=0)
    sentry_sdk.get_global_scope().set_client(None)


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
