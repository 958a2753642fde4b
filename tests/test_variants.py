"""Every variant is a service that works: checked, run, and one of its errors received."""

import ast
import json
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from allpairspy import AllPairs
from click.testing import CliRunner

from demo.receiver import Receiver
from ion_sentry.cli import main
from ion_sentry.verify import FOLDER, PYTEST, lay_out
from tests.conftest import Generate
from tests.services import BIN, ROOT, Service

CHOICES: dict[str, list[str]] = {
    name: values
    for name, values in json.loads((ROOT / "cookiecutter.json").read_text("utf-8")).items()
    if isinstance(values, list) and name[0] != "_"
}
OTHER_TEXT = {
    "sentry_dsn": "https://0123456789abcdef0123456789abcdef@o1.ingest.sentry.io/42",
    "traces_sample_rate": "1",
    "profile_session_sample_rate": "0",
    "alert_slack_channel": "#alerts-한글",
    "alert_email_team": "on-call",
    "owner": "team_7",
    "repository": "github.com/acme/ion",
    "sentry_org": "acme",
}
HOSTILE_TEXTS = [
    """O'Brien "svc" 한글""",
    '"""',
    "'''",
    "\\",
    'ends in \\"',
    "${HOME} $(id) `id`",
    "%s %(name)s %",
    "# : - [x] {y} & * !",
    "</script><b>",
    "مرحبا بالعالم",
    "👩‍👩‍👧 🚀",
    "a" * 100,
]


def variants() -> Iterator[dict[str, str]]:
    """The default, each single answer that differs."""
    yield {}
    for name, values in CHOICES.items():
        yield from (possible({name: value}) for value in values[1:])
    yield OTHER_TEXT


def hostile() -> Iterator[dict[str, str]]:
    """Texts that are code somewhere."""
    for name, description in zip(HOSTILE_TEXTS[::2], HOSTILE_TEXTS[1::2], strict=True):
        yield {"project_name": name, "description": description, "project_slug": "hostile"}


def pairs() -> Iterator[dict[str, str]]:
    """All pairs of answers."""
    every = {**CHOICES, **{name: ["", text] for name, text in OTHER_TEXT.items()}}
    for values in AllPairs(list(every.values())):
        both = zip(every, values, strict=True)
        yield possible({name: value for name, value in both if value})


def possible(answers: dict[str, str]) -> dict[str, str]:
    """Take another database where a file won't do."""
    is_file = answers.get("database", "sqlite") == "sqlite"
    return answers | (
        {"database": "none"} if answers.get("deploy") == "kubernetes" and is_file else {}
    )


def name_of(answers: dict[str, str]) -> str:
    return ",".join(answers.get("project_name", value) for value in answers.values()) or "default"


FIRST, *MORE = hostile()
PARAMS = [
    *(pytest.param(answers, id=name_of(answers)) for answers in (*variants(), FIRST)),
    *(
        pytest.param(answers, id=name_of(answers), marks=pytest.mark.slow)
        for answers in (*MORE, *pairs())
    ),
]


@pytest.fixture(scope="module", params=PARAMS)
def answers(request: pytest.FixtureRequest) -> dict[str, str]:
    answers: dict[str, str] = request.param
    return answers


@pytest.fixture(scope="module")
def service(generate: Generate, answers: dict[str, str]) -> Service:
    return generate(**answers)


def files(folder: Path) -> list[Path]:
    made_later = {".hypothesis", ".mypy_cache", ".ruff_cache", ".pytest_cache", "__pycache__"}
    return [
        path
        for path in folder.rglob("*")
        if path.is_file() and not made_later & set(path.parts) and path.suffix != ".db"
    ]


def test_every_file_is_whole(service: Service) -> None:
    parsers: dict[str, Any] = {
        ".py": ast.parse,
        ".toml": tomllib.loads,
        ".json": json.loads,
        ".yml": yaml.safe_load,
        ".yaml": yaml.safe_load,
    }
    found = files(service.folder)
    assert service.folder / "app/main.py" in found
    for path in found:
        text = path.read_text("utf-8")
        assert not re.search(r"(?<!\$)\{\{|\{[%#]|cookiecutter\.", text), path
        if parse := parsers.get(path.suffix):
            parse(text)


def test_names_are_as_given(service: Service, answers: dict[str, str]) -> None:
    pyproject = tomllib.loads((service.folder / "pyproject.toml").read_text("utf-8"))
    known = {"description": pyproject["project"]["description"], **pyproject["tool"]["ion-sentry"]}
    given = {name: text for name, text in answers.items() if name in known}
    assert {name: str(known[name]) for name in given} == given


def test_style(service: Service) -> None:
    for command in (("ruff", "check", "."), ("ruff", "format", "--check", ".")):
        done = service.run(*command)
        assert done.returncode == 0, done.stdout


def test_what_it_watches_is_right(service: Service) -> None:
    done = CliRunner().invoke(main, ["-C", str(service.folder), "monitoring", "check"])
    assert (done.exit_code, done.output) == (0, "watch.toml is right.\n")


# Answers don't get into Python files: there are as many sources as databases.
by_database = pytest.mark.parametrize(
    "database",
    [
        pytest.param(name, marks=pytest.mark.slow if at else [])
        for at, name in enumerate(CHOICES["database"])
    ],
)


def sources(service: Service) -> dict[str, bytes]:
    paths = [path for path in files(service.folder) if path.suffix == ".py"]
    return {str(path.relative_to(service.folder)): path.read_bytes() for path in paths}


