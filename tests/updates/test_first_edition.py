"""Services of the first edition, 0.1.0, are updated to the tree as it is, and lose nothing."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from demo.receiver import Receiver
from tests.services import ROOT, Service, mostly_slow
from tests.updates.edits import (
    OWN_DEPENDENCY,
    Edit,
    all_of,
    append,
    change,
    own_route,
    write,
)
from tests.updates.history import commit, git, lay_current_tree
from tests.updates.simulation import generate, run

FIRST_EDITION = "17e1aff1b4bf0803f74cbe59256ef723a457ab56"
OWN_ALERT = """
[[alerts]]
name = "ours"
watch = "issue_stream"
on = ["regressed"]
repeat = "1h"

[[alerts.tell]]
severity = "P2"
text = "back again"
by = ["email"]
"""


class Team(NamedTuple):
    """What a team did with its service, and in which files an update has to tell of it."""

    name: str
    edit: Edit
    kept: dict[str, str]  # what is still there afterwards, by file
    told: tuple[str, ...] = ()


TASKS = "app/observability/tasks.py"
TASKS_NOW = "app/observability/errors/tasks.py"
POLICY = "app/observability/severity.py"
PROGRAM = "monitoring/program/show.py"
TESTS = "tests/observability/test_storm.py"
OURS = "# ours\n"
COVERAGE = '\n[tool.coverage.run]\nsource = ["app"]\n'

TEAMS = [
    Team("nothing edited", lambda service: None, {}),
    Team(
        "a threshold of its own",
        change("monitoring/watch.toml", "above = 0.05", "above = 0.2"),
        {"monitoring/watch.toml": "above = 0.2"},
    ),
    Team(
        "an alert of its own",
        append("monitoring/watch.toml", OWN_ALERT),
        {"monitoring/watch.toml": OWN_ALERT},
    ),
    Team("a route of its own", own_route, {"app/main.py": "app.include_router(mentors.router)"}),
    Team(
        "a setting of its own",
        append("app/settings.py", '    mentors_url: str = "https://mentors.example"\n'),
        {"app/settings.py": "mentors_url"},
    ),
    Team(
        "tests of its own",
        all_of(
            write("tests/test_own.py", "def test_own() -> None:\n    assert True\n"),
            append("tests/conftest.py", OURS),
        ),
        {"tests/test_own.py": "test_own", "tests/conftest.py": OURS},
    ),
    Team(
        "dependencies, commands and a workflow of its own",
        all_of(
            change("pyproject.toml", OWN_DEPENDENCY, OWN_DEPENDENCY + '    "tenacity>=9",\n'),
            append("Makefile", "\ndeploy:\n\t@echo ours\n"),
            write(".github/workflows/own.yml", "name: own\non: push\n"),
        ),
        {"pyproject.toml": "tenacity", "Makefile": "@echo ours", ".github/workflows/own.yml": ""},
    ),
    Team(
        "tools configured where the template's last line changes",
        append("pyproject.toml", COVERAGE),
        {"pyproject.toml": COVERAGE},
        ("pyproject.toml",),
    ),
    Team("a moved file of the standard edited", append(TASKS, OURS), {TASKS_NOW: OURS}),
    # Git doesn't see where it went, as less than half is left: nothing is lost, and it is told.
    Team(
        "a rewritten file of the standard edited", append(POLICY, OURS), {POLICY: OURS}, (POLICY,)
    ),
    Team("a file of the program edited", append(PROGRAM, OURS), {PROGRAM: OURS}, (PROGRAM,)),
    Team("a test of the standard edited", append(TESTS, OURS), {TESTS: OURS}, (TESTS,)),
    Team(
        "a file of its own beside the standard",
        write("app/observability/own.py", OURS),
        {"app/observability/own.py": OURS},
    ),
]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template with two versions: 0.1.0, and the tree as it is."""
    known = subprocess.run(["git", "cat-file", "-e", f"{FIRST_EDITION}^{{commit}}"], cwd=ROOT)
    if known.returncode:
        pytest.skip("the history is shallow: 0.1.0 isn't in it")
    folder = tmp_path_factory.mktemp("template")
    template = folder / "ion-sentry-template.git"
    git(folder, "clone", "--quiet", "--no-tags", str(ROOT), str(template))
    git(template, "checkout", "--quiet", "-B", "main", FIRST_EDITION)
    git(template, "remote", "remove", "origin")
    git(template, "tag", "v0.1.0")
    lay_current_tree(template)
    commit(template, "The second edition", "v90.1.0")
    return template


@pytest.fixture(scope="module")
def made(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Path]:
    """Copy a committed service of 0.1.0 to a folder."""
    service = generate(repository.as_uri(), tmp_path_factory.mktemp("made"), "v0.1.0", {})
    git(service, "init", "--quiet")
    commit(service, "Begin")
    return lambda folder: shutil.copytree(service, folder / "svc")


@pytest.mark.parametrize("team", mostly_slow(TEAMS), ids=lambda team: team.name.replace(" ", "-"))
def test_a_service_of_0_1_0_is_updated(
    made: Callable[[Path], Path], tmp_path: Path, team: Team, receiver: Receiver
) -> None:
    service = made(tmp_path)
    team.edit(service)
    commit(service, "Edit")
    done = run(service, "ion-sentry", "update")
    told = done.stdout + done.stderr
    assert done.returncode == bool(team.told and "to resolve by hand" in told), told
    for path, text in team.kept.items():
        assert text in (service / path).read_text("utf-8"), told
    for path in team.told:
        assert path in told
    if done.returncode == 0:
        works(service, receiver)


def works(service: Path, receiver: Receiver) -> None:
    """Its team's files, as 0.1.0 made them, run on the new standard, and report."""
    running = Service(service)
    assert (service / ".github/workflows/deploy.yml").exists()  # which the template's calls
    assert run(service, "ion-sentry", "monitoring", "check").returncode == 0
    migrated = running.run("alembic", "upgrade", "head")
    assert migrated.returncode == 0, migrated.stdout
    with running.serving(SENTRY_DSN=receiver.dsn) as serving:
        assert serving.call("POST", "/debug/error", {"persona": "a", "text": "b"})[0] == 500
    assert [e["exception"]["values"][-1]["type"] for e in receiver.payloads("event")] == [
        "KeyError"
    ]
