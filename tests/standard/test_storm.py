"""In a storm each distinct error is reported a limited number of times a minute, and counted."""

import gc
import logging
import threading
import weakref
from collections import Counter
from typing import Any

import pytest
import sentry_sdk
from fastapi.testclient import TestClient

from app.observability import SentrySettings, capture_error
from app.observability.errors.capture import guard
from app.observability.errors.storm import ALL_TOGETHER, MAX_DISTINCT, OTHERS, Key, StormGuard

from .failing_app import failing_app

Events = list[dict[str, Any]]
log = logging.getLogger("tests.storm")


class Clock:
    """Time that passes when a test says so."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    monkeypatch.setattr("app.observability.errors.storm.time", clock := Clock())
    return clock


@pytest.fixture
def summaries() -> list[Counter[Key]]:
    return []


@pytest.fixture
def small_guard(clock: Clock, summaries: list[Counter[Key]]) -> StormGuard:
    return StormGuard(summaries.append, limit=3)


def key(number: int = 1) -> Key:
    return Key("ValueError", "app/x.py", number)


def timers() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)}


def test_the_first_ones_pass_and_the_rest_is_counted(
    small_guard: StormGuard, summaries: list[Counter[Key]]
) -> None:
    assert [small_guard.admit(key()) for _ in range(5)] == [True, True, True, False, False]
    assert small_guard.admit(key(2))
    small_guard.flush()
    assert summaries == [{key(): 2}]
    small_guard.flush()
    assert len(summaries) == 1


def test_no_minute_has_more_than_the_limit(small_guard: StormGuard, clock: Clock) -> None:
    passed = []
    for _ in range(400):
        if small_guard.admit(key()):
            passed.append(clock.now)
        clock.now += 0.9
    assert max(sum(start <= at < start + 60 for at in passed) for start in passed) == 3
    assert len(passed) == 18  # three in each of six minutes
    small_guard.flush()


def test_what_is_remembered_is_bounded(clock: Clock, summaries: list[Counter[Key]]) -> None:
    large_guard = StormGuard(summaries.append, limit=100)
    admitted = sum(large_guard.admit(key(number)) for number in range(10 * MAX_DISTINCT))
    assert admitted == MAX_DISTINCT + 100
    large_guard.flush()
    assert summaries == [{OTHERS: 9 * MAX_DISTINCT - 100}]
    assert large_guard.admit(key(0)), "what is known has room of its own"
    clock.now += 61
    fresh = [large_guard.admit(key(-1 - number % 2)) for number in range(200)]
    assert all(fresh), "what is over makes room"
    large_guard.reset()


def test_what_is_counted_is_bounded(small_guard: StormGuard, summaries: list[Counter[Key]]) -> None:
    for number in [*range(MAX_DISTINCT + 2), 0]:
        small_guard.hold(key(number))
    small_guard.flush()
    [held] = summaries
    assert len(held) == MAX_DISTINCT + 1
    assert (held[key(0)], held[key(1)], held[OTHERS]) == (2, 1, 2)


def test_after_a_minute_there_is_room_again(small_guard: StormGuard, clock: Clock) -> None:
    assert [small_guard.admit(key()) for _ in range(4)] == [True, True, True, False]
    clock.now += 59.5
    assert not small_guard.admit(key())
    clock.now += 0.5
    assert small_guard.admit(key())
    small_guard.reset()


def test_one_timer_is_enough(small_guard: StormGuard) -> None:
    before = timers()
    for number in range(3):
        small_guard.hold(key(number))
    assert len(timers() - before) == 1
    small_guard.reset()


def test_many_distinct_errors_are_a_storm_too(
    small_guard: StormGuard, clock: Clock, summaries: list[Counter[Key]]
) -> None:
    assert sum(small_guard.admit(key(number)) for number in range(100)) == 3 * ALL_TOGETHER
    small_guard.flush()
    assert sum(summaries[0].values()) == 100 - 3 * ALL_TOGETHER
    clock.now += 61
    assert small_guard.admit(key())


class TestInAService:
    @pytest.fixture
    def sentry_settings(self, sentry_settings: SentrySettings) -> SentrySettings:
        return sentry_settings.model_copy(update={"sentry_max_errors_per_minute": 2})

    @pytest.fixture
    def client(self, captured_events: Events, sentry_settings: SentrySettings) -> TestClient:
        return TestClient(failing_app(sentry_settings))

    @pytest.mark.parametrize(
        "path", ["/async", "/sync", "/answers_500", "/http_503", "/only_logs", "/only_says"]
    )
    def test_each_way_to_fail_is_limited(
        self, client: TestClient, captured_events: Events, path: str
    ) -> None:
        answers = [client.get(path) for _ in range(6)]
        assert len({answer.status_code for answer in answers}) == 1
        assert len(captured_events) == 2
        guard.flush()
        *_, summary = captured_events
        assert summary["message"] == "4 errors were held back within a minute"
        assert summary["tags"]["held_back"] == "4"
        assert summary["contexts"]["held_back"]["total"] == 4

    def test_the_summary_comes_by_itself(
        self, clock: Clock, captured_events: Events, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("app.observability.errors.storm.WINDOW", 0.001)
        before = timers()
        for _ in range(3):
            capture_error(ValueError("again"))
        for timer in timers() - before:
            timer.join()
        assert captured_events[2]["message"] == "1 errors were held back within a minute"

    def test_the_summary_names_type_and_place(
        self, client: TestClient, captured_events: Events
    ) -> None:
        for _ in range(3):
            client.get("/async")
        guard.flush()
        [what] = captured_events[-1]["contexts"]["held_back"]["most"]
        assert what.startswith("1 x ValueError at tests/standard/failing_app.py:")

    def test_an_answer_without_event_names_none(self, client: TestClient) -> None:
        bodies = [client.get("/async").json() for _ in range(3)]
        assert ["event_id" in body for body in bodies] == [True, True, False]

    def test_an_answer_that_nothing_was_raised_for_is_named_by_its_route(
        self, client: TestClient, captured_events: Events
    ) -> None:
        for _ in range(3):
            client.get("/answers_500")
        guard.flush()
        most = captured_events[-1]["contexts"]["held_back"]["most"]
        assert most == ["1 x 500 of GET /answers_500"]

    def test_what_is_held_back_is_one_line_without_a_traceback(
        self, client: TestClient, caplog: pytest.LogCaptureFixture
    ) -> None:
        for _ in range(3):
            client.get("/async")
        lines = [line for line in caplog.records if line.name.startswith("app.observability.")]
        assert [bool(line.exc_info) for line in lines] == [True, True, False]
        assert lines[-1].getMessage() == "Unhandled error: ValueError"
        assert vars(lines[-1])["event_id"] is None

    def test_another_place_is_another_error(
        self, client: TestClient, captured_events: Events
    ) -> None:
        for _ in range(4):
            capture_error(ValueError("here"))
            log.error("and here")
            client.get("/async")
        assert len(captured_events) == 6

    def test_messages_that_the_sdk_captures_are_limited(self, captured_events: Events) -> None:
        for _ in range(5):
            sentry_sdk.capture_message("again and again")
        assert len(captured_events) == 2


def test_what_one_request_logs_too_much_is_counted(
    captured_events: Events, sentry_settings: SentrySettings
) -> None:
    TestClient(failing_app(sentry_settings)).get("/logs_many")
    assert len(captured_events) == 10
    guard.flush()
    assert captured_events[-1]["tags"]["held_back"] == "5"


def test_what_is_held_back_is_told_of_once_there_is_a_thread_for_it(
    small_guard: StormGuard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_more(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    before = timers()
    with monkeypatch.context() as limited:
        limited.setattr(threading.Thread, "start", no_more)
        small_guard.hold(key())
    assert timers() <= before
    small_guard.hold(key())
    assert timers() - before
    small_guard.reset()


def test_the_timer_keeps_nothing_of_the_request_that_starts_it(
    small_guard: StormGuard, captured_events: Events
) -> None:
    class Body:
        pass

    with sentry_sdk.isolation_scope() as scope:
        body = Body()
        kept = weakref.ref(body)
        scope.set_extra("body", body)
        small_guard.hold(key())
    del scope, body
    gc.collect()
    assert kept() is None
    small_guard.reset()


def test_the_same_words_at_two_places_are_two(captured_events: list[dict[str, Any]]) -> None:
    log = logging.getLogger("tests.storm")
    for _ in range(40):
        log.error("the same")
        log.error("the same")
    assert len(captured_events) == 80
