"""What is queued is delivered at the end of the process, within a time limit, and never twice."""

import asyncio
import atexit
import multiprocessing
import multiprocessing.util
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import sentry_sdk

from ..errors.capture import guard
from ..request.current import current_request
from ..request.sessions import sessions
from ..threads import start
from .transport import Delivery

# Eighty errors at 180 ms an answer take half of it; orchestrators kill after 10 to 30 seconds.
SHUTDOWN_SECONDS: Final = 8.0


class _Shutdown:
    """One time limit for all that delivers at the end: the server's shutdown, then `atexit`."""

    def __init__(self) -> None:
        self._deadline: float | None = None

    def begin_anew(self) -> None:
        """Forget an earlier end: the process goes on, or is a child of the one that ended."""
        self._deadline = None

    def deliver(self) -> None:
        """Deliver what there is, in what is left of the time; tell in the log what is lost."""
        if not sentry_sdk.is_initialized():
            return
        if self._deadline is None:
            self._deadline = time.monotonic() + SHUTDOWN_SECONDS
        guard.flush()
        sessions.flush()
        sentry_sdk.flush(max(0.0, self._deadline - time.monotonic()))
        transport = sentry_sdk.get_client().transport
        if isinstance(transport, Delivery):
            transport.tell_unsent()

    async def deliver_in_thread(self) -> None:
        """Deliver without stopping the event loop, in a thread that nothing else can occupy."""
        loop, done = asyncio.get_running_loop(), asyncio.Event()

        def run() -> None:
            try:
                self.deliver()
            finally:
                with suppress(RuntimeError):  # the loop is closed: nobody waits
                    loop.call_soon_threadsafe(done.set)

        if not start(threading.Thread(target=run, name="ion-deliver")):
            self.deliver()
            return
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
        # Children of `multiprocessing` go past it, too. They forget, as they start, what is to be
        # done when they end.
        multiprocessing.util.register_after_fork(shutdown, _at_the_end_of_a_child)
        if multiprocessing.parent_process():
            _at_the_end_of_a_child(shutdown)
    _restart = restart


def _at_the_end_of_a_child(shutdown: _Shutdown) -> None:
    multiprocessing.util.Finalize(None, shutdown.deliver, exitpriority=0)


def _in_child() -> None:
    shutdown.begin_anew()
    if request := current_request.get():
        request.leave_to_parent()
    if _restart:
        _restart()
