"""The SDK's expectations of threads and tasks: see expectations.py."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sentry_sdk
from fastapi import FastAPI
from sentry_sdk.traces import start_span

from app.observability import SentrySettings, capture_error, capture_message, install
from app.observability.testing import RecordingTransport

from .expectations import Row, Seen, Table

table = Table("threads")


@pytest.fixture
def sentry_settings(sentry_settings: SentrySettings) -> SentrySettings:
    return sentry_settings.model_copy(update={"sentry_traces_sample_rate": 1.0})


@pytest.fixture
def seen(sentry_transport: RecordingTransport, sentry_settings: SentrySettings) -> Seen:
    app = FastAPI()
    install(app, sentry_settings)
    return Seen(app, sentry_transport)


@table.met
def a_thread_knows_what_began_it(seen: Seen) -> None:
    """A thread's event has the tags of the scope that started it; what it sets stays in it."""
    sentry_sdk.set_tag("began", "here")

    def work() -> None:
        sentry_sdk.set_tag("thread", "yes")
        capture_error(ValueError())

    _run(work)
    capture_error(TypeError())
    in_thread, after = (event["tags"] for event in seen.events)
    assert (in_thread["began"], in_thread["thread"]) == ("here", "yes")
    assert after["began"] == "here" and "thread" not in after


@table.met
def each_thread_that_fails_is_an_event(seen: Seen) -> None:
    """Ten threads of a subclass that fail are ten events."""

    class Fails(threading.Thread):
        def run(self) -> None:
            raise ZeroDivisionError(self.name)

    before, threading.excepthook = threading.excepthook, lambda args: None
    try:
        threads = [Fails(name=f"thread {number}") for number in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        threading.excepthook = before
    told = {event["exception"]["values"][-1]["value"] for event in seen.events}
    assert told == {f"thread {number}" for number in range(10)}


@table.met
def spans_of_threads_belong_to_their_trace(seen: Seen) -> None:
    """Spans that a thread or a pool's worker starts are of the trace that began it."""

    def work() -> None:
        with start_span("inner"):
            pass

    with start_span("outer") as outer:
        _run(work)
        with ThreadPoolExecutor(1) as pool:
            pool.submit(work).result()
    inner = [span for span in seen.transport.spans() if span["name"] == "inner"]
    assert len(inner) == 2
    assert {span["trace_id"] for span in inner} == {outer.trace_id}
    assert {span["parent_span_id"] for span in inner} == {outer.span_id}


@table.met
def tasks_keep_their_tags_apart(seen: Seen) -> None:
    """What one task sets on a scope of its own, another one's event does not have."""

    async def work(name: str) -> None:
        with sentry_sdk.isolation_scope() as scope:
            scope.set_tag("task", name)
            await asyncio.sleep(0)
            capture_message(name)

    async def both() -> None:
        await asyncio.gather(work("a"), work("b"))

    asyncio.run(both())
    told = [(event["message"], event["tags"]["task"]) for event in seen.events]
    assert sorted(told) == [("a", "a"), ("b", "b")]


@table.met
def a_thread_that_fails_is_an_event(seen: Seen) -> None:
    """An exception of a thread is captured, unhandled."""

    def fail() -> None:
        raise ValueError("in a thread")

    before, threading.excepthook = threading.excepthook, lambda args: None
    try:
        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()
    finally:
        threading.excepthook = before
    value = seen.event["exception"]["values"][-1]
    assert (value["value"], value["mechanism"]["handled"]) == ("in a thread", False)


def _run(work: Any) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


@pytest.mark.parametrize("row", table.rows)
def test_expectation(seen: Seen, row: Row) -> None:
    row(seen)
