"""What leaves, leaves in order, again where it helps, and never where a receiver wants it to go."""

import itertools
import json
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from threading import Event, current_thread
from types import SimpleNamespace
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


def test_the_most_important_goes_first(
    connect: Connect, standard: Standard, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One connection for errors, one for all: what arrives on the second is in order.
    monkeypatch.setattr(standard.delivery.transport, "CONNECTIONS", 2)
    gate = Gate()
    with Receiver(trouble=gate) as receiver:
        sentry = connect(receiver)
        for kind in ("profile_chunk", "span", "log"):
            sentry.put(kind, 8)
        wait_until(lambda: gate.waiting == 1)
        sentry.messages(8)
        sentry.put("sessions")
        sentry.errors(8)
        wait_until(lambda: gate.waiting == 2)
        sentry.wait_until_prepared()
        gate.open.set()
        sentry.transport.flush(10)
    arrived = [
        (json.loads(item.payload).get("level", item.type), json.loads(item.payload)["number"])
        for item in receiver.items
    ]
    expected = [("info", n) for n in range(8)] + [("sessions", 0)]
    for kind in ("log", "span", "profile_chunk"):
        expected += [(kind, n) for n in range(8)]
    under_way = next(item for item in arrived if item[0] != "error")
    arrived.remove(under_way)
    expected.remove(under_way)
    assert [item for item in arrived if item[0] != "error"] == expected
    behind = arrived[arrived.index(expected[0]) :]
    assert sum(kind == "error" for kind, _ in behind) <= 1  # which was in hand already
    assert sum(kind == "error" for kind, _ in arrived) == 8


def test_nothing_takes_the_room_of_an_error_and_what_is_lost_is_counted(connect: Connect) -> None:
    gate = Gate()
    with Receiver(trouble=gate) as receiver:
        sentry = connect(receiver)
        for kind in ("span", "log", "profile_chunk"):
            sentry.put(kind, 700)
            sentry.wait_until_prepared()
        sentry.messages(700)
        sentry.wait_until_prepared()
        sentry.errors(500)
        gate.open.set()
        lost = held_back(sentry)
        arrived = Counter(kinds(receiver))
    assert arrived["error"] == 500
    assert lost["error", "queue_overflow"] == 700 - arrived["info"] > 0
    assert lost["log_item", "queue_overflow"] == 700 - arrived["log"] > 0
    assert lost["span", "queue_overflow"] == 700 - arrived["span"] > 0


def test_bytes_are_bounded_too(connect: Connect) -> None:
    gate = Gate()
    with Receiver(trouble=gate) as receiver:
        sentry = connect(receiver)

        def put_large(number: int) -> None:
            for _ in range(number):  # which compression makes no smaller
                item = Item(os.urandom(1_000_000), type="attachment")
                event = Item(PayloadRef(json={"level": "error"}), type="event")
                sentry.transport.capture_envelope(Envelope(items=[event, item]))

        put_large(60)
        sentry.wait_until_prepared()
        gate.open.set()
        lost = held_back(sentry)
        assert 30 < kinds(receiver).count("error") < 36
        assert lost["error", "queue_overflow"] == 60 - kinds(receiver).count("error")
        before = kinds(receiver).count("error")
        put_large(2)  # there is room again
        sentry.transport.flush(10)
        assert kinds(receiver).count("error") == before + 2


def test_the_share_of_traces_falls_smoothly_as_their_room_fills(connect: Connect) -> None:
    gate = Gate()
    with Receiver(trouble=gate) as receiver:
        sentry = connect(receiver)
        shares = [sentry.transport.share()]
        for _ in range(120):
            sentry.put("span")
            sentry.wait_until_prepared()
            shares.append(sentry.transport.share())
        assert shares == sorted(shares, reverse=True)
        assert shares[:20] == [1.0] * 20 and shares[-1] == 0.0
        assert max(a - b for a, b in itertools.pairwise(shares)) < 0.05
        gate.open.set()
        sentry.transport.flush(10)
        assert sentry.transport.share() == 1.0


@pytest.mark.parametrize(
    ("limits", "share"),
    [("60:log_item:key", 1), ("60:transaction:key", 0), ("60:span:key", 0), ("60::key", 0)],
)
def test_a_rate_limit_stops_only_its_category(connect: Connect, limits: str, share: int) -> None:
    limited = answer("200 OK", f"X-Sentry-Rate-Limits: {limits}")
    with Receiver(trouble=Attempts(limited)) as receiver:
        sentry = connect(receiver)
        sentry.messages()
        sentry.transport.flush(5)
        assert sentry.transport.share() == share
        for kind in ("log", "span", "sessions", "profile_chunk"):
            sentry.put(kind)
        sentry.transport.flush(5)
        stopped = {"log_item": "log", "span": "span"}.get(limits.split(":")[1])
        expected = {"log", "span", "sessions", "profile_chunk"} - {stopped}
        assert set(kinds(receiver)) - {"client_report"} == (expected if limits[3] != ":" else set())


@pytest.mark.parametrize("seconds", [1, 2])
def test_errors_wait_for_the_end_of_a_rate_limit(connect: Connect, seconds: int) -> None:
    with Receiver(
        trouble=(attempts := Attempts(answer("429 Slow", f"Retry-After: {seconds}")))
    ) as receiver:
        sentry = connect(receiver)
        began = time.monotonic()
        sentry.errors()
        wait_until(lambda: attempts.number)
        sentry.errors(3)
        sentry.put("span")
        sentry.transport.flush(20)
        assert time.monotonic() - began >= seconds - 0.1
        assert kinds(receiver).count("error") == 4
        assert held_back(sentry) == {("span", "ratelimit_backoff"): 1}


@pytest.mark.parametrize("failure", [500, 502, 503, 504, ConnectionAbortedError, [b"HTTP/1.1 "]])
def test_what_may_go_well_later_is_tried_again(connect: Connect, failure: Any) -> None:
    with Receiver(trouble=(attempts := Attempts(failure, failure))) as receiver:
        sentry = connect(receiver)
        sentry.errors()
        wait_until(lambda: attempts.number)
        sentry.messages()  # not behind what waits for its next attempt
        wait_until(lambda: "info" in kinds(receiver) or attempts.number > 1)
        receiver.wait_for("event", 2)
        assert sorted(kinds(receiver)) == ["error", "info"]
        assert attempts.number == 4


def test_who_waits_for_the_end_need_not_wait_for_pauses(connect: Connect) -> None:
    with Receiver(trouble=(attempts := Attempts(500, 500, 500))) as receiver:
        sentry = connect(receiver)
        sentry.errors()
        for number in (1, 2, 3):
            wait_until(lambda n=number: attempts.number == n)  # type: ignore[misc]
            sentry.transport.flush(0.5)
        wait_until(lambda: kinds(receiver) == ["error"], seconds=0.5)


def test_nobody_waits_for_what_can_not_come_in_time(connect: Connect) -> None:
    with Receiver(trouble=Attempts(answer("429 Slow", "Retry-After: 60"))) as receiver:
        sentry = connect(receiver)
        sentry.errors()
        began = time.monotonic()
        sentry.transport.flush(50)
        assert time.monotonic() - began < 25


def test_who_waits_for_the_end_waits_for_one_more_attempt_only(connect: Connect) -> None:
    with Receiver(trouble=lambda: 503) as receiver:
        sentry = connect(receiver)
        sentry.errors(3)
        began = time.monotonic()
        sentry.transport.flush(30)
        assert time.monotonic() - began < 12


def test_patience_has_an_end(
    connect: Connect, standard: Standard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standard.delivery.transport, "PATIENCE", 0.5)
    with Receiver(trouble=Attempts(500)) as receiver:
        sentry = connect(receiver)
        sentry.errors()
        assert held_back(sentry) == {("error", "network_error"): 1}


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 413])
def test_what_can_not_go_well_is_not_tried_again(connect: Connect, status: int) -> None:
    with Receiver(trouble=(attempts := Attempts(status))) as receiver:
        sentry = connect(receiver)
        sentry.errors()
        assert held_back(sentry) == {("error", "send_error"): 1}
        assert attempts.number == 2  # the report is the second


