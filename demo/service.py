"""A service made from the template, used in the way its developer will use it."""

import json
import os
import socket
import sys
import time
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from demo.processes import Failure, Processes

HOST = "127.0.0.1"
TEMPLATE = Path(__file__).resolve().parent.parent
START_TIMEOUT = 60.0  # seconds
ANSWER_TIMEOUT = 10.0  # seconds

# Variables of the caller that would make this service another one than it is for its next user.
FOREIGN = {
    *("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "VIRTUAL_ENV"),
    *("ENVIRONMENT", "LOG_LEVEL", "DATABASE_URL"),
}


class Service:
    """One service in a folder of its own; what its commands print goes to files next to it."""

    def __init__(self, processes: Processes, parent: Path) -> None:
        """Make the next free `demo-N` in `parent`. Raises OSError if that is impossible."""
        self._processes = processes
        self._env = environment()
        self._home = _new_folder(parent)
        self.log = self._home / "run.log"

    def generate(self) -> Path:
        """Generate it with the default answers and return its folder. Raises Failure."""
        command = [sys.executable, "-m", "cookiecutter", "--no-input", "--default-config"]
        command += ["--output-dir", str(self._home), str(TEMPLATE)]
        self._run(command, TEMPLATE, "generate.log", hint="the template is broken")
        [self.folder] = (path for path in self._home.iterdir() if path.is_dir())
        return self.folder

    def install(self) -> None:
        """Run `make install`. Raises Failure."""
        hint = "check that the package index can be reached, then try again"
        self._run(["make", "install"], self.folder, "install.log", hint)

    def start(self, port: int, dsn: str) -> None:
        """Run `make run`, until /healthz answers. Raises Failure if it never does."""
        self._port = port
        # The environment wins over .env, so the folder stays what the template makes.
        env = {"ENVIRONMENT": "local", "SENTRY_DSN": dsn, "no_proxy": HOST, "NO_PROXY": HOST}
        command = ["make", "run", f"PORT={port}"]
        self._process = self._processes.start(
            command, folder=self.folder, env=self._env | env, log=self.log
        )
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise Failure("The service ended while it started", self.log)
            with suppress(OSError, HTTPException):
                if self._request("GET", "/healthz")[0] == 200:
                    return
            time.sleep(0.1)
        raise Failure(f"The service doesn't answer {START_TIMEOUT:g} s after its start", self.log)

    def post(self, path: str, body: dict[str, str]) -> tuple[int, Any]:
        """Return the status and the decoded answer. Raises Failure if there is none."""
        try:
            return self._request("POST", path, json.dumps(body))
        except (OSError, HTTPException, ValueError) as error:
            raise Failure(f"No answer to POST {path} ({error})", self.log) from error

    def stop(self) -> None:
        """Stop it, so that it sends what it still has to send."""
        self._processes.stop(self._process)

    def _run(self, command: list[str], folder: Path, log: str, hint: str) -> None:
        log_file = self._home / log
        self._processes.run(command, folder=folder, env=self._env, log=log_file, hint=hint)

    def _request(self, method: str, path: str, body: str | None = None) -> tuple[int, Any]:
        with closing(HTTPConnection(HOST, self._port, timeout=ANSWER_TIMEOUT)) as connection:
            connection.request(method, path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, json.loads(response.read())


def free_port(wanted: int = 0) -> int:
    """Return `wanted`, or a free port if that is 0. Raises OSError if it can't be used."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does
        probe.bind((HOST, wanted))
        return int(probe.getsockname()[1])


def _new_folder(parent: Path) -> Path:
    parent.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        folder = parent / f"demo-{number}"
        with suppress(FileExistsError):  # another demo may have been faster just now
            folder.mkdir()
            return folder
        number += 1


def environment() -> dict[str, str]:
    """Return the caller's environment without what is only the caller's."""
    env = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    env = {name: value for name, value in env.items() if not name.startswith("SENTRY_")}
    # `python3` in the service's Makefile is then the one that runs this, which is new enough.
    path = os.environ.get("PATH", os.defpath)
    return env | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{path}"}
