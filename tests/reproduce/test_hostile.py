"""Events that can't be used, and some that somebody made to do harm."""

import itertools
import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.reproduce.conftest import Checkout
from tests.reproduce.hostile import ODD, REFUSED

Json = dict[str, Any]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def event(events: dict[str, Path]) -> Json:
    found: Json = json.loads(events["none_value"].read_text("utf-8"))
    return found


def left_behind(checkout: Checkout) -> str:
    return checkout.run("/usr/bin/git", "status", "--porcelain").out


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_in_one_line(
    name: str, checkout: Checkout, event: Json, tmp_path: Path
) -> None:
    make, said = REFUSED[name]
    file = tmp_path / "event"
    file.write_bytes(make(event))
    ended = checkout.reproduce(file, "--write-test")
    assert ended.code == 3, ended
    [line] = ended.out.splitlines()
    assert line.startswith("UNUSABLE: ") and said in line and len(line) < 300
    assert "Traceback" not in ended.err
    assert left_behind(checkout) == ""


@pytest.mark.parametrize("name", ODD)
def test_it_does_no_harm(name: str, checkout: Checkout, event: Json, tmp_path: Path) -> None:
    file = tmp_path / "event"
    file.write_bytes(ODD[name](event))
    ended = checkout.reproduce(file)
    assert ended.code in (0, 1, 2, 3), ended
    assert ended.verdict.partition(":")[0] in (
        "REPRODUCED",
        "NO ERROR",
        "DIFFERENT ERROR",
        "UNUSABLE",
    )
    assert "Traceback" not in ended.err
    assert all(char.isprintable() or char == "\n" for char in ended.out + ended.err)
    assert left_behind(checkout) == ""


def test_curl_is_told_no_file_of_this_machine(
    checkout: Checkout, events: dict[str, Path], tmp_path: Path
) -> None:
    event = json.loads(events["upload"].read_text("utf-8"))
    files = {"table": "<5 bytes>", "x=@/etc/passwd;a": "<5 bytes>", ";headers=@/x": "<5 bytes>"}
    event["request"]["data"] = files | {"columns": "</etc/passwd", "more": ["@/etc/passwd", 4]}
    file = tmp_path / "event.json"
    file.write_text(json.dumps(event), "utf-8")
    ended = checkout.reproduce(file, "--curl")
    assert ended.code in (0, 1, 2) and "Traceback" not in ended.err
    words = shlex.split(ended.out.splitlines()[-1])
    form = [pair for pair in itertools.pairwise(words) if pair[0].startswith("--form")]
    assert form == [
        ("--form", "table=inven;filename=table.bin"),
        ("--form", "x_@/etc/passwd_a=inven;filename=x_@/etc/passwd_a.bin"),
        ("--form", "_headers_@/x=inven;filename=_headers_@/x.bin"),
        ("--form-string", "columns=</etc/passwd"),
        ("--form-string", "more=@/etc/passwd"),
        ("--form-string", "more=4"),
    ]


@pytest.mark.parametrize("what", ["nothing-there.json", "0123", "https://sentry.io/welcome/"])
def test_what_names_no_event(what: str, checkout: Checkout) -> None:
    ended = checkout.reproduce(what, SENTRY_AUTH_TOKEN="x")
    assert ended.code == 3, ended
    assert ended.verdict.startswith(f"UNUSABLE: {what} is ")


def test_a_folder_that_is_no_service(tmp_path: Path) -> None:
    ended = Checkout(tmp_path, tmp_path).reproduce("event.json")
    assert (ended.code, ended.verdict.count("is no service of the template")) == (3, 1)
