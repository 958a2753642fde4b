"""What is queued is delivered at the end of the process, within a time limit, and never twice."""

import asyncio
import atexit
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import sentry_sdk
from sentry_sdk.transport import HttpTransport

from .capture import guard
from .sessions import sessions

SHUTDOWN_SECONDS: Final = 5.0


class Delivery(HttpTransport):
    """The SDK's own delivery, which gives a receiver that hangs up sooner than after 30 s."""

    TIMEOUT = 5


class _Shutdown:
    """One time limit for all that delivers at the end: the server's shutdown, then `atexit`."""

    def __init__(self) -> None:
        self._deadline: float | None = None

    def begin_anew(self) -> None:
        self._deadline = None

    def deliver(self) -> None:
        if not sentry_sdk.is_initialized():
            return
        if self._deadline is None:
            self._deadline = time.monotonic() + SHUTDOWN_SECONDS
        guard.flush()
        sessions.flush()
        sentry_sdk.flush(max(0.0, self._deadline - time.monotonic()))

    async def deliver_in_thread(self) -> None:
        """Deliver without stopping the event loop, in a thread that nothing else can occupy."""
        loop, done = asyncio.get_running_loop(), asyncio.Event()

        def run() -> None:
            try:
                self.deliver()
            finally:
                with suppress(RuntimeError):  # the loop is closed: nobody waits
                    loop.call_soon_threadsafe(done.set)

        threading.Thread(target=run, name="ion-deliver", daemon=True).start()
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(done.wait(), SHUTDOWN_SECONDS + 0.5)


shutdown: Final = _Shutdown()
_restart: Callable[[], None] | None = None


def restart_after_fork(restart: Callable[[], None]) -> None:
    """Give every forked child an SDK of its own: its copy of the queue is the parent's to send."""
    global _restart
    if _restart is None:
        os.register_at_fork(after_in_child=_in_child)
        atexit.register(shutdown.deliver)  # signals go past it; scripts and workers come here
    _restart = restart


def _in_child() -> None:
    if _restart:
        _restart()
