"""The demo, run as its user runs it: for real, to its end, and interrupted on the way."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from demo import processes
from demo.show import scrubbed_paths, shown

TEMPLATE = Path(__file__).parent.parent

FAKE_MAKE = """#!/bin/sh
echo "this is make $1"
case $1 in
  install) {install} ;;
  run) {run} ;;
esac
"""


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def command_of(pid: str) -> str:
    """Return a process's command line, empty if it is gone, or dead and not yet reaped."""
    with suppress(OSError):
        return Path("/proc", pid, "cmdline").read_text().replace("\0", " ")
    return ""


class Demo:
    """A demo that runs. All its processes carry a mark in their environment, so none can hide."""

    def __init__(self, output: Path, *options: str, **env: str) -> None:
        self._mark = f"DEMO_MARK={uuid.uuid4().hex}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "demo", "--output", str(output), *options],
            cwd=TEMPLATE,
            env=os.environ | {"COLUMNS": "100"} | env | dict([self._mark.split("=")]),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def wait_for_line(self, text: str) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            if text in line:
                return
        raise AssertionError(f"the demo ended without {text!r}")

    def wait_for_process(self, name: str) -> None:
        wait_until(lambda: any(name in command for command in self.processes()))

    def end(self) -> tuple[int, str]:
        """Return the exit code and what else was printed; all processes have to be gone."""
        printed, _ = self.process.communicate(timeout=180)
        wait_until(lambda: self.processes() == [], seconds=2)  # the killed take a moment to die
        return self.process.returncode, printed

    def processes(self) -> list[str]:
        """Return the command lines of the demo and of everything it started, on Linux."""
        commands = []
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if self._mark.encode() in (folder / "environ").read_bytes():
                    commands.append(command_of(folder.name))
        return commands


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Demo]]:
    demos = []

    def start(*options: str, **env: str) -> Demo:
        demos.append(Demo(tmp_path, *options, **env))
        return demos[-1]

    yield start
    for demo in demos:
        demo.process.terminate()
        demo.process.communicate(timeout=60)


@pytest.fixture
def fake_make(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict[str, str]]:
    """Return a way to an environment whose `make` does something else."""

    def fake(install: str = "exit 0", run: str = "exit 0") -> dict[str, str]:
        folder = tmp_path_factory.mktemp("bin")
        (folder / "make").write_text(FAKE_MAKE.format(install=install, run=run))
        (folder / "make").chmod(0o755)
        return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}

    return fake


@pytest.mark.slow
def test_two_demos_at_the_same_time(tmp_path: Path, run: Callable[..., Demo]) -> None:
    demos = [run(), run()]
    for code, printed in [demo.end() for demo in demos]:
        assert code == 0, printed
        assert [number for number in range(1, 7) if f"\n{number}/6" in printed] == [*range(1, 7)]
        assert "KeyError: 'mentor-on-holiday'" in printed
        assert re.search(r"app/api/debug\.py:\d+ in fail\n", printed)
        assert re.search(r"→ +\d+ │ .*MENTORS\[", printed)
        assert re.search(r"\n     user_input .*How to say no\?", printed)
        assert re.search(r"password +\[Filtered\]", printed)
        assert (printed.count("✓"), printed.count("✗")) == (5, 0)
        answer, judgement = printed.split("\n5/6")[1].split("\n6/6")
        event_id = re.findall(r"\b[0-9a-f]{32}\b", answer)[-1]
        assert f"✓ the event_id is the one in the answer: {event_id}" in judgement
        # It is in the request that the demo says it sends, and in the judgement; in no event.
        assert printed.count("hunter2") == 2
        assert "\x1b" not in printed
        assert len(printed.splitlines()) <= 60
    services = [tmp_path / f"demo-{number}" / "ion-mentoring" for number in (1, 2)]
    assert all("SENTRY_DSN=\n" in (service / ".env").read_text() for service in services)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_stopped_while_it_installs(
    run: Callable[..., Demo], number: signal.Signals, code: int
) -> None:
    demo = run()
    demo.wait_for_process("make install")
    demo.process.send_signal(number)
    demo.process.send_signal(number)  # impatience doesn't leave anything behind either
    returned, printed = demo.end()
    assert returned == code
    assert printed.endswith(f"\n\nStopped by {number.name}; no process is left behind.\n")
    assert "Traceback" not in printed


@pytest.mark.slow
def test_stopped_while_the_service_runs(run: Callable[..., Demo]) -> None:
    demo = run()
    demo.wait_for_line("5/6")
    demo.process.send_signal(signal.SIGINT)
    code, printed = demo.end()
    assert code == 130
    assert printed.endswith("\nStopped by SIGINT; no process is left behind.\n")
    assert "Traceback" not in printed


