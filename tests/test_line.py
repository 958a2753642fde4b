"""What leaves, leaves in order, and an error's place is taken by nothing."""

import itertools
import json
import os
import time
from collections import Counter
from threading import Barrier, Event, Thread, current_thread, main_thread
from typing import Any

import pytest
from sentry_sdk.envelope import Envelope, Item, PayloadRef

from demo.receiver import Receiver
from tests.line import Connect, Gate, connect, held_back, kinds, standard, wait_until
from tests.the_standard import Standard

__all__ = ["connect", "standard"]


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


def test_a_room_is_free_again_when_its_jobs_are_done(
    standard: Standard, caplog: pytest.LogCaptureFixture
) -> None:
    go_on, names = Event(), set()

    def work(job: str) -> None:
        names.add(current_thread().name)
        go_on.wait(20)
        if job == "fails":
            raise LookupError

    module = standard.delivery.line
    line = module.Line(work, [module.Room(2, 10)], workers=1)
    for _ in range(2):
        go_on.clear()
        assert line.put(0, "fails", 4) and not line.has_room(0, 7)
        assert line.put(0, "works", 6) and not line.put(0, "too many", 0)
        assert (line.fullness(0), sorted(line.unfinished())) == (1.0, ["fails", "works"])
        go_on.set()
        line.wait(time.monotonic() + 20)
        assert (line.fullness(0), line.unfinished()) == (0.0, [])
    assert caplog.messages == ["A delivery failed in a way that nobody thought of"] * 2
    assert names == {"ion-delivery"}
    assert not line.put(0, "too large", 11) and line.put(0, "as large as the room", 10)
    line.wait(time.monotonic() + 20)
    line.stop()
    assert not line.put(0, "works")


def test_who_sleeps_is_woken_before_another_is_started(standard: Standard) -> None:
    threads: set[Thread] = set()
    together = Barrier(2)

    def work(job: int) -> None:
        threads.add(current_thread())
        together.wait(20)

    module = standard.delivery.line
    line = module.Line(work, [module.Room(9, 9)], workers=4)
    for _ in range(5):
        assert line.put(0, 1) and line.put(0, 2)
        line.wait(time.monotonic() + 20)
        wait_until(lambda: line._idle == 2)
    assert len(threads) == 2
    together = Barrier(4)  # nobody is left asleep while jobs wait, either
    for job in range(4):
        line.put(0, job)
    line.wait(time.monotonic() + 20)
    assert len(threads) == 4 and line.unfinished() == []
    line.stop()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()


def test_a_worker_is_reserved_for_the_most_important(standard: Standard) -> None:
    go_on, begun = Event(), set[str]()

    def work(job: str) -> None:
        begun.add(job)
        go_on.wait(20)

    module = standard.delivery.line
    line = module.Line(work, [module.Room(9, 9), module.Room(9, 9)], workers=4, reserved=1)
    for job in ("a", "b", "c", "d"):
        assert line.put(1, job)
    wait_until(lambda: len(begun) + line._idle == 4)
    assert begun == {"a", "b", "c"}
    assert line.put(0, "error")
    wait_until(lambda: "error" in begun)
    go_on.set()
    line.wait(time.monotonic() + 20)
    assert len(begun) == 5
    line.stop()


def test_nobody_waits_for_a_line_that_was_stopped(standard: Standard) -> None:
    go_on, threads = Event(), []

    def work(job: int) -> None:
        threads.append(current_thread())
        go_on.wait(20)

    module = standard.delivery.line
    line = module.Line(work, [module.Room(9, 9)], workers=1)
    assert line.put(0, 1) and line.put(0, 2)
    wait_until(lambda: threads)
    line.stop()
    go_on.set()
    threads[0].join(20)
    assert line.unfinished() == [2]
    waits = Thread(target=line.wait, args=(time.monotonic() + 60,), daemon=True)
    waits.start()
    waits.join(20)
    assert not waits.is_alive()


def test_where_no_thread_can_be_started_who_waits_does_the_work(
    standard: Standard, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = standard.delivery.line
    monkeypatch.setattr(module, "start", lambda thread: False)
    done: list[str] = []

    def send(job: str) -> float | None:
        done.append(job)
        assert current_thread() is main_thread()
        return {"again": time.monotonic() + 0.05, "too late": 1e9}.get(job * (done.count(job) == 1))

    rooms = [module.Room(9, 9)] * 2
    to_send = module.Line(send, rooms, workers=2, reserved=1)
    to_prepare = module.Line(lambda job: to_send.put(*job) and None, rooms, workers=1)
    for rank, job in ((1, "lower"), (0, "again"), (0, "too late")):
        assert to_prepare.put(0, (rank, job))
    to_send.wait(time.monotonic() + 20)
    to_prepare.wait(time.monotonic())  # no time is left
    assert done == [] and len(to_prepare.unfinished()) == 3
    deadline = time.monotonic() + 20
    to_prepare.wait(deadline)
    to_send.wait(deadline)
    assert done == ["again", "too late", "lower", "again"]
    assert (to_prepare.unfinished(), to_send.unfinished()) == ([], ["too late"])
    assert time.monotonic() < deadline - 10


def test_who_waits_goes_on_where_threads_can_be_started_again(
    standard: Standard, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[str] = []
    module = standard.delivery.line
    line = module.Line(
        lambda job: names.append(current_thread().name), [module.Room(9, 9)], workers=1
    )
    with monkeypatch.context() as patch:
        patch.setattr(module, "start", lambda thread: False)
        assert line.put(0, 1)
        line.wait(time.monotonic() + 20)
    assert line.put(0, 2)
    line.wait(time.monotonic() + 20)
    assert names == [current_thread().name, "ion-delivery"]
    line.stop()


@pytest.mark.parametrize(
    ("event", "name"),
    [
        ({"exception": {"values": []}, "level": "info"}, "ERRORS"),
        ({"level": "error"}, "ERRORS"),
        ({"level": "fatal"}, "ERRORS"),
        ({}, "ERRORS"),
        ({"level": "warning"}, "MESSAGES"),
    ],
)
def test_what_counts_as_an_error(standard: Standard, event: dict[str, Any], name: str) -> None:
    envelope = Envelope(items=[Item(PayloadRef(json=event), type="event")])
    assert standard.delivery.envelopes.rank(envelope).name == name
