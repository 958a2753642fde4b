"""Background tasks: their failure is reported, as a crash, and nothing of them stays."""

import asyncio
import gc
import logging
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from app.observability import SentrySettings, capture_error, install, spawn

from .test_asgi import call, http

Events = list[dict[str, Any]]


def test_a_task_has_its_name_and_its_result() -> None:
    async def answer() -> int:
        return 42

    async def main() -> tuple[str, int]:
        task = spawn(answer(), name="digest")
        return task.get_name(), await task

    assert asyncio.run(main()) == ("digest", 42)


def test_a_task_that_fails_has_crashed(captured_events: Events) -> None:
    async def fails() -> None:
        raise ValueError

    async def main() -> None:
        await asyncio.wait([spawn(fails(), name="digest")])

    asyncio.run(main())
    capture_error(KeyError())
    crash, handled = (event["exception"]["values"][-1] for event in captured_events)
    assert crash["mechanism"]["handled"] is False
    assert handled["mechanism"]["handled"] is True


def test_what_was_being_handled_when_a_task_failed_is_news(captured_events: Events) -> None:
    def clean_up() -> None:
        raise OSError("no clean-up")

    async def fails() -> None:
        try:
            raise ValueError("news")
        except ValueError:
            clean_up()

    async def main() -> None:
        with pytest.raises(OSError) as caught:
            await spawn(fails(), name="digest")
        capture_error(caught.value)
        assert caught.value.__context__
        capture_error(caught.value.__context__)

    asyncio.run(main())
    told = [event["exception"]["values"][-1]["type"] for event in captured_events]
    assert told == ["OSError", "ValueError"]


def test_nothing_holds_a_task_that_is_done() -> None:
    async def nothing() -> None:
        return None

    async def main() -> None:
        task = spawn(nothing(), name="digest")
        await task
        kept = weakref.ref(task)
        del task
        await asyncio.sleep(0)
        gc.collect()
        assert kept() is None

    asyncio.run(main())


def test_asyncio_has_nothing_to_say_of_a_task_that_failed_or_was_cancelled(
    captured_events: Events,
) -> None:
    said: list[dict[str, Any]] = []

    async def fails() -> None:
        raise ValueError

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, told: said.append(told))
        failing, waiting = (spawn(f, name="digest") for f in (fails(), asyncio.sleep(60)))
        await asyncio.wait([failing])
        waiting.cancel()
        await asyncio.wait([waiting])
        del failing, waiting
        gc.collect()

    asyncio.run(main())
    assert said == []


def captures(error: Exception) -> None:
    capture_error(error)


def logs(error: Exception) -> None:
    logging.getLogger(__name__).exception("it failed")


@pytest.mark.parametrize("asgi", ["2.3", "2.4"])  # with and without an eye on the client
@pytest.mark.parametrize("tell", [captures, logs])
def test_an_error_of_a_task_that_outlives_its_stream_is_told(
    captured_events: Events,
    sentry_settings: SentrySettings,
    tell: Callable[[Exception], None],
    asgi: str,
) -> None:
    app = FastAPI()
    install(app, sentry_settings)
    is_answered, tasks = asyncio.Event(), []

    async def fails_later() -> None:
        await is_answered.wait()
        try:
            raise OSError("late")
        except OSError as error:
            tell(error)

    @app.get("/")
    async def streams() -> StreamingResponse:
        tasks.append(asyncio.create_task(fails_later()))
        return StreamingResponse(iter(["one", "two"]))

    async def serve() -> None:
        await call(app, http(asgi={"version": "3.0", "spec_version": asgi}))
        is_answered.set()
        await tasks[0]

    asyncio.run(serve())
    [event] = captured_events
    assert event["exception"]["values"][-1]["value"] == "late"
