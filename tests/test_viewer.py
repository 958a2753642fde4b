"""What a service sends, seen on this machine: in the terminal, and found by `make run`."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError

import pytest

from demo.service import free_port
from tests.conftest import Generate
from tests.services import BIN, Service, clean_environment

ALL = {"SENTRY_TRACES_SAMPLE_RATE": "1", "SENTRY_LOG_LEVEL": "info", "ENVIRONMENT": "local"}
MESSAGE = {"persona": "mentor", "text": "hi"}


class Terminal:
    """`python -m app.observability tail` on a free port; `text` is what it printed at its end."""

    def __init__(self, process: "subprocess.Popen[str]", port: int) -> None:
        self.process, self.port = process, port
        self.dsn = f"http://viewer@127.0.0.1:{port}/1"
        self.text = ""

    def send(self, body: bytes, **headers: str) -> int:
        url = f"http://127.0.0.1:{self.port}/api/1/envelope/"
        try:
            with urllib.request.urlopen(urllib.request.Request(url, body, headers)) as answer:
                return int(answer.status)
        except HTTPError as refused:
            refused.close()
            return refused.code


@contextmanager
def terminal(service: Service, **env: str) -> Iterator[Terminal]:
    port = free_port()
    process = subprocess.Popen(
        [BIN / "python", "-m", "app.observability", "tail", "--port", str(port)],
        cwd=service.folder,
        env=clean_environment() | {"COLUMNS": "100"} | env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout
    seen = Terminal(process, port)
    try:
        assert process.stdout.readline() == f"Waiting for what is sent to SENTRY_DSN={seen.dsn}\n"
        yield seen
        process.send_signal(signal.SIGINT)
        seen.text, _ = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    assert process.returncode == 0


def test_an_error_a_trace_and_a_log_line_are_as_sentry_would_get_them(generate: Generate) -> None:
    service = generate()
    with terminal(service) as seen, service.serving(SENTRY_DSN=seen.dsn, **ALL) as running:
        assert running.call("POST", "/api/messages", MESSAGE)[0] == 201
        assert running.call("POST", "/debug/error", MESSAGE | {"password": "hunter2"})[0] == 500
    for line in (
        r"\d\d:\d\d:\d\d\.\d{3} +\d+\.\d ms  POST /api/messages 201",
        r"\d\d:\d\d:\d\d\.\d{3} +\d+\.\d ms    db INSERT INTO messages .*",
        r"\d\d:\d\d:\d\d\.\d{3} +\d+\.\d ms  POST /debug/error 500",
        r"     KeyError: 'mentor-on-holiday'",
        r"     priority P2 · level error · environment local · release ion-mentoring@0.1.0.*",
        r'     →   28 │         name = MENTORS\[f"{persona}-on-holiday"\]',
        r"     variables .*Question\(persona='mentor', text='hi', password='\[Filtered\]'\)",
    ):
        assert re.search(f"^{line}$", seen.text, re.MULTILINE), (line, seen.text)
    assert "hunter2" not in seen.text
    assert "\x1b" not in seen.text  # nobody looks at a pipe


def envelope(kind: str, payload: object) -> bytes:
    text = json.dumps(payload)
    return f'{{}}\n{{"type": "{kind}", "length": {len(text)}}}\n{text}\n'.encode()


def test_each_kind_has_its_lines(generate: Generate) -> None:
    attribute = {"value": "mentor", "type": "string"}
    log = {"timestamp": 0, "level": "warn", "body": "late\n\x1b[2J"}
    log |= {"attributes": {"persona": attribute, "sentry.sdk.name": attribute}}
    metric = {"timestamp": 0, "name": "orders.placed", "type": "counter", "value": 2}
    metric |= {"attributes": {"persona": attribute}}
    with terminal(generate()) as seen:
        assert seen.send(envelope("log", {"items": [log]})) == 200
        assert seen.send(envelope("trace_metric", {"items": [metric]})) == 200
        job = {"monitor_slug": "digest", "status": "ok", "duration": 1.25}
        assert seen.send(envelope("check_in", job)) == 200
        assert seen.send(envelope("sessions", {})) == 200
    lines = [line.partition(" ")[2] for line in seen.text.splitlines()]
    assert lines == [
        "warn    late  [2J  persona=mentor",
        "counter orders.placed 2  persona=mentor",
        "cron digest ok 1.2 s",
    ]


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"", {}),
        (b"hello", {}),
        (envelope("event", []), {}),
        (envelope("span", {"items": [{}]}), {}),
        (b"not gzip", {"Content-Encoding": "gzip"}),
        (b"x", {"Content-Length": "20000001"}),
        (b"x", {"Content-Length": "many"}),
    ],
)
def test_what_is_no_envelope_is_refused(
    generate: Generate, body: bytes, headers: dict[str, str]
) -> None:
    with terminal(generate()) as seen:
        assert seen.send(body, **headers) == 400
        assert seen.send(envelope("event", {"message": "still here"})) == 200
    assert "still here" in seen.text and "Traceback" not in seen.text


def test_a_terminal_that_knows_ascii_only(generate: Generate) -> None:
    with terminal(generate(), PYTHONIOENCODING="ascii") as seen:
        assert seen.send(envelope("event", {"message": "누구세요?"})) == 200
    assert "????" in seen.text


def test_a_taken_port_is_told(generate: Generate) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = generate().run("python", "-m", "app.observability", "tail", "--port", str(port))
    assert done.returncode == 1
    assert done.stdout == f"Port {port} of 127.0.0.1 can't be had: Address already in use.\n"
    done = generate().run("python", "-m", "app.observability", "tail", VIEWER_PORT="many")
    assert done.returncode == 2 and "invalid port value: 'many'" in done.stdout


def viewer(folder: Path, npm: str) -> subprocess.CompletedProcess[str]:
    """Run `ion-sentry viewer` with this npm, in a service whose Python does nothing."""
    bin = folder / ".venv/bin"
    bin.mkdir(parents=True)
    for name, script in {"python": "", "node": "echo v24.0.0", "npm": npm}.items():
        (bin / name).write_text(f"#!/bin/sh\n{script}\n")
        (bin / name).chmod(0o755)
    return subprocess.run(
        [BIN / "ion-sentry", "-C", folder, "viewer"],
        env=clean_environment() | {"PATH": f"{bin}:{os.environ['PATH']}", "COLUMNS": "200"},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("npm", "why"),
    [
        ("exit 7", "exit code 7"),
        ("echo 'npm error reason: [/] is [bold]'; exit 1", "npm error reason: [/] is [bold]"),
    ],
)
def test_why_there_is_no_page_is_told(tmp_path: Path, npm: str, why: str) -> None:
    done = viewer(tmp_path, npm)
    told = f"The browser's viewer can't be had ({why}): the terminal shows it.\n"
    assert (done.returncode, done.stdout) == (0, told)


def test_a_file_where_the_viewer_goes_stays(tmp_path: Path) -> None:
    (tmp_path / ".viewer").write_text("mine")
    done = viewer(tmp_path, "exit 1")
    assert done.returncode == 3 and "can't be installed into" in done.stderr
    assert done.stderr.endswith("/.viewer: File exists.\n")
    assert (tmp_path / ".viewer").read_text() == "mine"


@pytest.mark.parametrize(
    ("env", "sent_to"),
    [
        ({}, ["SENTRY_DSN={dsn}", "SENTRY_TRACES_SAMPLE_RATE=1", "SENTRY_LOG_LEVEL=info"]),
        ({"SENTRY_LOG_LEVEL": "off", "SENTRY_TRACES_SAMPLE_RATE": "0.5"}, ["SENTRY_DSN={dsn}"]),
        ({"ENVIRONMENT": "production"}, []),
        ({"SENTRY_DSN": "http://mine@127.0.0.1:1/1"}, []),
        ({"LOG_LEVEL": "loud", "SENTRY_LOG_LEVEL": "loud"}, []),  # the service tells it
    ],
)
def test_a_running_viewer_is_found_in_local_without_a_dsn(
    generate: Generate, env: dict[str, str], sent_to: list[str]
) -> None:
    with terminal(generate()) as seen:
        done = generate().run(
            "python", "-m", "app.observability", "viewer", VIEWER_PORT=str(seen.port), **env
        )
    told = [f"Sending to the viewer: http://localhost:{seen.port}"] if sent_to else []
    assert sorted(done.stdout.splitlines()) == sorted(
        told + [line.format(dsn=seen.dsn) for line in sent_to]
    )
    assert done.returncode == 0


def test_make_run_sends_to_it(generate: Generate) -> None:
    service = generate()
    with terminal(service) as seen:
        make = shutil.which("make") or ""
        command = [make, "--silent", "--old-file=install", f"BIN={BIN}", "run", "PORT=0"]
        with service.serving(*command, VIEWER_PORT=str(seen.port)) as running:
            running.call("POST", "/debug/error", MESSAGE)
    assert f"Sending to the viewer: http://localhost:{seen.port}\n" in running.output
    assert "KeyError: 'mentor-on-holiday'" in seen.text


def test_without_one_it_says_what_to_do(generate: Generate) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = str(silent.getsockname()[1])  # it takes the connection, and never answers
        done = generate().run("python", "-m", "app.observability", "viewer", VIEWER_PORT=port)
    assert done.stdout == (
        "No SENTRY_DSN: nothing is sent. To see it here: make viewer, then make run again\n"
    )
