"""`ion-sentry check` and `adopt`, and cruft on the same services."""

import json
from pathlib import Path

import pytest

from ion_sentry.state import read_state
from tests.services import mostly_slow
from tests.updates.history import commit, git, replace
from tests.updates.simulation import begin, generate, run
from tests.updates.test_update import LIMITS, ion, named, status


def test_behind_is_2_with_what_is_missing(service: Path) -> None:
    done = ion(service, "check")
    assert done.returncode == 2
    assert done.stdout.startswith("Behind: v90.1.0, and there is v90.3.0.\n")
    assert "- Third." in done.stdout and "- First." not in done.stdout
    assert "edited here" not in done.stdout
    assert not status(service)
    ion(service, "update")
    done = ion(service, "check")
    assert (done.returncode, done.stdout) == (0, "Up to date with v90.3.0.\n")


def test_a_wrong_option_does_not_read_as_behind(service: Path) -> None:
    assert ion(service, "check", "--jsno").returncode == 3
    assert ion(service, "check", "--to", "v7").returncode == 3


def test_drift_is_shown_of_the_templates_files_and_regions_only(service: Path) -> None:
    replace(service / LIMITS, "60", "61")
    (service / ".github/workflows/ion-ci.yml").unlink()
    replace(service / "pyproject.toml", "structlog>=25.1,", "structlog>=26.1.5,")
    replace(service / "README.md", "## Start", "## Begin")  # the team's own
    replace(service / "Dockerfile", "leave it alone.\n", "leave it alone.\nRUN true\n")
    # What updates leave alone.
    replace(service / "app/observability/names.py", "= 5", "= 6")
    replace(service / "app/observability/sdk/__init__.py", '"""', '"""Ours: ')
    replace(
        service / "pyproject.toml",
        'skip = [".cruft.json",',
        'skip = ["app/observability/sdk", "app/*/names.py",',
    )
    done = ion(service, "check", "--json", "--to", "v90.1.0")
    assert done.returncode == 0
    facts = json.loads(done.stdout)
    assert facts["status"] == "up to date" and facts["newest"]["name"] == "v90.1.0"
    assert [*facts["drift"]] == [".github/workflows/ion-ci.yml", LIMITS, "pyproject.toml"]
    assert "-LIMIT: Final = 60\n+LIMIT: Final = 61\n" in facts["drift"][LIMITS]
    shown = ion(service, "check")
    assert shown.returncode == 2
    assert "+LIMIT: Final = 61\n" in shown.stdout and "README.md" not in shown.stdout
    # The markers gone, the region is no longer known.
    replace(service / "Dockerfile", "# <<< ion-sentry-template\n", "")
    assert "Dockerfile" in json.loads(ion(service, "check", "--json").stdout)["drift"]


ANSWERS = {
    "project_name": 'O\'Brien "svc" 한글',
    "database": "none",
    "ci": "gitlab",
    "python_version": "3.11",
    "license": "MIT",
    "owner": "team-7",
}


@pytest.mark.parametrize(
    ("version", "answers"),
    mostly_slow(
        [
            ("v90.1.0", ANSWERS),
            ("v90.2.0", {}),  # with SQLite, Kubernetes is refused
            ("v90.3.0", {"python_version": "3.10"}),  # which only the newest version has
        ]
    ),
)
def test_adopt_finds_version_and_answers(
    repository: Path, tmp_path: Path, version: str, answers: dict[str, str]
) -> None:
    service = generate(repository.as_uri(), tmp_path / "made", version, answers)
    made = read_state(service)
    (service / ".cruft.json").unlink()
    replace(service / "README.md", "## Start", "## Begin")
    done = ion(service, "adopt", str(repository))
    assert done.returncode == 0, done.stderr
    assert f"{version} fits best: " in done.stdout
    assert read_state(service) == made
    git(service, "init", "--quiet")
    commit(service, "Begin")
    assert ion(service, "update").returncode == 0
    again = ion(service, "adopt", str(repository))
    assert again.returncode == 3 and "already" in again.stderr


@pytest.mark.slow
def test_adopt_takes_what_is_given_and_keeps_no_token(service: Path, repository: Path) -> None:
    config = service.parent / "gitconfig"
    secret = "https://oauth2:glpat-secret@gitlab.example/org/"
    config.write_text(f'[url "{repository.parent.as_uri()}/"]\n\tinsteadOf = {secret}\n')
    url, anyones = secret + repository.name, {"GIT_CONFIG_GLOBAL": str(config)}
    made = read_state(service)
    (service / ".cruft.json").unlink()
    for answer, told in {
        "pyton_version=3.13": "v90.3.0 does not ask for pyton_version. It asks for: project_name,",
        "python_version=9.9": "python_version=9.9 is no choice",
        "owner=A B": "owner is no slug of Sentry's",
    }.items():
        done = ion(service, "adopt", url, "--set", answer, **anyones)
        assert done.returncode == 3 and told in done.stderr, done.stderr
        assert not (service / ".cruft.json").exists()
    # The default database is refused with it, but others aren't.
    done = ion(service, "adopt", url, "--set", "deploy=kubernetes", **anyones)
    assert done.returncode == 0, done.stderr
    state = read_state(service)
    assert state.template == f"https://gitlab.example/org/{repository.name}"
    assert state.commit == made.commit and state.answers["deploy"] == "kubernetes"


def test_adopt_refuses_what_is_no_service(repository: Path, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    done = ion(folder, "adopt", repository.as_uri())
    assert done.returncode == 3 and "no pyproject.toml" in done.stderr
    (folder / "pyproject.toml").write_text('[project]\nname = "other"\n')
    done = ion(folder, "adopt", repository.as_uri())
    assert done.returncode == 3 and "This is no service of" in done.stderr
    assert [path.name for path in folder.iterdir()] == ["pyproject.toml"]


@pytest.mark.slow
def test_cruft_works_on_the_same_service(repository: Path, tmp_path: Path) -> None:
    service = begin(repository.as_uri(), tmp_path, named("a route registered"))
    (service / ".env").write_text("SENTRY_DSN=mine\n")
    assert run(service, "cruft", "check", "--checkout", "v90.1.0").returncode == 0
    assert run(service, "cruft", "check").returncode == 1
    diff = run(service, "cruft", "diff").stdout
    assert "mentors" in diff and "cruft.json" not in diff and "SENTRY_DSN=mine" not in diff
    done = run(service, "cruft", "update", "-y", "--checkout", "v90.2.0")
    assert done.returncode == 0
    assert (service / "app/observability/arriving.py").exists()
    assert (service / ".env").read_text() == "SENTRY_DSN=mine\n"
    commit(service, "By cruft")
    done = ion(service, "update")  # and ours goes on from there
    assert done.returncode == 0 and "from v90.2.0 to v90.3.0" in done.stdout
    state = json.loads((service / ".cruft.json").read_text("utf-8"))
    assert not [name for name in state["context"]["cookiecutter"] if name.startswith("_")]
    commit(service, "By ion-sentry")
    assert run(service, "cruft", "check").returncode == 0
