"""`ion-sentry verify`: the standard's tests against a service as it is."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.services import BIN, clean_environment
from tests.updates.history import commit, git, lay_current_tree, replace
from tests.updates.simulation import generate, run
from tests.updates.test_update import snapshot

Verify = Callable[..., subprocess.CompletedProcess[str]]
OUTCOME = "app/observability/request/outcome.py"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template as it is, but for most of the tests, which take their time."""
    template = tmp_path_factory.mktemp("small") / "template.git"
    template.mkdir()
    git(template, "init", "--quiet")
    lay_current_tree(template)
    for file in (template / "tests/standard").glob("test_*.py"):
        if file.name != "test_outcome.py":
            file.unlink()
    commit(template, "Few tests", "v90.1.0")
    return template


@pytest.fixture(scope="module")
def made(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A service that is locked and committed."""
    made = generate(small.as_uri(), tmp_path_factory.mktemp("made"), "v90.1.0", {})
    subprocess.run([BIN / "uv", "lock", "--quiet"], cwd=made, env=clean_environment(), check=True)
    git(made, "init", "--quiet")
    commit(made, "Begin")
    return made


@pytest.fixture
def service(made: Path, tmp_path: Path) -> Path:
    git(tmp_path, "clone", "--quiet", str(made), "service")
    return tmp_path / "service"


@pytest.fixture(scope="module")
def ion_sentry() -> Verify:
    """Run it with the packages that uv has here already."""
    cache = subprocess.run(
        [BIN / "uv", "cache", "dir"], capture_output=True, text=True, check=True
    ).stdout.strip()
    return lambda folder, *command: run(folder, "ion-sentry", *command, UV_CACHE_DIR=cache)


def test_a_service_as_it_was_made_passes_and_nothing_is_left_in_it(
    service: Path, ion_sentry: Verify
) -> None:
    before = snapshot(service)
    done = ion_sentry(service, "verify")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("The standard of v90.1.0, with the service's packages as locked.")
    assert " passed" in done.stdout
    assert snapshot(service) == before

    (service / "uv.lock").unlink()
    done = ion_sentry(service, "verify", "--", "-k", "is_answered or changes0")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "there is no uv.lock" in done.stdout
    assert not (service / "uv.lock").exists()


@pytest.mark.slow
def test_what_is_broken_is_named(service: Path, ion_sentry: Verify) -> None:
    replace(service / OUTCOME, "Outcome.CRASHED", "Outcome.ANSWERED")
    done = ion_sentry(service, "verify")
    assert done.returncode == 1, done.stderr
    assert "FAILED tests/standard/test_outcome.py::" in done.stdout


@pytest.mark.slow
def test_a_dependency_is_tried_before_it_is_locked(
    service: Path, ion_sentry: Verify, tmp_path: Path
) -> None:
    broken = tmp_path / "sdk"
    broken.mkdir()
    (broken / "pyproject.toml").write_text(
        '[project]\nname = "sentry-sdk"\nversion = "99"\n'
        '[build-system]\nrequires = ["uv_build>=0.13,<0.14"]\nbuild-backend = "uv_build"\n'
        '[tool.uv.build-backend]\nmodule-root = ""\n'
    )
    (broken / "sentry_sdk").mkdir()
    (broken / "sentry_sdk/__init__.py").write_text("raise ImportError('all new')\n")
    done = ion_sentry(service, "verify", "--with", str(broken))
    assert done.returncode == 1, done.stdout + done.stderr
    assert "all new" in done.stdout + done.stderr

    done = ion_sentry(service, "verify", "--with", str(tmp_path / "nowhere"))
    assert done.returncode == 3
    assert "The packages can't be installed" in done.stderr


def test_a_version_whose_services_have_the_tests_themselves_says_so(
    service: Path, ion_sentry: Verify, small: Path, tmp_path: Path
) -> None:
    template = tmp_path / "template.git"
    git(tmp_path, "clone", "--quiet", str(small), str(template))
    git(template, "rm", "--quiet", "-r", "tests/standard")
    replace(service / ".cruft.json", small.as_uri(), template.as_uri())
    new = git(small, "rev-parse", "HEAD").strip()
    replace(service / ".cruft.json", new, commit(template, "Old", "v0.1.0"))
    done = ion_sentry(service, "verify")
    assert done.returncode == 3
    assert "v0.1.0 is older than this command" in done.stderr and "make test" in done.stderr


def test_a_service_without_its_package_is_told(service: Path, ion_sentry: Verify) -> None:
    (service / "app").rename(service / "api")
    done = ion_sentry(service, "verify")
    assert done.returncode == 3
    assert f"{service} has no app, which the standard's tests are about." in done.stderr


@pytest.mark.slow
def test_a_fleet_tells_which_pass(service: Path, ion_sentry: Verify, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "service", "broken")
    replace(tmp_path / "broken" / OUTCOME, "Outcome.CRASHED", "Outcome.ANSWERED")
    commit(tmp_path / "broken", "Break")
    before = snapshot(tmp_path / "broken")
    done = ion_sentry(tmp_path, "fleet", ".", "--verify")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 broken, 1 verified" in done.stdout
    assert "tests/standard/test_outcome.py::" in done.stdout
    assert snapshot(tmp_path / "broken") == before
