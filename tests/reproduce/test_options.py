"""What can be said besides the event: the world of the request, and what is printed."""

import json
import os
import select
import shlex
import subprocess
import venv
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from demo.receiver import Receiver
from tests.conftest import Generate
from tests.reproduce.conftest import Checkout, git
from tests.services import ROOT, Service, mostly_slow

pytestmark = pytest.mark.slow


def test_rows_that_a_file_adds(checkout: Checkout, events: dict[str, Path], tmp_path: Path) -> None:
    seed = tmp_path / "rows.py"
    seed.write_text(
        "from app.db import Message\n\n\n"
        "async def seed(session):\n"
        "    session.add(Message(id=1, persona='mentor', text=' '))\n"
    )
    ended = checkout.reproduce(events["row_must_exist"], "--seed", seed)
    assert (ended.code, ended.verdict) == (0, "REPRODUCED"), ended


def test_a_file_that_adds_no_rows(
    checkout: Checkout, events: dict[str, Path], tmp_path: Path
) -> None:
    seed = tmp_path / "rows.py"
    seed.write_text("rows = []\n")
    ended = checkout.reproduce(events["row_must_exist"], "--seed", seed)
    assert ended.code == 3
    assert ended.verdict == f"UNUSABLE: {seed} has no function `async def seed(session)`."