@pytest.mark.parametrize("option", ["--port", "--receiver-port"])
def test_a_taken_port(tmp_path: Path, run: Callable[..., Demo], option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        code, printed = run(option, str(port)).end()
    assert code == 1
    assert printed.endswith(
        f"\n\nPort {port}: address already in use;"
        f" choose another with {option}, or leave {option} out.\n"
    )
    assert list(tmp_path.iterdir()) == []  # said at once, not after the installation


def test_no_port_at_all(run: Callable[..., Demo]) -> None:
    code, printed = run("--port", "65536").end()
    assert code == 2
    assert "65536 isn't a port" in printed


def test_without_make(run: Callable[..., Demo]) -> None:
    code, printed = run(PATH="/nowhere").end()
    assert (code, printed) == (1, "\n`make` is missing: install it, then try again.\n")


def test_an_installation_that_fails(tmp_path: Path, run: Callable[..., Demo]) -> None:
    # An index that isn't there, and no second source.
    code, printed = run(PIP_NO_INDEX="1", PIP_FIND_LINKS="", PIP_CONFIG_FILE=os.devnull).end()
    assert code == 1
    assert "     ERROR: No matching distribution found for uv" in printed
    assert printed.endswith(
        "\n\n`make install` failed (exit code 2): check that the package index can be reached, then"
        f" try again. The whole log: {tmp_path}/demo-1/install.log\n"
    )


def test_a_service_that_does_not_start(
    tmp_path: Path, run: Callable[..., Demo], fake_make: Callable[..., dict[str, str]]
) -> None:
    code, printed = run(**fake_make(run="echo 'no database'; exit 3")).end()
    assert code == 1
    assert printed.endswith(
        "     this is make run\n     no database\n\nThe service ended while it started."
        f" The whole log: {tmp_path}/demo-1/run.log\n"
    )


def test_what_the_caller_set_does_not_reach_the_service(
    tmp_path: Path, run: Callable[..., Demo], fake_make: Callable[..., dict[str, str]]
) -> None:
    foreign = ["DATABASE_URL", "LOG_LEVEL", "MAKEFLAGS", "SENTRY_ENVIRONMENT", "VIRTUAL_ENV"]
    changed = ["ENVIRONMENT", "SENTRY_DSN", "NO_PROXY", "no_proxy"]
    run(**dict.fromkeys(foreign + changed, "foreign"), **fake_make(run="env; exit 1")).end()
    env = (tmp_path / "demo-1" / "run.log").read_text()
    assert "foreign" not in env
    assert "\nENVIRONMENT=local\n" in env
    assert re.search(r"\nSENTRY_DSN=http://[0-9a-f]{32}@127\.0\.0\.1:\d+/1\n", env)
    assert "\nno_proxy=127.0.0.1\n" in env  # a proxy would keep the events from the receiver


def test_what_a_process_started_ends_with_it_even_if_it_does_not_want_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "GRACE", 0.2)
    log = tmp_path / "log"
    stubborn = ["sh", "-c", "trap '' TERM; sleep 600 & echo $!; wait; wait"]
    started = processes.Processes()
    process = started.start(stubborn, folder=tmp_path, env=os.environ, log=log)
    wait_until(lambda: log.read_text().endswith("\n"))
    started.stop(process)
    assert process.returncode == -signal.SIGKILL
    wait_until(lambda: command_of(log.read_text().strip()) == "", seconds=2)


def test_any_event_can_be_shown() -> None:
    stack = {"frames": [{"in_app": True}, {"in_app": True, "lineno": 1, "vars": {"a": None}}]}
    events: list[dict[str, Any]] = [
        {},
        {"exception": {"values": [{}]}, "request": {}, "contexts": {}, "tags": None},
        {"exception": [{"type": "E", "stacktrace": stack}], "tags": [["a", "b"]]},
        {"logentry": {"message": "hello"}, "request": {"data": ["x"]}, "user": {"id": 1}},
        {"message": "bye", "threads": {"values": [{"stacktrace": stack}]}},
        {"tags": [1, "ab", None, ["pair"]], "user": 5},
        {"contexts": {"mine": {"nested": {"deep": [1, None]}}, "other": "text"}},
        {"exception": {"values": [{"type": "E", "value": "\x1b[2J\nwiped"}]}},
    ]
    printed = "\n".join(line for event in events for line in shown(event))
    assert all(text in printed for text in ("hello", "bye", '{"deep": [1, null]}', "E:  [2J wiped"))
    assert "\x1b" not in printed


def test_scrubbed_values_stand_out_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    event = {"request": {"data": {"password": "[Filtered]", "list": [{"token": "a [Filtered]"}]}}}
    assert [*scrubbed_paths(event)] == ["request.data.password", "request.data.list.token"]

    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[30;43m[Filtered]\x1b[0m" in "".join(shown(event))

    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in "".join(shown(event))
