"""A service through its years: generated, edited, updated, cloned afresh, updated again.

What counts is measured over all lines of all files. Lost: a line that the team wrote, or a deletion
of theirs, is undone. Missed: a line that the template brought or took away isn't there or is still
there, and nothing says so.
"""

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from ion_sentry.merge import place_of
from ion_sentry.state import read_state
from ion_sentry.template import Template, Version, rendered, templates
from ion_sentry.update import carry_out, make_plan
from tests.services import BIN, clean_environment
from tests.updates.edits import TEAMS, Team
from tests.updates.history import commit, git, make_template

VERSIONS = ("v90.1.0", "v90.2.0", "v90.3.0")


@dataclass(frozen=True)
class Result:
    """What an update did to a service."""

    exit_code: int
    output: str
    conflicts: frozenset[str]
    lost: tuple[str, ...]
    missed: tuple[str, ...]


def run(folder: Path, *command: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run one of the environment's programs, as on a machine without anybody's configuration."""
    home = folder.parent / "home"
    home.mkdir(exist_ok=True)
    return subprocess.run(
        [str(BIN / command[0]), *command[1:]],
        cwd=folder,
        env={**clean_environment(), "HOME": str(home), "COLUMNS": "200", **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
    )


def generate(url: str, folder: Path, version: str, answers: dict[str, str]) -> Path:
    """Generate a service with plain cookiecutter from a version of the template."""
    folder.mkdir(parents=True, exist_ok=True)
    given = [f"{name}={text}" for name, text in answers.items()]
    options = ("--default-config", "--no-input", "--checkout", version)
    made = run(folder, "cookiecutter", *options, url, "project_slug=svc", *given)
    assert made.returncode == 0, made.stdout + made.stderr
    return folder / "svc"


def begin(url: str, folder: Path, team: Team) -> Path:
    """Generate a team's service, commit it, edit it and commit that. Returns its folder."""
    service = generate(url, folder / "made", VERSIONS[0], team.answers)
    repository = folder / "repository"
    place = repository / team.prefix
    place.parent.mkdir(parents=True, exist_ok=True)
    service.rename(place) if not team.prefix else shutil.copytree(service, place)
    git(repository, "init", "--quiet")
    commit(repository, "Begin")
    team.edit(place)
    commit(repository, "Edit")
    return place


def clone_afresh(service: Path, team: Team, folder: Path) -> Path:
    """Clone with one commit of history, and without what is never committed."""
    top = Path(git(service, "rev-parse", "--show-toplevel").strip())
    git(folder, "clone", "--quiet", "--depth=1", top.as_uri(), "afresh")
    return folder / "afresh" / team.prefix


# Updates a service to a version; returns the exit code, and what is told.
Tool = Callable[[Path, Version], tuple[int, str]]


def by_cruft(service: Path, version: Version) -> tuple[int, str]:
    done = run(service, "cruft", "update", "-y", "--checkout", version.name)
    return done.returncode, done.stdout + done.stderr


def by_ion_sentry(template: Template) -> Tool:
    """Do what the command does, in this process: sixty of them would take minutes."""

    def update(service: Path, version: Version) -> tuple[int, str]:
        plan = make_plan(read_state(service), template, version.name)
        merged = carry_out(plan, place_of(service))
        return bool(merged.conflicts), "\n".join([*merged.conflicts, *merged.notes])

    return update


def update(service: Path, tool: Tool, version: Version, old: Path, new: Path) -> Result:
    """Update with a tool and measure, given what the two versions render to."""
    before = lines_of(service)
    gone = {path for path in files(old) if not (service / path).exists()}
    exit_code, output = tool(service, version)
    unmerged = git(service, "diff", "--name-only", "--diff-filter=U", "--relative", "-z").split(
        "\0"
    )
    rejected = [str(path.relative_to(service)) for path in service.rglob("*.rej")]
    conflicts = frozenset(filter(None, [*unmerged, *rejected]))
    after = lines_of(service)
    was, wanted = lines_of(old), lines_of(new)

    lost = list((before - was) - after)
    lost += [path for path in gone & files(new) if (service / path).exists()]
    told = Counter[str]()
    for path in files(old) | files(new):
        if path in output:
            told += lines_in(new / path) - lines_in(old / path)
    missed = list((wanted - was) - after - told)
    if not conflicts and "kept" not in output:
        went = was - wanted
        missed += [
            line for line in went if after[line] > max(wanted[line], before[line] - went[line])
        ]
    return Result(exit_code, output, conflicts, tuple(lost), tuple(missed))


def settle(service: Path) -> None:
    """Resolve what conflicts are there for the team, and commit."""
    for path in filter(
        None, git(service, "diff", "--name-only", "--diff-filter=U", "-z").split("\0")
    ):
        top = Path(git(service, "rev-parse", "--show-toplevel").strip())
        entries = git(top, "ls-files", "--unmerged", "--", path)
        if any(entry.split()[2] == "2" for entry in entries.splitlines()):
            git(top, "checkout", "--quiet", "--ours", "--", path)
            git(top, "add", "--force", "--", path)
        else:
            git(top, "rm", "--quiet", "--force", "--", path)
    for rejected in service.rglob("*.rej"):
        rejected.unlink()
    commit(service, "Update")


def files(folder: Path) -> set[str]:
    """List the text files of a service that are compared."""
    found = set()
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != ".git"]
        for name in names:
            path = Path(parent, name)
            if name not in (".cruft.json", ".env") and not name.endswith((".rej", ".bin")):
                found.add(path.relative_to(folder).as_posix())
    return found


def lines_in(file: Path) -> Counter[str]:
    if not file.is_file() or file.is_symlink():
        return Counter()
    return Counter(line.strip() for line in file.read_text("utf-8").splitlines() if line.strip())


def lines_of(folder: Path) -> Counter[str]:
    """Count the lines of all files, so that a file that moved is no loss."""
    total = Counter[str]()
    for path in files(folder):
        total.update(lines_in(folder / path))
    return total


def live(template: Template, folder: Path, team: Team, tool: Tool) -> list[Result]:
    """Take a service through two updates, the second in a fresh clone."""
    service = begin(template.url, folder, team)
    answers = read_state(service).answers
    versions = [template.version(tag) for tag in VERSIONS]
    trees = [rendered(version, template.render(version, answers)).folder for version in versions]
    results = [update(service, tool, versions[1], trees[0], trees[1])]
    settle(service)
    service = clone_afresh(service, team, folder)
    return [*results, update(service, tool, versions[2], trees[1], trees[2])]


def main() -> None:
    """Print the figures of the README."""
    with TemporaryDirectory() as scratch, templates() as found:
        folder = Path(scratch)
        template = found.get(make_template(folder).as_uri())
        tools: dict[str, Tool] = {"ion-sentry": by_ion_sentry(template), "cruft": by_cruft}
        for name, tool in tools.items():
            figures = Counter[str]()
            for number, team in enumerate(TEAMS):
                for result in live(template, folder / name / str(number), team, tool):
                    figures["updates"] += 1
                    figures["conflict" if result.conflicts else "clean"] += 1
                    figures["conflict, exit code 0"] += bool(
                        result.conflicts and not result.exit_code
                    )
                    figures["lost"] += bool(result.lost)
                    figures["missed"] += bool(result.missed)
                    if result.conflicts or result.lost or result.missed:
                        facts = (sorted(result.conflicts), result.lost, result.missed)
                        print(name, team, *facts, sep=" | ", file=sys.stderr)
            print(name, dict(figures))


if __name__ == "__main__":
    main()
