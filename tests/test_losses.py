"""What is lost is counted as the SDK counts it, and told in one line."""

import re
from collections import Counter
from threading import current_thread
from types import SimpleNamespace
from typing import Any

import pytest
import sentry_sdk
from sentry_sdk.envelope import Envelope, Item, PayloadRef

from demo.receiver import Receiver
from tests.envelopes import Scrubber
from tests.line import (
    Attempts,
    Connect,
    Gate,
    connect,
    held_back,
    kinds,
    standard,
    wait_until,
)
from tests.the_standard import Standard

__all__ = ["connect", "standard"]


def test_what_can_not_be_prepared_does_not_leave(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
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
    assert "could not be prepared (LookupError) (1 x). Lost: 1 event." in caplog.text


def test_what_is_only_made_shorter_is_not_lost_and_what_is_left_out_is(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    threads = []

    def prepare(envelope: Envelope) -> Envelope:
        if envelope.items[0].type != "log":
            return envelope
        threads.append(current_thread())
        return Envelope(
            items=[Item(PayloadRef(json={}), type="log"), Item(b"short", type="attachment")]
        )

    with Receiver() as receiver:
        sentry = connect(receiver, prepare=prepare)
        log = Item(PayloadRef(json={"items": ["long" * 9]}), type="log")
        attachment = Item(b"too long", type="attachment")
        sentry.transport.capture_envelope(Envelope(items=[log, attachment]))
        sentry.transport.flush(10)
        assert caplog.messages == [] and kinds(receiver) == ["log", "attachment"]
        sentry.transport.capture_envelope(Envelope(items=[log, attachment, log]))
        assert held_back(sentry) == {("log_item", "send_error"): 1}
    assert "too large, or invalid (1 x). Lost: 1 log." in caplog.text
    # Batches come from a thread of the SDK's, in which they may as well be prepared.
    assert set(threads) == {current_thread()}


def test_what_is_lost_is_counted_as_the_sdk_counts_it(standard: Standard) -> None:
    payload, batch = {"items": ["한글"] * 3}, {"item_count": 3}
    items = [Item(PayloadRef(json=payload), type=k) for k in ("event", "span", "profile_chunk")]
    items += [Item(PayloadRef(json=payload), type=k) for k in ("sessions", "check_in")]
    items += [
        Item(PayloadRef(json=payload), batch, type=k) for k in ("span", "log", "trace_metric")
    ]
    items += [Item(PayloadRef(json=payload), type="event")]  # another one
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


def test_a_log_that_is_too_large_is_counted(connect: Connect, standard: Standard) -> None:
    many = {f"a{n}": "x" * 1_900 for n in range(600)}
    batch = Item(PayloadRef(json={"items": [many]}), type="log", headers={"item_count": 1})
    with Receiver() as receiver:
        prepared = standard.delivery.envelopes.prepared
        sentry = connect(receiver, prepare=lambda envelope: prepared(envelope, Scrubber()))
        sentry.transport.capture_envelope(Envelope(items=[batch]))
        assert held_back(sentry) == {("log_item", "send_error"): 1}


def test_all_that_is_unsent_is_told(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    gate = Gate()
    with Receiver(trouble=gate) as receiver:
        sentry = connect(receiver)
        sentry.errors(3)
        wait_until(lambda: gate.waiting == 3)
        sentry.transport.tell_unsent()
        gate.open.set()
        assert "Lost: 3 events" in caplog.records[0].message


def test_so_is_what_is_not_prepared_yet(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    gate = Gate()

    def prepare(envelope: Envelope) -> Envelope:
        gate()
        return envelope

    with Receiver() as receiver:
        sentry = connect(receiver, prepare=prepare)
        sentry.errors(3)
        wait_until(lambda: gate.waiting)
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
    assert lines[-1][1] == "Sentry at sentry.example.com gets everything again"


def test_a_loss_is_told_with_what_to_do(
    standard: Standard, caplog: pytest.LogCaptureFixture
) -> None:
    losses = standard.delivery.losses.Losses("sentry.example.com")
    for lost in (Counter(span=3, log_byte=9), Counter(error=1, replay=2), None):
        losses.add("HTTP 503", lost)
    losses.add("timed out")
    losses.tell()
    assert caplog.messages == [
        "Sentry at sentry.example.com does not get everything: HTTP 503 (3 x), timed out (1 x). "
        "Lost: 1 event, 2 replays, 3 spans. Is Sentry, or the proxy before it, in trouble?"
    ]


@pytest.mark.parametrize(
    ("lost", "lowers"),
    [("span", True), ("log_item", True), ("profile_chunk", True), ("error", False)],
)
def test_what_to_do_depends_on_what_is_too_much(
    standard: Standard, caplog: pytest.LogCaptureFixture, lost: str, lowers: bool
) -> None:
    losses = standard.delivery.losses.Losses("sentry.example.com")
    losses.add(standard.delivery.losses.QUEUE_FULL, Counter({lost: 1}))
    losses.tell()
    [told] = caplog.messages
    assert ("SENTRY_TRACES_SAMPLE_RATE" in told) == lowers
    assert told.endswith("Can sentry.example.com be reached from here?") != lowers


def test_so_is_what_is_lost_by_many_causes_or_not_yet(
    standard: Standard, caplog: pytest.LogCaptureFixture
) -> None:
    losses = standard.delivery.losses.Losses("sentry.example.com")
    for number in range(7):
        losses.add(f"cause {number}")
    losses.tell()
    assert caplog.messages == [
        f"Sentry at sentry.example.com does not get everything: "
        f"{', '.join(f'cause {number} (1 x)' for number in range(5))}. "
        "Lost: nothing yet, it is tried again. Can sentry.example.com be reached from here?"
    ]


def test_a_delivery_ends_the_trouble(
    connect: Connect,
    caplog: pytest.LogCaptureFixture,
    standard: Standard,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(standard.delivery.losses, "INTERVAL", 0.0)
    with Receiver(trouble=Attempts(403)) as receiver:
        sentry = connect(receiver)
        sentry.errors()
        sentry.transport.flush(10)  # the client report is what arrives
    assert ["again" in line for line in caplog.messages] == [False, True]
