"""Thirty services, and what their teams made of them.

Each edit works on a fresh service's folder. `conflicts` names the files in which an update has to
ask: the team and the template changed the same lines there. Everywhere else it has to be clean.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.updates.history import edit, git, replace

Edit = Callable[[Path], object]
STANDARD = "app/observability"


@dataclass(frozen=True)
class Team:
    """A service: its answers, its team's edits, and where updates may conflict."""

    name: str
    edit: Edit
    answers: dict[str, str] = field(default_factory=dict)
    conflicts: frozenset[str] = frozenset()
    prefix: str = ""  # of a service in a repository of many

    def __str__(self) -> str:
        return self.name.replace(" ", "-")


def team(name: str, edit: Edit, *conflicts: str, prefix: str = "", **answers: str) -> Team:
    return Team(name, edit, answers, frozenset(conflicts), prefix)


def write(path: str, text: str) -> Edit:
    def write(service: Path) -> None:
        (service / path).parent.mkdir(parents=True, exist_ok=True)
        (service / path).write_text(text, encoding="utf-8")

    return write


def change(path: str, old: str, new: str) -> Edit:
    return lambda service: replace(service / path, old, new)


def append(path: str, text: str) -> Edit:
    return lambda service: edit(service / path, lambda before: before + text)


def delete(path: str) -> Edit:
    return lambda service: git(service, "rm", "-r", "--quiet", path)


def move(old: str, new: str) -> Edit:
    def move(service: Path) -> None:
        (service / new).parent.mkdir(parents=True, exist_ok=True)
        git(service, "mv", old, new)

    return move


def all_of(*edits: Edit) -> Edit:
    return lambda service: [edit(service) for edit in edits]


def own_route(service: Path) -> None:
    write("app/api/mentors.py", "from fastapi import APIRouter\n\nrouter = APIRouter()\n")(service)
    main = service / "app/main.py"
    edit(main, lambda text: re.sub(r"(from app\.api import .*)", r"\1, mentors", text))
    replace(main, "    if settings", "    app.include_router(mentors.router)\n    if settings")


def without_example(service: Path) -> None:
    delete("app/api/messages.py")(service)
    delete("tests/test_messages.py")(service)
    main = service / "app/main.py"
    replace(main, ", messages", "")
    replace(main, "    app.include_router(messages.router)\n", "")


# The package's name, where it isn't that of the variable.
APP = re.compile(r"(?<=from )app(?=[. ])|(?<=import )app(?=\.)|\bapp(?=\.main:app|/)")


def another_package(service: Path) -> None:
    git(service, "mv", "app", "mentoring")
    listed = git(service, "ls-files", "-z", "*.py", "Dockerfile", "Makefile", "pyproject.toml")
    for path in filter(None, listed.split("\0")):
        file = service / path
        text = file.read_text("utf-8")
        file.write_text(re.sub(APP, "mentoring", text), "utf-8")


def windows_line_ends(service: Path) -> None:
    edit(service / "README.md", lambda text: text.replace("\n", "\r\n"))


def models_as_package(service: Path) -> None:
    text = (service / "app/db/models.py").read_text("utf-8")
    delete("app/db/models.py")(service)
    write("app/db/models/message.py", text)(service)
    write("app/db/models/__init__.py", "from .message import *  # noqa: F403\n")(service)


def own_formatting(service: Path) -> None:
    edit(service / "app/main.py", lambda text: text.replace("    ", "  "))


def executable(service: Path) -> None:
    write("deploy.sh", "#!/bin/sh\nexec true\n")(service)
    (service / "deploy.sh").chmod(0o755)
    (service / "Makefile").chmod(0o755)


def other_kinds_of_files(service: Path) -> None:
    (service / "한글 문서.bin").write_bytes(bytes(range(256)))
    (service / "READ ME").symlink_to("README.md")


PIN = '    "structlog>=25.1,<27",\n'
OWN_DEPENDENCY = (
    "    # Below this line: what the service needs. It is yours, updates leave it alone.\n    #\n"
)
OWN_APT = "as root. It is yours, updates leave it alone.\n"
LIMITS = f"{STANDARD}/limits.py"
CI = ".github/workflows/ion-ci.yml"

