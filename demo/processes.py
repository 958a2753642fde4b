"""Processes that don't outlive the demo, however it ends."""

import contextlib
import os
import shlex
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Self

GRACE = 10.0  # seconds that a process gets to finish what it does
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Failure(Exception):
    """The demo can't go on. The message says what to do, `log` holds what a command printed."""

    def __init__(self, message: str, log: Path | None = None) -> None:
        super().__init__(message)
        self.log = log


class Stopped(BaseException):
    """A signal told the demo to stop. Not an Exception: nothing but the top may handle it."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.exit_code = 128 + number


class Processes:
    """Starts processes; all are gone when its `with` block is left, also by a signal.

    Each gets a session of its own. So Ctrl-C in a terminal reaches nothing but the demo, which
    then stops them in order, and what they started themselves is stopped with them.
    """

    def __init__(self) -> None:
        self._running: list[subprocess.Popen[bytes]] = []
        self._held = False
        self._first: int | None = None

    def __enter__(self) -> Self:
        for number in SIGNALS:
            # What `nohup` ignores stays ignored. A shell's `&` ignores SIGINT: that one is ours.
            if number == signal.SIGINT or signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        # For good: no second signal may cut this short, nor change the exit code afterwards.
        self._held = True
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        while self._running:
            self.stop(self._running[-1])

    def start(
        self, command: Sequence[str], *, folder: Path, env: Mapping[str, str], log: Path
    ) -> subprocess.Popen[bytes]:
        """Start `command` in `folder`; what it prints goes to `log`. Raises OSError."""
        with log.open("wb") as output:
            held, self._held = self._held, True  # either not started, or known and stopped later
            try:
                process = subprocess.Popen(
                    command,
                    cwd=folder,
                    env=env,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
                self._running.append(process)
            finally:
                self._release(held)
        return process

    def run(
        self, command: Sequence[str], *, folder: Path, env: Mapping[str, str], log: Path, hint: str
    ) -> None:
        """Run `command` to its end. Raises Failure, with `hint`, if it fails, and OSError."""
        process = self.start(command, folder=folder, env=env, log=log)
        code = process.wait()
        self._running.remove(process)
        if code:
            raise Failure(f"`{shlex.join(command)}` failed (exit code {code}): {hint}", log)

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        """Stop a process and all that it started: politely, and by force after GRACE seconds."""
        held, self._held = self._held, True
        try:
            _signal_group(process, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(GRACE)
            _signal_group(process, signal.SIGKILL)
            process.wait()
            self._running.remove(process)
        finally:
            self._release(held)

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        if self._first is None:
            self._first = number
            if not self._held:
                raise Stopped(number)

    def _release(self, held: bool) -> None:
        self._held = held
        if self._first is not None and not held:
            raise Stopped(self._first)


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    # macOS says PermissionError where only the dead are left.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
