"""Spotlight as `make viewer` starts it, looked at in a browser."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from demo.screenshot import CHROMIUM, browser
from demo.service import free_port
from tests.conftest import Generate
from tests.services import BIN, Service, clean_environment

pytestmark = pytest.mark.slow
# Told of every connection that Node makes.
WATCH = """\
import { Socket } from "node:net";
import { appendFileSync } from "node:fs";
const { connect } = Socket.prototype;
Socket.prototype.connect = function (...args) {
  const [{ host, port }] = Array.isArray(args[0]) ? args[0] : args;
  appendFileSync(process.env.WATCHED, `${host}:${port}\\n`);
  return connect.apply(this, args);
};
"""
# Beside the worked example: a record, a query and an error in one request.
REFUSE = """

@router.post("/refuse")
async def refuse(question: Question, session: Session) -> None:
    password = question.password
    await session.execute(sqlalchemy.text("SELECT 42 AS answer"))
    scope = sentry_sdk.get_isolation_scope()
    scope.add_attachment(bytes=b"more\\nthan one\\nline\\n", filename="lines.txt")
    logging.getLogger(__name__).warning("refusing a %s", question.persona)
    raise ValueError(f"no mentor for a {question.persona}, whose password has {len(password)}")
"""
IMPORTS = "import logging\nimport sentry_sdk\nimport sqlalchemy\nfrom app.db import Session\n"


@dataclass(frozen=True)
class Viewer:
    port: int
    connections: Path  # those that Node made

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def status(self, method: str, path: str, **headers: str) -> int:
        request = urllib.request.Request(self.url + path, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return int(answer.status)
        except HTTPError as refused:
            refused.close()
            return refused.code


@pytest.fixture(scope="module")
def service(generate: Generate, tmp_path_factory: pytest.TempPathFactory) -> Service:
    """A service that is installed, with a route that fails after a query."""
    made = generate()
    folder = tmp_path_factory.mktemp("viewed") / "service"
    shutil.copytree(made.folder, folder)
    debug = folder / "app/api/debug.py"
    debug.write_text(IMPORTS + debug.read_text("utf-8") + REFUSE, "utf-8")
    (folder / ".venv").symlink_to(BIN.parent)
    return Service(folder, made.env)


@pytest.fixture(scope="module")
def viewer(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Viewer]:
    """The viewer, installed where this machine's Node is too old."""
    folder = tmp_path_factory.mktemp("node")
    (folder / "node").write_text("#!/bin/sh\necho v18.20.4\n")
    (folder / "npm").write_text("#!/bin/sh\nexit 1\n")
    (folder / "watch.mjs").write_text(WATCH)
    for name in ("node", "npm"):
        (folder / name).chmod(0o755)
    port = free_port()
    env = {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "WATCHED": str(folder / "watched")}
    env["NODE_OPTIONS"] = f"--import {(folder / 'watch.mjs').as_uri()}"
    with viewing(service, port, **env) as line:
        if "can't be had" in line:
            pytest.skip(line)
        assert line == f"The viewer: http://localhost:{port}\n"
        (folder / "watched").write_text("")  # what npm reached isn't its
        yield Viewer(port, folder / "watched")


