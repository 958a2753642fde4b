"""Background tasks that report their failure."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import sentry_sdk

from ..request.current import current_request
from .capture import report
from .records import LASTING, PROCESS, Records, current_records

T = TypeVar("T")

# asyncio itself holds tasks by weak references only.
_running: set[asyncio.Task[Any]] = set()


def spawn(coroutine: Coroutine[Any, Any, T], *, name: str) -> asyncio.Task[T]:
    """Run `coroutine` in the background with a scope of its own; its failure is reported once.

    Await the returned task to get the result, or let it be.
    """

    async def run() -> T:
        current_request.set(None)  # it may outlive the request that started it
        if current_records.get() is PROCESS:
            current_records.set(Records(PROCESS, most=LASTING))
        with sentry_sdk.isolation_scope() as scope:
            scope.set_tag("task", name)
            try:
                return await coroutine
            except Exception as error:
                report(error, handled=False)
                raise

    task = asyncio.create_task(run(), name=name)
    _running.add(task)
    task.add_done_callback(_forget)
    return task


def _forget(task: asyncio.Task[Any]) -> None:
    _running.discard(task)
    if not task.cancelled():
        task.exception()  # retrieved, or asyncio logs the reported failure a second time
