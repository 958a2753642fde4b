"""What leaves, kept instead of sent: for tests, and for whoever wants to see it first."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import sentry_sdk

from .names import Envelope, Transport, without_threads

# For what is never sent: the name doesn't resolve.
DSN: Final = "https://0123456789abcdef0123456789abcdef@sentry.invalid/1"


class RecordingTransport(Transport):
    """Keeps envelopes as they would leave the process."""

    def __init__(self, prepare: Callable[[Envelope], Envelope]) -> None:
        super().__init__()
        self._prepare = prepare
        self.envelopes: list[Envelope] = []
        self.events: list[dict[str, Any]] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        prepared = self._prepare(envelope)
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