TEAMS = [
    team("no edit", lambda service: None),
    team("a route registered", own_route, project_name='O\'Brien "svc" 한글'),
    team(
        "the same default changed",
        change(LIMITS, "LIMIT: Final = 60", "LIMIT: Final = 100"),
        LIMITS,
    ),
    team(
        "own settings",
        append("app/settings.py", '    mentors_url: str = "https://mentors.example"\n'),
        database="postgresql",
    ),
    team(
        "a dependency beside a pinned one",
        change("pyproject.toml", PIN, PIN + '    "tenacity>=9",\n'),
        "pyproject.toml",
        ci="gitlab",
    ),
    team(
        "a dependency in its own place",
        change("pyproject.toml", OWN_DEPENDENCY, OWN_DEPENDENCY + '    "tenacity>=9",\n'),
        deploy="kubernetes",
        database="none",
    ),
    team(
        "the pin edited",
        change("pyproject.toml", "structlog>=25.1,<27", "structlog==26.1.0"),
        "pyproject.toml",
        python_version="3.11",
    ),
    team("the example deleted", without_example, license="MIT"),
    team("a file deleted that changes", delete(LIMITS), database="none"),
    team("a workflow of its own", write(".github/workflows/own.yml", "name: own\non: push\n")),
    team("another version of an action", change(CI, "checkout@de0fac2e", "checkout@deadbeef"), CI),
    team(
        "a file moved that is renamed",
        move(f"{STANDARD}/names.py", f"{STANDARD}/our_names.py"),
        *(f"{STANDARD}/{name}.py" for name in ("names", "our_names", "numbers")),
    ),
    team("a file moved that changes", move(LIMITS, "app/own/limits.py"), deploy="none"),
    team(
        "a deleted file edited",
        all_of(
            append(f"{STANDARD}/leaving.py", "OURS = 1\n"),
            append(f"{STANDARD}/staying.py", "O = 1\n"),
        ),
        license="Apache-2.0",
    ),
    team(
        "a renamed file edited", change(f"{STANDARD}/names.py", "ONE: Final = 1", "ONE: Final = 11")
    ),
    team(
        "own before_send",
        all_of(
            write("app/before_send.py", "def before_send(event, hint):\n    return event\n"),
            append("app/main.py", "# before_send: app/before_send.py\n"),
        ),
        traces_sample_rate="0.5",
    ),
    team(
        "own packages in the image", change("Dockerfile", OWN_APT, OWN_APT + "RUN apt-get update\n")
    ),
    team(
        "another README",
        change("README.md", "## Start", "## What it does\n\nIt mentors.\n\n## Start"),
        description="",
    ),
    team(
        "the package renamed",
        another_package,
        f"{STANDARD}/names.py",
        "mentoring/observability/names.py",
        "mentoring/observability/numbers.py",
    ),
    team(
        "own file where a new one comes",
        write(f"{STANDARD}/arriving.py", "OURS = 'all of it is ours'\n"),
        f"{STANDARD}/arriving.py",
        alert_slack_channel="#알림",
    ),
    # Ten more.
    team("one of many in a repository", own_route, prefix="services/mentoring/"),
    team("line ends of Windows", windows_line_ends, ci="none"),
    team("rights changed", executable, ci="gitlab", database="postgresql"),
    team("new files ignored", append(".gitignore", "app/observability/*\nbelow/\n*.toml\n")),
    team("names and kinds of files", other_kinds_of_files, owner="team_7"),
    team("README emptied", lambda service: (service / "README.md").write_text("# Ours\n")),
    team("models as a package", models_as_package, database="postgresql", ci="none"),
    team("formatted another way", own_formatting, license="MIT", ci="gitlab"),
    team(
        "tools and commands of its own",
        all_of(
            append("pyproject.toml", '\n[tool.coverage.run]\nsource = ["app"]\n'),
            append("Makefile", "\ndeploy:\n\t@echo ours\n"),
        ),
        sentry_org="acme",
    ),
    team(
        "a migration and tests of its own",
        all_of(
            write("app/db/migrations/versions/0002_own.py", 'revision = "0002"\n'),
            write("tests/test_own.py", "def test_own() -> None:\n    assert True\n"),
            delete("tests/test_health.py"),
        ),
        profile_session_sample_rate="1",
    ),
]
