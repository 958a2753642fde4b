"""Thirty services with what their teams made of them, through two updates."""

from pathlib import Path

import pytest

from ion_sentry.template import Template
from tests.services import Service, mostly_slow
from tests.updates.edits import TEAMS, Team
from tests.updates.simulation import by_ion_sentry, live, settle

# Of one service the tests are run, of the others the imports.
TESTED = "a-renamed-file-edited"


@pytest.mark.parametrize("team", mostly_slow(TEAMS), ids=str)
def test_nothing_is_lost_and_nothing_missed(template: Template, tmp_path: Path, team: Team) -> None:
    results = live(template, tmp_path, team, by_ion_sentry(template))
    for result in results:
        assert not result.lost, result.output
        assert not result.missed, result.output
        # A conflict is where both changed the same lines, and is told.
        assert result.conflicts <= team.conflicts, result.output
        assert result.exit_code == bool(result.conflicts), result.output
        assert all(path in result.output for path in result.conflicts)
    assert any(result.conflicts for result in results) == bool(team.conflicts)

    service = tmp_path / "afresh" / team.prefix
    if not results[1].conflicts:
        settle(service)
        assert run_it(service, str(team)) == ""


def run_it(folder: Path, name: str) -> str:
    """Run the service's tests or import it; return what it said if it failed."""
    service = Service(folder, {"PYTHONDONTWRITEBYTECODE": "1"})
    package = "mentoring" if (folder / "mentoring").exists() else "app"
    command = ["python", "-c", f"import {package}.main"]
    if name == TESTED:
        command = ["python", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = service.run(*command, PYTHONPATH=str(folder))
    return done.stdout if done.returncode else ""