def test_rows_that_another_database_has(
    checkout: Checkout, events: dict[str, Path], tmp_path: Path
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/other.db"
    code = (
        f"import sqlite3; c = sqlite3.connect('{tmp_path}/other.db'); "
        "c.execute(\"INSERT INTO messages VALUES (1, 'mentor', ' ', '2026-01-01')\"); c.commit()"
    )
    bin = checkout.environment / "bin"
    assert checkout.run(bin / "alembic", "upgrade", "head", DATABASE_URL=url).code == 0
    assert checkout.run(bin / "python", "-c", code).code == 0
    ended = checkout.reproduce(events["row_must_exist"], "--database", url)
    assert (ended.code, ended.verdict) == (0, "REPRODUCED"), ended


def test_the_same_request_twice(checkout: Checkout, events: dict[str, Path]) -> None:
    ended = checkout.reproduce(events["second_equal"], "--twice")
    assert (ended.code, ended.verdict) == (0, "REPRODUCED"), ended


def test_the_clock_of_today(checkout: Checkout, events: dict[str, Path]) -> None:
    ended = checkout.reproduce(events["month_end"], "--clock", "now")
    assert (ended.code, ended.verdict) == (1, "NO ERROR: answered 200"), ended
    assert "\n  Time: leave out --clock now" in ended.out


def test_the_release_that_it_happened_in(mended: Checkout, events: dict[str, Path]) -> None:
    ended = mended.reproduce(events["none_value"])
    release = json.loads(events["none_value"].read_text("utf-8"))["release"]
    sha = release.partition("+")[2]
    assert f"release {release} (not this checkout: git checkout {sha})" in ended.err
    git(mended.folder, "cat-file", "-e", sha)
    assert ended.out.splitlines()[1].strip().startswith("This checkout is not the event's release")


def test_a_request_that_does_not_end(
    checkout: Checkout, events: dict[str, Path], tmp_path: Path
) -> None:
    event = json.loads(events["endless"].read_text("utf-8"))
    event["request"]["query_string"] = "patience=1000"
    file = tmp_path / "event.json"
    file.write_text(json.dumps(event), "utf-8")
    ended = checkout.reproduce(file, "--timeout", "5")
    assert (ended.code, ended.verdict) == (3, "UNUSABLE: The request did not end within 5 s.")


def test_a_program_reads_it(checkout: Checkout, events: dict[str, Path]) -> None:
    ended = checkout.reproduce(events["filtered_body"], "--json")
    told = json.loads(ended.out)
    assert (ended.code, told["verdict"], told["status"]) == (0, "REPRODUCED", 500)
    assert told["request"]["json"]["referrer"] == "spring"
    filled = {line.partition(":")[0] for line in told["request"]["filled"]}
    assert filled == {"body.email", "body.password", "body.pin"}
    assert json.loads(checkout.reproduce("nothing", "--json").out)["verdict"] == "UNUSABLE"


@pytest.mark.parametrize(
    "name", mostly_slow(["none_value", "filtered_query", "form_fields", "upload", "cookie"])
)
def test_curl_makes_it_happen_in_a_running_service(
    name: str, checkout: Checkout, events: dict[str, Path], tmp_path: Path
) -> None:
    ended = checkout.reproduce(events[name], "--curl")
    verdict, command = ended.out.splitlines()
    assert verdict == "REPRODUCED" and command.startswith("curl ")
    uvicorn = (str(checkout.environment / "bin/uvicorn"), "app.main:app", "--port", "0")
    with Receiver() as receiver:
        with Service(checkout.folder).serving(*uvicorn, SENTRY_DSN=receiver.dsn) as running:
            here = command.replace("http://127.0.0.1:8000", running.url)
            done = subprocess.run(shlex.split(here), capture_output=True, text=True, check=True)
        assert " 500 " in done.stdout.splitlines()[0]
        [event] = receiver.payloads("event")
    wanted = json.loads(events[name].read_text("utf-8"))
    kinds = [link["type"] for link in event["exception"]["values"]]
    assert kinds == [link["type"] for link in wanted["exception"]["values"]]


def test_nothing_gets_out(
    checkout: Checkout, events: dict[str, Path], partner: str, asked: Counter[str]
) -> None:
    before = asked.total()
    for name, told in (
        ("outgoing_503", f"outgoing: GET {partner}/rates/eur: 503"),
        ("no_library", f"outgoing: {partner.removeprefix('http://')}: refused"),
    ):
        ended = checkout.reproduce(events[name], PARTNER_URL=partner, CLOSED_URL=partner)
        assert ended.verdict == "REPRODUCED"
        assert told in ended.err
    assert asked.total() == before


def test_of_all_addresses_the_databases_alone_is_let_through(checkout: Checkout) -> None:
    code = """
import socket, sys
from ion_sentry.reproduce.inside.world import Gate

database, other, datagrams = (socket.socket(type=kind) for kind in (1, 1, 2))
for one in (database, other, datagrams):
    one.bind(("127.0.0.1", 0))
database.listen(), other.listen(), datagrams.setblocking(False)
sender, gate = socket.socket(type=2), Gate()
with gate.shut(f"postgresql+psycopg://me@127.0.0.1:{database.getsockname()[1]}/service"):
    socket.create_connection(database.getsockname()).sendmsg([b"let through"])
    for way, *what in (
        (socket.create_connection, other.getsockname()),
        (sender.sendto, b"x", datagrams.getsockname()),
        (sender.sendmsg, [b"x"], [], 0, datagrams.getsockname()),
    ):
        try:
            way(*what)
        except ConnectionRefusedError as error:
            print(error)
assert gate.refused == [f"127.0.0.1:{one.getsockname()[1]}" for one in (other, datagrams)]
"""
    python = checkout.environment / "bin/python"
    ended = checkout.run(python, "-c", code, PYTHONPATH=str(ROOT))
    assert ended.code == 0, ended.err
    assert ended.out.count("reproduce lets nothing out: 127.0.0.1:") == 3


@pytest.mark.parametrize("database", mostly_slow(["postgresql", "none"]))
def test_a_service_with_another_database(
    database: str, generate: Generate, receiver: Receiver, tmp_path: Path
) -> None:
    service = generate(database=database)
    with service.serving(ENVIRONMENT="local", SENTRY_DSN=receiver.dsn) as running:
        running.call("POST", "/debug/error", {"persona": "coach"})
    file = tmp_path / "event.json"
    file.write_bytes(receiver.wait_for("event")[0].payload)
    before = names_in(service.folder)
    ended = Checkout(service.folder, tmp_path / "venv").reproduce(file)
    assert (ended.code, ended.verdict) == (0, "REPRODUCED"), ended
    assert names_in(service.folder) == before and not (tmp_path / "venv").exists()


@pytest.mark.slow
def test_an_environment_that_is_not_as_locked_stays(
    checkout: Checkout, events: dict[str, Path], tmp_path: Path
) -> None:
    own = Checkout(checkout.folder, tmp_path / "venv")
    venv.create(own.environment)
    before = names_in(own.environment / "lib")
    assert own.reproduce(events["none_value"]).verdict == "REPRODUCED"
    assert names_in(own.environment / "lib") == before


def names_in(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.name != "__pycache__"}


@pytest.mark.slow
def test_a_database_server_does_not_outlive_what_does_not_end(
    generate: Generate, events: dict[str, Path], tmp_path: Path
) -> None:
    seed, told = tmp_path / "rows.py", tmp_path / "pid"
    seed.write_text(
        "import pathlib, sqlalchemy, time\n\n\n"
        "async def seed(session):\n"
        "    folder = await session.scalar(sqlalchemy.text('SHOW data_directory'))\n"
        "    pid = pathlib.Path(folder, 'postmaster.pid').read_text().split()[0]\n"
        f"    pathlib.Path('{told}').write_text(pid)\n"
        "    time.sleep(1000)\n"
    )
    service = generate(database="postgresql")
    options = ("--seed", seed, "--timeout", "15")
    ended = Checkout(service.folder, tmp_path / "venv").reproduce(events["none_value"], *options)
    assert (ended.code, ended.verdict) == (3, "UNUSABLE: The request did not end within 15 s.")
    with suppress(ProcessLookupError):
        server = os.pidfd_open(int(told.read_text()))
        assert select.select([server], [], [], 30)[0]


def test_without_an_event_make_says_what_is_missing(generate: Generate) -> None:
    # Only its own line is tested here: what it calls is fetched from a repository.
    text = (generate().folder / "Makefile").read_text("utf-8")
    assert "ion-sentry reproduce" in text