@contextmanager
def viewing(service: Service, port: int, **env: str) -> Iterator[str]:
    """Start it as `make viewer` does, and yield its first line."""
    command = [str(BIN / "ion-sentry"), "-C", str(service.folder), "viewer", "--port", str(port)]
    process = subprocess.Popen(
        command,
        env=clean_environment() | env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout
    try:
        yield process.stdout.readline()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def page(viewer: Viewer) -> Iterator[Page]:
    """Its page, after the service failed once; it is seen as soon as it arrives."""
    if not CHROMIUM:
        pytest.skip("no chromium here: Debian's package of that name")
    with browser() as page:
        page.goto(viewer.url)
        yield page


def test_an_error_its_trace_and_its_log_line_are_in_the_page(
    service: Service, viewer: Viewer, page: Page
) -> None:
    answered = []
    page.on("requestfinished", lambda request: answered.append(request.url))
    env = {"VIEWER_PORT": str(viewer.port)}
    make = [shutil.which("make") or "", "--silent", f"BIN={BIN}", "--old-file=install"]
    with service.serving(*make, "run", "PORT=0", **env) as running:
        question = {"persona": "mentor", "password": "hunter2"}
        assert running.call("POST", "/debug/refuse", question)[0] == 500
    page.get_by_role("link", name="Errors").click()
    page.get_by_text("no mentor for a mentor").click()
    expect(page.get_by_text("in refuse")).to_contain_text("app/api/debug.py")
    expect(page.locator("body")).to_contain_text('raise ValueError(f"no mentor')
    expect(page.get_by_role("row", name=re.compile("^password"))).to_contain_text("[Filtered]")
    page.get_by_role("link", name=re.compile("^[0-9a-f]{32}$")).click()
    expect(page.get_by_text("SELECT %s AS answer")).to_be_visible()
    page.get_by_role("link", name="Logs").first.click()
    expect(page.locator("body")).to_contain_text("refusing a mentor")
    assert "hunter2" not in page.content()
    assert {url.split("/")[2] for url in answered} <= {f"localhost:{viewer.port}", ""}


@pytest.mark.parametrize("order", [("event", "span"), ("span", "event")], ids="-".join)
def test_a_trace_has_its_status_whichever_part_came_first(
    viewer: Viewer, page: Page, order: tuple[str, str]
) -> None:
    name, ids = f"/{order[0]}-first", {"trace_id": uuid4().hex, "span_id": "b" * 16}
    failed = {"type": "ValueError", "mechanism": {"type": "ion", "handled": False}}
    event = {"event_id": uuid4().hex, "timestamp": time.time(), "contexts": {"trace": ids}}
    times = {"start_timestamp": time.time(), "end_timestamp": time.time() + 1}
    span = {**ids, **times, "name": name, "status": "error", "is_segment": True}
    payloads = {
        "event": event | {"exception": {"values": [failed]}},
        "span": {"items": [span | {"attributes": {}}]},
    }
    for kind in order:
        lines = ({"event_id": uuid4().hex}, {"type": kind}, payloads[kind])
        body = "\n".join(map(json.dumps, lines)).encode()
        urllib.request.urlopen(f"{viewer.url}/api/1/envelope/", body).close()
    page.get_by_role("link", name="Traces").first.click()
    expect(page.get_by_role("link", name=f"{name} error")).to_be_visible()


def test_the_doctor_says_ok(service: Service, viewer: Viewer) -> None:
    env = {"SENTRY_DSN": f"http://viewer@127.0.0.1:{viewer.port}/1"}
    done = service.run("python", "-m", "app.observability", "check", **env)
    assert done.returncode == 0, done.stdout
    assert done.stdout.rstrip().endswith("all is right")


def test_it_reaches_nothing_and_is_reached_from_this_machine_alone(viewer: Viewer) -> None:
    listening = [
        line.split()[1]
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for line in Path(table).read_text("utf-8").splitlines()[1:]
        if line.split()[1].endswith(f":{viewer.port:04X}") and line.split()[3] == "0A"
    ]
    assert listening == [f"0100007F:{viewer.port:04X}"]
    reached = {line.rpartition(":")[0] for line in viewer.connections.read_text().splitlines()}
    assert reached <= {"127.0.0.1", "localhost"}


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/", {}, 200),
        ("GET", "/health", {}, 200),
        ("GET", "/", {"Host": "evil.example"}, 403),
        ("GET", "/stream", {"Host": "evil.example:8969"}, 403),
        ("POST", "/api/1/envelope/", {"Origin": "https://evil.example"}, 403),
        ("DELETE", "/clear", {"Origin": "null"}, 403),
        ("POST", "/open", {}, 404),  # Spotlight would open a file in an editor
        ("PUT", "/contextlines", {}, 404),  # and read one
        ("POST", "/mcp", {}, 404),
        ("POST", "/api/1/envelope/", {}, 400),
    ],
)
def test_it_answers_its_own_page_and_services_alone(
    viewer: Viewer, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    assert viewer.status(method, path, **headers) == status


def test_without_the_registry_the_terminal_shows_it(service: Service, tmp_path: Path) -> None:
    folder = tmp_path / "service"
    shutil.copytree(service.folder, folder, symlinks=True, ignore=shutil.ignore_patterns(".viewer"))
    port = free_port()
    with viewing(Service(folder), port, npm_config_registry="http://127.0.0.1:1") as line:
        assert line.startswith("The browser's viewer can't be had (")
        assert line.endswith("): the terminal shows it.\n")
    assert not (folder / ".viewer").exists()
