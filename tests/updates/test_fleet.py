"""`ion-sentry fleet`: many services, each on a branch of its own."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.updates.history import commit, git, replace
from tests.updates.simulation import begin, run
from tests.updates.test_update import named, snapshot, status

BRANCH = "ion-sentry/v90.3.0"


def fleet(folder: Path, *command: str, **env: str) -> subprocess.CompletedProcess[str]:
    return run(folder, "ion-sentry", "fleet", *command, **env)


def row(output: str, name: str) -> str:
    return next(line for line in output.splitlines() if f" {name} " in line)


@pytest.fixture
def services(repository: Path, tmp_path: Path) -> Path:
    """Five services: two to update, one that conflicts, one broken, two in one repository."""
    folder = tmp_path / "services"
    for name, team in {
        "plain": "no edit",
        "edited": "a route registered",
        "conflicting": "the same default changed",
        "broken": "README emptied",
        "many": "one of many in a repository",
    }.items():
        begin(repository.as_uri(), tmp_path / "made" / name, named(team))
        (folder).mkdir(exist_ok=True)
        (tmp_path / "made" / name / "repository").rename(folder / name)
    (folder / "broken/.cruft.json").write_text("{")
    commit(folder / "broken", "Break")
    (folder / "no service").mkdir()
    return folder


def test_each_is_updated_on_its_own_branch_and_one_that_fails_harms_no_other(
    services: Path,
) -> None:
    (services / "plain/README.md").write_text("Not committed.\n")  # an update needs no clean tree
    before = snapshot(services)
    done = fleet(services, ".")
    assert done.returncode == 3
    assert "3 updated" in done.stdout and "1 conflicts" in done.stdout and "1 failed" in done.stdout
    assert "v90.1.0 → v90.3.0" in row(done.stdout, "plain")
    assert "app/observability/limits.py" in row(done.stdout, "conflicting")
    assert ".cruft.json can't be read" in row(done.stdout, "broken")
    assert "no service" not in done.stdout
    assert snapshot(services) == before
    for name in ("plain", "edited", "many"):
        branch = "ion-sentry/services/mentoring/v90.3.0" if name == "many" else BRANCH
        assert git(services / name, "rev-list", "--count", f"HEAD..{branch}").strip() == "1"
        changed = git(services / name, "diff", "--name-only", f"HEAD..{branch}")
        assert "app/observability/arriving.py" in changed and "README" not in changed
    for name in ("conflicting", "broken"):
        assert BRANCH not in git(services / name, "branch")
        assert not status(services / name)
    again = fleet(services, ".")
    assert "3 proposed" in again.stdout


@pytest.mark.slow
def test_a_check_and_a_dry_run_change_nothing(services: Path) -> None:
    git(services / "broken", "revert", "--no-edit", "HEAD")
    before = snapshot(services)
    checked, tried = fleet(services, ".", "--check"), fleet(services, ".", "--dry-run")
    assert (checked.returncode, tried.returncode) == (2, 1)
    assert "5 behind" in checked.stdout
    assert "4 can be updated, 1 conflicts" in tried.stdout
    assert snapshot(services) == before
    assert BRANCH not in git(services / "plain", "branch")


def test_branches_are_pushed_and_proposed_or_neither(services: Path, tmp_path: Path) -> None:
    origin = tmp_path / "github" / "plain.git"
    git(tmp_path, "clone", "--quiet", "--bare", str(services / "plain"), str(origin))
    repositories = tmp_path / "repositories.txt"
    repositories.write_text(f"# all of them\n{origin.as_uri()}  # plain\n\n")

    said = fleet(tmp_path, "--repos", str(repositories))
    assert said.returncode == 3 and "say --push or --pr" in said.stderr

    tools = tmp_path / "tools"
    tools.mkdir()
    gh = tools / "gh"
    gh.write_text("#!/bin/sh\necho 'not logged in' >&2\nexit 4\n")
    gh.chmod(0o755)
    path = f"{tools}:/usr/bin:/bin"
    failed = fleet(tmp_path, "--repos", str(repositories), "--pr", PATH=path)
    assert failed.returncode == 3 and "not logged in" in failed.stdout
    assert BRANCH not in git(origin, "branch")

    gh.write_text(
        f'#!/bin/sh\necho "$@" > {tmp_path}/said\necho https://github.com/org/plain/pull/7\n'
    )
    done = fleet(tmp_path, "--repos", str(repositories), "--pr", PATH=path)
    assert done.returncode == 0, done.stdout
    assert "https://github.com/org/plain/pull/7" in done.stdout
    assert BRANCH in git(origin, "branch")
    asked = (tmp_path / "said").read_text()
    assert asked.startswith(f"pr create --head {BRANCH} --title Update from the template: v90.3.0")
    assert "- Third." in asked
    assert "1 proposed" in fleet(tmp_path, "--repos", str(repositories), "--pr", PATH=path).stdout


def test_a_service_itself_and_nothing_at_all(services: Path, tmp_path: Path) -> None:
    done = fleet(services / "plain", ".")
    assert done.returncode == 0 and "1 updated" in done.stdout
    said = fleet(services / "plain", ".", "--jobs", "0")
    assert said.returncode == 3 and "0 is not in the range" in said.stderr
    (tmp_path / "empty").mkdir()
    nothing = fleet(tmp_path / "empty", ".")
    assert nothing.returncode == 3 and "There is no service in" in nothing.stderr
    assert fleet(tmp_path / "empty").returncode == 3


@pytest.fixture
def origin(service: Path, tmp_path: Path) -> Path:
    """Where a service is pushed to."""
    git(tmp_path, "clone", "--quiet", "--bare", str(service), "origin.git")
    git(service, "remote", "add", "origin", (tmp_path / "origin.git").as_uri())
    return tmp_path / "origin.git"


def test_nothing_but_the_update_is_pushed(service: Path, origin: Path, tmp_path: Path) -> None:
    for hook in ("post-checkout", "prepare-commit-msg", "pre-push", "reference-transaction"):
        file = service / ".git/hooks" / hook
        file.write_text(f"#!/bin/sh\necho {hook} >> {tmp_path}/hooks\nexit 1\n")
    git(service, "checkout", "--quiet", "-b", "wip")
    replace(service / "README.md", "## Start", "## Not for others yet")
    commit(service, "Not pushed")
    for file in (service / ".git/hooks").iterdir():
        file.chmod(0o755)
    done = fleet(service, ".", "--push")
    assert done.returncode == 0, done.stdout
    assert not (tmp_path / "hooks").exists()
    published = git(origin, "log", "--format=%s", f"HEAD..{BRANCH}")
    assert published == "Update from the template: v90.3.0\n"
    assert len(git(service, "worktree", "list").splitlines()) == 1


@pytest.mark.slow
def test_a_branch_that_was_looked_at_is_pushed_as_it_is(service: Path, origin: Path) -> None:
    fleet(service, ".")
    looked_at = git(service, "rev-parse", BRANCH)
    done = fleet(service, ".", "--push")
    assert (done.returncode, "1 updated" in done.stdout) == (0, True), done.stdout
    assert git(origin, "rev-parse", BRANCH) == looked_at
    assert "1 proposed" in fleet(service, ".", "--push").stdout

    git(origin, "branch", "--quiet", "-D", BRANCH)
    git(service, "branch", "--quiet", "-D", BRANCH)
    commit(service, "Not pushed")
    fleet(service, ".")
    refused = fleet(service, ".", "--push")
    assert refused.returncode == 3 and "has 2 commits that origin doesn't have" in refused.stdout
    assert BRANCH not in git(origin, "branch")


@pytest.mark.slow
def test_a_folder_can_have_any_name(service: Path, tmp_path: Path) -> None:
    many = tmp_path / "many"
    for name in ("my services/a", "p-q", "p/q", "x[/y]~1.."):
        shutil.copytree(service, many / name, ignore=shutil.ignore_patterns(".git"))
    git(many, "init", "--quiet")
    commit(many, "Begin")
    done = fleet(many, ".")
    assert (done.returncode, "4 updated" in done.stdout) == (0, True), done.stdout
    branches = git(many, "branch", "--list", "ion-sentry/*").split()
    assert len(branches) == 4 and "ion-sentry/p/q/v90.3.0" in branches
    assert "x[/y]~1.." in done.stdout


def test_repositories_of_the_same_path_are_two(service: Path, tmp_path: Path) -> None:
    config, urls = tmp_path / "gitconfig", []
    for host in ("one", "two"):
        git(tmp_path, "clone", "--quiet", "--bare", str(service), f"{host}/acme/api.git")
        urls.append(f"https://me:glpat-secret@{host}.example/acme/api.git")
        with config.open("a") as file:
            there = (tmp_path / host).as_uri()
            file.write(f'[url "{there}/"]\n\tinsteadOf = {urls[-1].removesuffix("acme/api.git")}\n')
    repositories = tmp_path / "repositories.txt"
    repositories.write_text("\n".join(urls))
    done = fleet(tmp_path, "--repos", str(repositories), "--check", GIT_CONFIG_GLOBAL=str(config))
    assert (done.returncode, "2 behind" in done.stdout) == (2, True), done.stdout
    assert "https://one.example/acme/api.git" in done.stdout
    assert "secret" not in done.stdout + done.stderr


def test_a_folder_that_may_not_be_read_is_left_out(service: Path) -> None:
    closed = service.parent / "closed"
    closed.mkdir(mode=0)
    if os.access(closed, os.R_OK):
        pytest.skip("root may read all folders")
    done = fleet(service.parent, ".", "--check")
    assert done.returncode == 2 and "1 behind" in done.stdout
    assert f"{closed.name} is left out: Permission denied." in done.stderr
    closed.chmod(0o700)
