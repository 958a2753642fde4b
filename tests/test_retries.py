"""What failed leaves again where it helps, and never where a receiver wants it to go."""

import itertools
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from demo.receiver import Receiver
from tests.line import (
    Attempts,
    Connect,
    Gate,
    answer,
    connect,
    held_back,
    kinds,
    standard,
    wait_until,
)
from tests.the_standard import Standard

__all__ = ["connect", "standard"]


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


@pytest.mark.parametrize(
    ("seconds", "limit"),
    [
        (1, "Retry-After: 1"),
        (2, "Retry-After: 2"),
        (1, "X-Sentry-Rate-Limits: 1:error;span:key"),
    ],
)
def test_errors_wait_for_the_end_of_a_rate_limit(
    connect: Connect, caplog: pytest.LogCaptureFixture, seconds: int, limit: str
) -> None:
    with Receiver(trouble=(attempts := Attempts(answer("429 Slow", limit)))) as receiver:
        sentry = connect(receiver)
        began = time.monotonic()
        sentry.errors()
        wait_until(lambda: attempts.number)
        sentry.errors(3)
        sentry.put("span")
        sentry.transport.flush(20)
        assert time.monotonic() - began >= seconds - 0.1
        assert kinds(receiver).count("error") == 4
        sentry.transport.tell_unsent()
        # Those that wait were no attempts: once the error, once the span.
        told = [line for line in caplog.messages if "rate limit" in line]
        assert len(told) == 2 and all("rate limit (1 x)" in line for line in told)
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


@pytest.mark.parametrize("status", [300, 302, 400, 401, 403, 404, 413])
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
