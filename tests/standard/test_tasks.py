"""Background tasks: their failure is reported, as a crash, and nothing of them stays."""

import asyncio
import gc
import weakref
from typing import Any

import pytest

from app.observability import capture_error, spawn

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
