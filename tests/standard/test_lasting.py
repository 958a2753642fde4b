"""What is known of exceptions outside of requests, where nothing ends: little, and not for long."""

import asyncio
import gc
import weakref
from typing import Any

import pytest

from app.observability import capture_error, spawn
from app.observability.errors.records import LASTING

Events = list[dict[str, Any]]


class Large:
    """What a frame holds."""


class Worker:
    """Fails, and knows what is still held of that."""

    def __init__(self) -> None:
        self._held: list[weakref.ref[Large]] = []

    def fail(self, times: int = 1) -> None:
        for _ in range(times):
            self._fail()

    def _fail(self) -> None:
        large = Large()
        self._held.append(weakref.ref(large))
        try:
            raise ValueError
        except ValueError as error:
            capture_error(error)

    def holds(self) -> int:
        gc.collect()
        return sum(held() is not None for held in self._held)


def test_a_worker_that_fails_often_holds_few_frames_and_not_for_long(
    captured_events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr("app.observability.errors.records.time.monotonic", lambda: now)
    worker = Worker()
    worker.fail(60)
    assert worker.holds() == LASTING == 50
    now = 1061.0
    worker.fail()
    assert worker.holds() == 1
    assert len(captured_events) == 61


def test_and_so_does_one_in_a_task(captured_events: Events) -> None:
    worker = Worker()

    async def work() -> int:
        worker.fail(60)
        return worker.holds()

    async def main() -> int:
        return await spawn(work(), name="worker")

    assert asyncio.run(main()) == LASTING
    assert len(captured_events) == 60


def many() -> BaseException:
    return ExceptionGroup("many", [ValueError(number) for number in range(LASTING + 5)])


def test_a_group_of_more_than_is_kept_is_reported_once(captured_events: Events) -> None:
    group = many()
    for _ in range(2):
        capture_error(group)
    assert len(captured_events) == 1


def test_also_where_a_task_reports_it_first(captured_events: Events) -> None:
    async def fails() -> None:
        raise many()

    async def main() -> None:
        with pytest.raises(ExceptionGroup) as caught:
            await spawn(fails(), name="digest")
        capture_error(caught.value)

    asyncio.run(main())
    assert len(captured_events) == 1
