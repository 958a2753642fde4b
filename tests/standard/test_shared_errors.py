"""One exception object in more than one place: in threads, in tasks, in several requests."""

import asyncio
import gc
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi import FastAPI, HTTPException
from fastapi.testclient import TestClient

Events = list[dict[str, Any]]
log = logging.getLogger(__name__)


def logged(error: Exception) -> Exception:
    try:
        raise error
    except Exception as raised:
        log.exception("it failed")
        return raised


def paths(events: Events) -> list[str | None]:
    return [event.get("transaction") for event in events]


def test_what_failed_before_a_request_is_no_report_of_it(
    app: FastAPI, captured_events: Events
) -> None:
    boot_error = logged(OSError("no model"))

    @app.get("/")
    def refuses() -> None:
        raise HTTPException(503) from boot_error

    answers = [TestClient(app).get("/").json()["event_id"] for _ in range(2)]
    assert paths(captured_events)[1:] == ["/", "/"]
    assert answers == [event["event_id"] for event in captured_events[1:]]


def test_what_a_pool_logs_again_and_again_is_told_of_each_request(
    app: FastAPI, captured_events: Events
) -> None:
    shared = RuntimeError("pool is closed")

    def work() -> None:
        raise logged(shared)

    @app.get("/{user}")
    def waits(user: str) -> None:
        pool.submit(work).result()

    with ThreadPoolExecutor(1) as pool:
        client = TestClient(app, raise_server_exceptions=False)
        client.get("/alice")
        assert len(captured_events) == 1
        answer = client.get("/bob").json()
    _, event = captured_events
    assert (event["transaction"], event["event_id"]) == ("/{user}", answer["event_id"])


def test_what_a_pool_logs_and_its_future_raises_is_told_once(
    app: FastAPI, captured_events: Events
) -> None:
    def work() -> None:
        raise logged(RuntimeError("no answer"))

    @app.get("/")
    def waits() -> None:
        pool.submit(work).result()

    with ThreadPoolExecutor(1) as pool:
        client = TestClient(app, raise_server_exceptions=False)
        for number in (1, 2):
            client.get("/")
            assert len(captured_events) == number


@pytest.mark.parametrize("logs", [True, False])
def test_a_lost_task_that_logged_its_error_is_told_once(
    app: FastAPI, captured_events: Events, logs: bool
) -> None:
    async def work() -> None:
        error = OSError("not stored")
        raise logged(error) if logs else error

    @app.get("/")
    async def loses() -> None:
        asyncio.create_task(work())  # noqa: RUF006
        await asyncio.sleep(0)

    TestClient(app).get("/")
    gc.collect()
    [event] = captured_events
    assert event["logger"] == (__name__ if logs else "asyncio")
    assert "not stored" in str(event["exception"])
