"""Ctrl-C and SIGTERM: how a command ends by them, and what they have to wait for."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType
from typing import Any

import click

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruptible(click.Group):
    """A command line that cleans up when it is stopped, and ends with 128 and the signal."""

    def invoke(self, ctx: click.Context) -> Any:
        signal.signal(signal.SIGTERM, _end)
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, click.Abort):  # click's own exit code would be 1
            click.echo("\nInterrupted.", err=True)
            sys.exit(128 + signal.SIGINT)


def _end(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let the signals wait until the end.

    Git, killed while it writes, leaves a lock and files that it doesn't know of yet.
    """
    came: list[int] = []
    # Other threads are never interrupted, and must not set handlers.
    numbers = _SIGNALS if current_thread() is main_thread() else ()
    handlers = {n: signal.signal(n, lambda number, _: came.append(number)) for n in numbers}
    # Git inherits this: Ctrl-C goes to all processes of the terminal.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        if came:
            signal.raise_signal(came[0])
