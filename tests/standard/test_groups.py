"""Groups of exceptions, however large and however shared: their work is bounded, none is lost."""

import asyncio
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.exceptions import HTTPException

from app.observability import SentrySettings, capture_error, install, spawn
from app.observability.errors.records import Records, Report

Events = list[dict[str, Any]]


def calls(function: Callable[[], object]) -> int:
    """Count what Python calls, steps of generators too."""
    number = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal number
        number += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(before)
    return number


def flat(size: int) -> BaseException:
    return ExceptionGroup("flat", [ValueError(number) for number in range(size)])


def shared(fan_out: int, depth: int) -> BaseException:
    error: Exception = ValueError()
    for _ in range(depth):
        error = ExceptionGroup("shared", [error] * fan_out)
    return error


def nested(depth: int) -> BaseException:
    error: Exception = ValueError()
    for _ in range(depth):
        error = ExceptionGroup("nested", [error])
    return error


@pytest.mark.parametrize("group", [flat(50_000), shared(4, 8), shared(10, 6), nested(200)])
def test_what_a_group_costs_is_bounded(captured_events: Events, group: BaseException) -> None:
    usual = calls(lambda: capture_error(flat(50)))
    assert calls(lambda: capture_error(group)) < 10 * usual
    assert len(captured_events) == 2


@pytest.mark.parametrize("group", [shared(4, 8), shared(10, 6), nested(100)])
def test_and_so_is_what_it_costs_when_all_of_it_is_known(
    captured_events: Events, group: BaseException
) -> None:
    leaf = group
    while isinstance(leaf, BaseExceptionGroup):
        leaf = leaf.exceptions[0]
    usual = calls(lambda: capture_error(flat(50)))
    capture_error(leaf)
    captured_events.clear()
    assert calls(lambda: capture_error(group)) < 10 * usual
    assert captured_events == []


@pytest.mark.parametrize("size", [60, 10_000])
def test_one_member_that_is_news_makes_a_group_news(captured_events: Events, size: int) -> None:
    known = ValueError("known")
    capture_error(known)
    capture_error(ExceptionGroup("group", [known] * size + [ValueError("news")]))
    assert len(captured_events) == 2


def test_a_member_that_is_raised_instead_of_its_group_is_news() -> None:
    records = Records()
    news, known = ValueError("news"), ValueError("known")
    records.mark(known, Report("a"))
    news.__cause__ = ExceptionGroup("group", [news, known])
    assert records.find(news) is None
    assert records.find(news.__cause__) is None


# --- More than is kept ----------------------------------------------------------------------------


@pytest.fixture
def client(captured_events: Events, sentry_settings: SentrySettings) -> TestClient:
    app = FastAPI()

    @app.get("/flat/{size}")
    async def captures_and_raises(size: int) -> None:
        try:
            raise flat(size)
        except* ValueError as group:
            capture_error(group)
            raise

    install(app, sentry_settings)
    return TestClient(app, raise_server_exceptions=False)


@pytest.mark.parametrize("size", [2, 60, 10_000])
def test_what_is_captured_of_a_group_and_raised_again_is_told_once(
    client: TestClient, captured_events: Events, size: int
) -> None:
    answer = client.get(f"/flat/{size}")
    [event] = captured_events
    assert answer.json()["event_id"] == event["event_id"]


@pytest.mark.parametrize("size", [2, 60, 10_000])
def test_also_in_a_task(captured_events: Events, size: int) -> None:
    async def captures_and_raises() -> None:
        try:
            raise flat(size)
        except* ValueError as group:
            capture_error(group)
            raise

    async def main() -> None:
        await asyncio.wait([spawn(captures_and_raises(), name="digest")])

    asyncio.run(main())
    assert len(captured_events) == 1


@pytest.mark.parametrize("size", [2, 60, 300])
def test_another_kind_of_error_in_the_group_is_told_as_well(
    captured_events: Events, size: int
) -> None:
    group = flat(size)
    assert isinstance(group, ExceptionGroup)
    capture_error(group)
    capture_error(group.derive([*group.exceptions[:-1], KeyError("news")]))
    assert len(captured_events) == 2


@pytest.mark.parametrize("size", [100, 10_000])
def test_one_error_among_many_mistakes_of_clients_is_told(
    captured_events: Events, size: int
) -> None:
    mistakes: list[Exception] = [HTTPException(404) for _ in range(size)]
    capture_error(ExceptionGroup("mistakes", mistakes[:50]))
    assert captured_events == []
    capture_error(ExceptionGroup("group", [*mistakes, ValueError("news")]))
    assert len(captured_events) == 1
    half = size // 2
    last = [*mistakes[half:], ValueError("more news")]
    parts = [ExceptionGroup("first", mistakes[:half]), ExceptionGroup("last", last)]
    capture_error(ExceptionGroup("nested", parts))
    assert len(captured_events) == 2


@pytest.mark.parametrize("in_task", [True, False])
def test_a_member_that_its_event_has_no_room_for_is_told_with_its_group(
    captured_events: Events, sentry_settings: SentrySettings, in_task: bool
) -> None:
    app = FastAPI()
    install(app, sentry_settings)
    group = flat(60)
    assert isinstance(group, BaseExceptionGroup)

    async def capture() -> None:
        capture_error(group)

    @app.get("/")
    async def fails() -> None:
        await (spawn(capture(), name="capture") if in_task else capture())
        raise group.exceptions[59]

    answer = TestClient(app).get("/").json()
    [event] = captured_events
    assert answer["event_id"] == event["event_id"]
