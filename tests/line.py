"""The standard's transport against a receiver that is in trouble, for the tests of the line."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from threading import Event
from typing import Any

import pytest
import sentry_sdk
from sentry_sdk.envelope import Envelope, Item, PayloadRef

from demo.receiver import Receiver
from tests.the_standard import Standard, standard

__all__ = ["standard"]

Connect = Callable[..., Any]


class Sentry:
    """A client of the SDK with the standard's transport, and short ways to use it."""

    def __init__(
        self, delivery: Any, receiver: Receiver, prepare: Any = lambda envelope: envelope
    ) -> None:
        self.receiver = receiver
        self.client = sentry_sdk.Client(
            dsn=receiver.dsn, default_integrations=False, transport=delivery(prepare)
        )
        self.transport: Any = self.client.transport

    def put(self, kind: str, number: int = 1, **payload: Any) -> None:
        """Hand over envelopes of one item each, which carry their number."""
        for n in range(number):
            item = Item(PayloadRef(json={"number": n, **payload}), type=kind)
            self.transport.capture_envelope(Envelope(items=[item]))

    def errors(self, number: int = 1) -> None:
        self.put("event", number, level="error")

    def wait_until_prepared(self) -> None:
        self.transport._to_prepare.wait(time.monotonic() + 20)

    def messages(self, number: int = 1) -> None:
        self.put("event", number, level="info")


@pytest.fixture
def connect(standard: Standard) -> Iterator[Connect]:
    clients: list[Sentry] = []

    def connect(receiver: Receiver, **options: Any) -> Sentry:
        clients.append(Sentry(standard.delivery.transport.delivery, receiver, **options))
        return clients[-1]

    yield connect
    for sentry in clients:
        sentry.transport.kill()


def wait_until(condition: Callable[[], Any], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def kinds(receiver: Receiver) -> list[str]:
    """What arrived, in its order; an event by its level."""
    events = iter(receiver.payloads("event"))
    return [next(events)["level"] if i.type == "event" else i.type for i in receiver.items]


def answer(status: str, *headers: str, body: bytes = b"") -> list[bytes]:
    length = f"Content-Length: {len(body)}"
    lines = [f"HTTP/1.1 {status}", length, "Connection: close", *headers, "", ""]
    return ["\r\n".join(lines).encode(), body]


class Attempts:
    """A trouble that counts, and ends after what it was given."""

    def __init__(self, *answers: Any) -> None:
        self.number = 0
        self._answers = list(answers)

    def __call__(self) -> int | Iterable[bytes] | None:
        self.number += 1
        answer = self._answers.pop(0) if self._answers else None
        if isinstance(answer, type):
            raise answer
        return answer


def held_back(sentry: Sentry) -> Counter[tuple[str, str]]:
    """What client reports tell as lost, by category and reason."""
    sentry.transport.flush(10)
    lost: Counter[tuple[str, str]] = Counter()
    for report in sentry.receiver.payloads("client_report"):
        for event in report["discarded_events"]:
            lost[event["category"], event["reason"]] += event["quantity"]
    return lost


class Gate:
    """A trouble that lets nothing through until it is opened."""

    def __init__(self) -> None:
        self.waiting = 0
        self.open = Event()

    def __call__(self) -> None:
        self.waiting += 1
        self.open.wait(120)