def test_what_is_not_worth_it_is_not_tried_again(connect: Connect) -> None:
    with Receiver(trouble=(attempts := Attempts(500, 500, 500))) as receiver:
        sentry = connect(receiver)
        for kind in ("span", "log", "profile_chunk"):
            sentry.put(kind)
        wait_until(lambda: attempts.number == 3)
        lost = held_back(sentry)
        assert lost == dict.fromkeys(
            [(c, "network_error") for c in ("span", "log_item", "profile_chunk")], 1
        ) | {("log_byte", "network_error"): len('{"number":0}')}


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
def test_a_redirect_is_not_followed(connect: Connect, status: str) -> None:
    with Receiver() as other, Receiver() as receiver:
        location = f"Location: http://127.0.0.1:{other.port}/api/1/envelope/"
        receiver.trouble = Attempts(answer(status, location))
        other.trouble = attempts = Attempts()
        sentry = connect(receiver)
        sentry.errors()
        sentry.transport.flush(5)
        assert attempts.number == 0
        assert kinds(receiver) == ["client_report"]


def drip(pieces: Iterable[bytes]) -> Iterator[bytes]:
    with suppress(ConnectionError):
        for piece in pieces:
            yield piece
            time.sleep(0.2)


@pytest.mark.parametrize("part", ["headers", "body"])
def test_an_answer_that_drips_does_not_hold_a_worker(
    connect: Connect, standard: Standard, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    monkeypatch.setattr(standard.delivery.transport.Delivery, "TIMEOUT", 1)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n" + (b"\r\n" if part == "body" else b"X: ")
    dripping = itertools.chain([head], itertools.repeat(b"x", 300))
    with Receiver(trouble=(attempts := Attempts(drip(dripping)))) as receiver:
        sentry = connect(receiver)
        sentry.errors()
        began = time.monotonic()
        sentry.transport.flush(30)
        assert time.monotonic() - began < 15
        # The status says what became of it; where none came, it is sent again.
        assert attempts.number == (1 if part == "body" else 2)


def test_a_receiver_that_hangs_is_given_up_soon(connect: Connect) -> None:
    gate = Gate()
    with Receiver(trouble=gate) as receiver:
        sentry = connect(receiver)
        sentry.errors()
        wait_until(lambda: gate.waiting == 1)
        receiver.trouble = lambda: None
        sentry.transport.flush(20)  # the default of the SDK is 30 seconds
        assert kinds(receiver) == ["error"]
        gate.open.set()


def test_an_answer_of_400_mb_is_not_read(connect: Connect) -> None:
    sent = 0

    def huge() -> Iterator[bytes]:
        nonlocal sent
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 400000000\r\n\r\n"
        for _ in range(4000):
            yield b"x" * 100_000
            sent += 100_000

    with Receiver(trouble=(attempts := Attempts(huge()))) as receiver:
        sentry = connect(receiver)
        sentry.errors()
        sentry.transport.flush(10)
        sentry.errors()
        sentry.transport.flush(10)
        assert attempts.number == 2 and kinds(receiver) == ["error"]
        assert sent < 40_000_000  # what buffers of sockets take


def test_headers_that_make_no_sense_do_no_harm(connect: Connect) -> None:
    nonsense = [
        answer("429 Slow", "Retry-After: soon"),
        answer("200 OK", "X-Sentry-Rate-Limits: 9" + "9" * 40 + ":error:key"),
        answer("200 OK", "X-Sentry-Rate-Limits: ,:;,::::,-1:error:key,x:y"),
        answer("200 OK", "Content-Encoding: gzip", body=b"no gzip"),
    ]
    for number, pieces in enumerate(nonsense):
        with Receiver(trouble=(attempts := Attempts(pieces))) as receiver:
            sentry = connect(receiver)
            sentry.errors()
            wait_until(lambda: attempts.number == 1)
            sentry.errors()
            receiver.wait_for("event", 2 if number == 0 else 1)


def test_what_can_not_be_prepared_does_not_leave(connect: Connect) -> None:
    threads = set()

    def prepare(envelope: Envelope) -> Envelope:
        threads.add(current_thread())
        event = envelope.get_event() or {}
        if event.get("number") == 1:
            raise LookupError
        return envelope

    with Receiver() as receiver:
        sentry = connect(receiver, prepare=prepare)
        sentry.errors(4)
        assert held_back(sentry) == {("error", "internal_sdk_error"): 1}
        assert {event["number"] for event in receiver.payloads("event")} == {0, 2, 3}
        assert len(threads) == 1 and current_thread() not in threads


def test_what_is_lost_is_counted_as_the_sdk_counts_it(standard: Standard) -> None:
    payload, batch = {"items": ["한글"] * 3}, {"item_count": 3}
    items = [Item(PayloadRef(json=payload), type=k) for k in ("event", "span", "profile_chunk")]
    items += [Item(PayloadRef(json=payload), type=k) for k in ("sessions", "check_in")]
    items += [
        Item(PayloadRef(json=payload), batch, type=k) for k in ("span", "log", "trace_metric")
    ]
    items += [Item(b"\xff" * 9, type="attachment"), Item(b"", type="attachment")]
    client = sentry_sdk.Client(dsn="https://0@sentry.invalid/1", default_integrations=False)
    theirs: Any = client.transport
    for item in items:
        theirs.record_lost_event("network_error", item=item)
    contents = standard.delivery.envelopes.contents(Envelope(items=items))
    assert contents["log_byte"] == contents["trace_metric_byte"] == len(items[0].get_bytes())
    assert contents == {category: n for (category, _), n in theirs._discarded_events.items()}
    invalid = Item(PayloadRef(json={"items": [float("nan")]}), type="log")
    assert standard.delivery.envelopes.contents(Envelope(items=[invalid])) == {"log_item": 1}


def test_a_loss_is_told_in_one_line(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    with Receiver(trouble=lambda: 403) as receiver:
        sentry = connect(receiver)
        sentry.errors(20)
        sentry.put("log", 10)
        sentry.transport.flush(5)
        [record] = caplog.records
        assert (record.name, record.levelname) == ("app.observability", "WARNING")
        assert "HTTP 403" in record.message and "SENTRY_DSN" in record.message
        sentry.transport.tell_unsent()
        sentry.transport.tell_unsent()
        _, rest = caplog.records
        said = f"{record.message} {rest.message}"
        assert sum(map(int, re.findall(r"Lost: (\d+) event", said))) == 20
        assert sum(map(int, re.findall(r"(\d+) log", said))) == 10 and "byte" not in said


def test_what_the_sdk_loses_is_counted_and_told(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    with Receiver() as receiver:
        sentry = connect(receiver)
        sentry.transport.record_lost_event("sample_rate", "error")
        logs = PayloadRef(json={"items": [{}, {}]})
        batch = Item(logs, type="log", headers={"item_count": 2})
        sentry.transport.record_lost_event("queue_overflow", "log_item", item=batch)
        sentry.transport.tell_unsent()
        [record] = caplog.records
        assert "Lost: 2 logs" in record.message
        lost = held_back(sentry)
        assert (lost["error", "sample_rate"], lost["log_item", "queue_overflow"]) == (1, 2)


def test_all_that_is_unsent_is_told(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    gate = Gate()
    with Receiver(trouble=gate) as receiver:
        sentry = connect(receiver)
        sentry.errors(3)
        wait_until(lambda: gate.waiting == 3)
        sentry.transport.tell_unsent()
        gate.open.set()
        assert "Lost: 3 events" in caplog.records[0].message


def test_losses_are_told_once_a_minute_and_so_is_their_end(
    standard: Standard, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(standard.delivery.losses, "time", SimpleNamespace(monotonic=lambda: now))
    losses = standard.delivery.losses.Losses("sentry.example.com")
    lines = []
    for second in range(400):
        now = 1000.0 + second
        if second < 150:
            losses.add("HTTP 503", Counter(error=1, span=3))
        losses.tell(delivered=second >= 150)
        lines += [(second, record.message) for record in caplog.records]
        caplog.clear()
    assert [second for second, _ in lines] == [0, 60, 120, 180, 240]
    assert [re.findall(r"Lost: (\d+) event", line) for _, line in lines] == [
        *(["1"], ["60"], ["60"], ["29"]),
        [],
    ]
    assert "again" in lines[-1][1]