def test_its_sources_are_those_of_its_database(
    service: Service, answers: dict[str, str], generate: Generate
) -> None:
    like = generate(database=answers.get("database", CHOICES["database"][0]))
    assert sources(service) == sources(like)


@by_database
def test_types(generate: Generate, database: str, tmp_path: Path) -> None:
    done = generate(database=database).run("mypy", "--cache-dir", str(tmp_path))
    assert done.returncode == 0, done.stdout


def test_its_own_tests_pass(service: Service, answers: dict[str, str], tmp_path: Path) -> None:
    if answers == FIRST or not answers.keys() - {"database"}:
        done = service.run("python", "-m", "pytest", *options(tmp_path))
        assert done.returncode == 0, done.stdout
        assert "passed" in done.stdout and "skipped" not in done.stdout


@by_database
def test_the_standards_tests_pass(generate: Generate, database: str, tmp_path: Path) -> None:
    lay_out(generate(database=database).folder, ROOT / FOLDER, tmp_path / "service")
    copy = Service(tmp_path / "service")
    plugins = str(ROOT / "tests/plugins")
    command = ("python", *PYTEST, *options(tmp_path), "-p", "relay_reads_it")
    done = copy.run(*command, PYTHONPATH=plugins)
    assert done.returncode == 0, done.stdout
    assert "passed" in done.stdout and "skipped" not in done.stdout
    assert "events and refused 0" in done.stdout


def options(folder: Path) -> list[str]:
    # By default the last three runs' folders are kept, and those of others that still run removed.
    options = ["-q", "-p", "no:cacheprovider", f"--basetemp={folder / 'own'}"]
    # A run that hangs says where, and ends.
    return [*options, "-o", "faulthandler_timeout=120", "-o", "faulthandler_exit_on_timeout=true"]


def test_one_error_arrives(service: Service, receiver: Receiver) -> None:
    with service.serving(SENTRY_DSN=receiver.dsn) as running:
        message = {"persona": "mentor", "text": "How do I give feedback?"}
        status, created = running.call("POST", "/api/messages", message)
        assert (status, created) == (201, {"id": created["id"], **message})
        status, problem = running.call("POST", "/debug/error", message)
        assert (status, problem["status"]) == (500, 500)
    [event] = receiver.payloads("event")
    assert event["event_id"] == problem["event_id"]
    assert event["exception"]["values"][-1]["type"] == "KeyError"
    assert event["tags"] == {"persona": "mentor", "priority": "P2"}
    assert event["release"] == f"{service.folder.name}@0.1.0"


def test_only_what_was_chosen_is_there(service: Service, answers: dict[str, str]) -> None:
    chosen = {name: answers.get(name, values[0]) for name, values in CHOICES.items()}
    expected = {
        ".github/workflows/ion-ci.yml": chosen["ci"] == "github",
        ".github/workflows/ion-update.yml": chosen["ci"] == "github",
        ".gitlab-ci.yml": chosen["ci"] == "gitlab",
        ".gitlab/ion-ci.yml": chosen["ci"] == "gitlab",
        "Dockerfile": chosen["deploy"] != "none",
        ".dockerignore": chosen["deploy"] != "none",
        "deploy/kubernetes": chosen["deploy"] == "kubernetes",
        "deploy/kubernetes/base/migration.yaml": (chosen["deploy"], chosen["database"])
        == ("kubernetes", "postgresql"),
        "CODEOWNERS": bool(answers.get("repository")),
        "LICENSE": chosen["license"] != "Proprietary",
        "compose.yaml": chosen["database"] == "postgresql",
        "app/db": chosen["database"] != "none",
        "variants": False,
    }
    assert {path: (service.folder / path).exists() for path in expected} == expected
    if chosen["database"] == "none":
        words = ("sqlalchemy", "alembic", "sqlite", "postgres", "DATABASE_URL", "migrat")
        # The integration's list in the standard is the same everywhere.
        texts = {path: path.read_text("utf-8").lower() for path in files(service.folder)}
        assert not [
            (path, word)
            for path, text in texts.items()
            for word in words
            if word.lower() in text and "observability" not in path.parts
        ]


def test_python_version_is_the_chosen_one(service: Service, answers: dict[str, str]) -> None:
    version = answers.get("python_version", CHOICES["python_version"][0])
    for name in ("Dockerfile", ".github/workflows/ion-ci.yml", ".gitlab/ion-ci.yml"):
        if (path := service.folder / name).exists():
            text = path.read_text("utf-8")
            assert f'"{version}"' in text or f"python:{version}" in text


def test_the_dsn_is_private(service: Service, answers: dict[str, str]) -> None:
    env = service.folder / ".env"
    assert env.stat().st_mode & 0o777 == 0o600
    assert f"SENTRY_DSN={answers.get('sentry_dsn', '')}\n" in env.read_text("utf-8")
    if dsn := answers.get("sentry_dsn"):
        assert [path for path in files(service.folder) if dsn in path.read_text("utf-8")] == [env]
    assert ".env\n" in (service.folder / ".gitignore").read_text("utf-8")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs a user to be made")
def test_a_minimal_container_is_told_what_postgresql_needs(generate: Generate) -> None:
    done = generate(database="postgresql").run("python", "-m", "pytest", "-q", PATH=str(BIN))
    assert done.returncode == 1
    assert "Exit: PostgreSQL never runs as root. Install useradd" in done.stdout
    assert "Traceback" not in done.stdout
