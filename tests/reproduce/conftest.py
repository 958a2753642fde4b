"""Errors of a service in production, and checkouts of it to make them happen in."""

import json
import shutil
import socket
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from demo.receiver import LoopbackServer, Receiver
from tests.conftest import Generate
from tests.reproduce.catalogue import BUGS as SOME_BUGS
from tests.reproduce.catalogue import Bug, fixed
from tests.reproduce.more_bugs import MORE_BUGS, PARTNER
from tests.services import BIN, Service, clean_environment

Json = dict[str, Any]

BUGS = (*SOME_BUGS, *MORE_BUGS)
# Those that need a server of their own.
SPECIAL = [bug for bug in BUGS if bug.is_partner_down or bug.name == "month_end"]
# Once in four years; uvicorn runs on that day.
LEAP_DAY = "2028-02-29T12:00:00Z"
ON_LEAP_DAY = f"""
import time_machine, uvicorn
time_machine.travel("{LEAP_DAY}").start()
uvicorn.run("app.main:app", port=0)
"""


@dataclass(frozen=True)
class Ended:
    """A command that ended."""

    code: int
    out: str
    err: str

    @property
    def verdict(self) -> str:
        return self.out.partition("\n")[0]


@dataclass(frozen=True)
class Checkout:
    """A clone of a service, and an environment that its packages are installed in."""

    folder: Path
    environment: Path

    def run(self, *command: str | Path, **env: str) -> Ended:
        """Run a command of the template's in it."""
        own = {"NO_PROXY": "127.0.0.1", "COLUMNS": "200"}
        done = subprocess.run(
            [str(BIN / command[0]), *map(str, command[1:])],
            cwd=self.folder,
            env=clean_environment() | own | {"UV_PROJECT_ENVIRONMENT": str(self.environment)} | env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def reproduce(self, event: str | Path, *options: str | Path, **env: str) -> Ended:
        """Make an event happen, as `make reproduce` does."""
        return self.run("ion-sentry", "reproduce", event, *options, **env)


def git(folder: Path, *command: str) -> None:
    who = ("-c", "user.name=team", "-c", "user.email=team@example.com")
    subprocess.run(["git", *who, *command], cwd=folder, check=True, env=clean_environment())


def wiring(bug: Bug) -> str:
    router = f"{bug.name}.router"
    return f"mount({bug.mounted!r}, {router})" if bug.mounted else f"include_router({router})"


@pytest.fixture(scope="session")
def service(generate: Generate, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository of a service that has all the bugs."""
    folder = tmp_path_factory.mktemp("production") / "service"
    leave = shutil.ignore_patterns("*.db", "__pycache__", ".env")
    shutil.copytree(generate().folder, folder, ignore=leave)
    for bug in BUGS:
        (folder / f"app/api/{bug.name}.py").write_text(bug.source, "utf-8")
    main = folder / "app/main.py"
    wired = "    app.include_router(messages.router)\n"
    more = "".join(f"    app.{wiring(bug)}\n" for bug in BUGS)
    text = main.read_text("utf-8").replace(wired, wired + more)
    names = ", ".join(["debug", "health", "messages", *(bug.name for bug in BUGS)])
    text = text.replace(
        "from app.api import debug, health, messages", f"from app.api import {names}"
    )
    main.write_text(text, "utf-8")
    pyproject = folder / "pyproject.toml"
    needs = '"httpx>=0.28,<0.29",\n    "python-multipart>=0.0.20",\n    "time-machine>=2.16",'
    mine = (
        "# Below this line: what the service needs. It is yours, updates leave it alone.\n    #\n"
    )
    text = pyproject.read_text("utf-8")
    assert mine in text
    pyproject.write_text(text.replace(mine, f"{mine}    {needs}\n"), "utf-8")
    locked = Checkout(folder, folder).run("uv", "lock", "--quiet")
    assert locked.code == 0, locked.err
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "bugs")
    return folder


@pytest.fixture(scope="session")
def checkout(service: Path, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A clone of it, and nothing else: no database, no `.env`."""
    folder = tmp_path_factory.mktemp("checkout")
    checkout = Checkout(folder / "service", folder / "venv")
    git(folder, "clone", "--quiet", str(service), "service")
    installed = checkout.run("uv", "sync", "--quiet")
    assert installed.code == 0, installed.err
    return checkout


@pytest.fixture(scope="session")
def mended(checkout: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A clone in which all bugs are mended."""
    folder = tmp_path_factory.mktemp("mended")
    git(folder, "clone", "--quiet", str(checkout.folder), "service")
    for bug in BUGS:
        (folder / f"service/app/api/{bug.name}.py").write_text(fixed(bug.source), "utf-8")
    git(folder / "service", "commit", "--quiet", "--all", "--message", "no bugs")
    return Checkout(folder / "service", checkout.environment)


@pytest.fixture(scope="session")
def asked() -> Counter[str]:
    """What the partner was asked."""
    return Counter()


class _Partner(BaseHTTPRequestHandler):
    """Has no time for anybody."""

    def __init__(self, asked: Counter[str], *args: Any) -> None:
        self._asked = asked
        super().__init__(*args)

    def do_GET(self) -> None:
        self._asked[self.path] += 1
        status, told = PARTNER.get(urlsplit(self.path).path, (503, {}))
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="session")
def partner(asked: Counter[str]) -> Iterator[str]:
    server = LoopbackServer(("127.0.0.1", 0), partial(_Partner, asked))
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def events(
    service: Path, checkout: Checkout, partner: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """What arrived of each bug when it happened in production, in a file each."""
    folder = tmp_path_factory.mktemp("events")
    production = Service(service)
    bin = checkout.environment / "bin"
    migrated = production.run(str(bin / "alembic"), "upgrade", "head")
    assert migrated.returncode == 0, migrated.stdout
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # and never listens
        env = {
            "ENVIRONMENT": "production",
            "PARTNER_URL": partner,
            "CLOSED_URL": f"http://127.0.0.1:{closed.getsockname()[1]}",
        }
        usual = ("uvicorn", "app.main:app", "--port", "0")
        closed_partner = {"PARTNER_URL": env["CLOSED_URL"]}
        runs: list[tuple[tuple[str, ...], dict[str, str], list[Bug]]] = [
            (usual, {}, [bug for bug in BUGS if bug not in SPECIAL]),
            (usual, closed_partner, [bug for bug in SPECIAL if bug.is_partner_down]),
            (
                ("python", "-c", ON_LEAP_DAY),
                {},
                [bug for bug in SPECIAL if not bug.is_partner_down],
            ),
        ]
        found: dict[str, Path] = {}
        for command, own, bugs in runs:
            server = (str(bin / command[0]), *command[1:])
            with (
                Receiver() as receiver,
                production.serving(*server, **env | own, SENTRY_DSN=receiver.dsn) as running,
            ):
                for bug in bugs:
                    found[bug.name] = folder / f"{bug.name}.json"
                    event = happens(bug, running.url, receiver)
                    found[bug.name].write_text(json.dumps(event), "utf-8")
    return found


def happens(bug: Bug, url: str, receiver: Receiver) -> Json:
    """Let a bug happen, and return its event."""
    before = len(receiver.payloads("event"))
    with httpx.Client(base_url=url) as client:
        for request in bug.requests:
            files = {name: (f"{name}.csv", data) for name, data in (request.files or {}).items()}
            body = {"json": request.json} if request.json is not None else {}
            with suppress(httpx.RemoteProtocolError):  # a stream that broke off
                client.request(
                    request.method,
                    request.path,
                    headers=list(request.headers),
                    data=request.data,
                    content=request.content,
                    files=files or None,
                    **body,
                )
    receiver.wait_for("event", before + 1)
    return receiver.payloads("event")[before]
