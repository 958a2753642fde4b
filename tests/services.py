"""A generated service under test: its commands, and it itself while it runs."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
START_SECONDS = 60.0


def mostly_slow(cases: Iterable[Any]) -> list[Any]:
    """Leave two thirds of a test's cases to CI; a tuple is the parameters of one."""
    return [
        pytest.param(
            *(case if type(case) is tuple else (case,)), marks=[pytest.mark.slow] * bool(at % 3)
        )
        for at, case in enumerate(cases)
    ]


def clean_environment() -> dict[str, str]:
    """The environment without what would make a service another one than its user sees."""
    foreign = re.compile(
        r"SENTRY_|ENVIRONMENT$|LOG_LEVEL$|DATABASE_URL$|MAKE|MFLAGS|VIRTUAL_ENV|PYTEST|GIT_"
    )
    return {name: value for name, value in os.environ.items() if not foreign.match(name)}


@dataclass(frozen=True)
class Service:
    """A service in `folder`, run with the packages of the template's own environment."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)

    def run(self, *command: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a Python tool in the service's folder and return what it printed."""
        return subprocess.run(
            [str(BIN / command[0]), *command[1:]],
            cwd=self.folder,
            env=clean_environment() | self.env | env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def make(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run one of its commands with the packages that are here: nothing is installed."""
        return subprocess.run(
            ["make", "--silent", "--old-file=install", f"BIN={BIN}", *words],
            cwd=self.folder,
            env=clean_environment() | self.env | {"NO_PROXY": "127.0.0.1"} | env,
            capture_output=True,
            text=True,
        )

    @contextmanager
    def serving(self, *command: str, **env: str) -> Iterator["Running"]:
        """Serve on a free port, with uvicorn unless said otherwise, and stop it with SIGTERM.

        Raises:
            RuntimeError: if it ends before it answers; the message holds what it printed.
        """
        command = command or ("uvicorn", "app.main:app", "--port", "0")
        process = subprocess.Popen(
            [str(BIN / command[0]), *command[1:]],
            cwd=self.folder,
            env=clean_environment() | self.env | env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        running = Running(process)
        try:
            running.wait_until_started()
            yield running
            if process.poll() is None:
                running.stop()
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            running.join()


class Running:
    """A service that answers."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.output: list[str] = []
        self._lines: Queue[str | None] = Queue()
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        with self.process.stdout as lines:
            for line in lines:
                self.output.append(line)
                self._lines.put(line)
        self._lines.put(None)

    def wait_until_started(self) -> None:
        """Read the port from the server's own line."""
        self.url = ""
        listening = re.compile(r"(?:running on|Listening at:) (http://127\.0\.0\.1:\d+)")
        with suppress(Empty):
            while line := self._lines.get(timeout=START_SECONDS):
                if found := listening.search(line):
                    self.url = found[1]
                # uvicorn says that it runs before its workers listen; gunicorn itself listens.
                ready = "startup complete" in "".join(self.output) or "Listening at:" in line
                if self.url and ready:
                    self._wait_until_it_listens()
                    return
        raise RuntimeError("the service did not start:\n" + "".join(self.output))

    def _wait_until_it_listens(self) -> None:
        # A worker says that it is ready just before it listens.
        host, port = self.url.removeprefix("http://").split(":")
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with suppress(ConnectionRefusedError), socket.create_connection((host, int(port))):
                return
            time.sleep(0.02)

    def call(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        """Return status and decoded JSON of one request."""
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", **(headers or {})},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as answer:
            with answer:
                return answer.code, json.load(answer)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Tell it to end, wait for it, and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout=60)

    def join(self) -> None:
        """Wait until all that it printed is in `output`."""
        self._reader.join()
