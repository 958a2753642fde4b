"""`ion-sentry update`: what a team sees, and that it is all or nothing."""

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ion_sentry.merge import Place, commits, merge
from ion_sentry.state import read_state
from ion_sentry.template import Template, rendered
from tests.services import BIN, clean_environment
from tests.updates.edits import TEAMS, Team
from tests.updates.history import commit, edit, git, replace
from tests.updates.simulation import VERSIONS, begin, files, generate, run

LIMITS = "app/observability/limits.py"


def named(name: str) -> Team:
    return next(team for team in TEAMS if team.name == name)


def status(service: Path) -> str:
    return git(service, "status", "--porcelain")


def ion(service: Path, *command: str, **env: str) -> subprocess.CompletedProcess[str]:
    return run(service, "ion-sentry", *command, **env)


def snapshot(folder: Path) -> dict[str, bytes]:
    """All of a folder but git's own files, for telling that nothing changed."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }


def test_it_brings_the_newest_release_and_says_what_is_new(service: Path, repository: Path) -> None:
    (service / ".env").write_text("SENTRY_DSN=mine\n")
    replace(service / "pyproject.toml", 'skip = [".cruft.json", ".env"]\n', "")
    commit(service, "Without what cruft skips")
    done = ion(service, "update")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Updated from v90.1.0 to v90.3.0." in done.stdout
    assert "## 90.3.0\n\n- Third.\n\n## 90.2.0\n\n- Second." in done.stdout
    assert "- First." not in done.stdout
    assert "  region=eu\n  tier=gold\n" in done.stdout
    assert "M  .cruft.json" in status(service)
    state = json.loads((service / ".cruft.json").read_text("utf-8"))
    assert state["commit"] == git(repository, "rev-parse", "v90.3.0").strip()
    assert state["context"]["cookiecutter"]["region"] == "eu"
    assert state["context"]["cookiecutter"]["traces_sample_rate"] == "0.1"  # not the new default
    assert (service / ".env").read_text() == "SENTRY_DSN=mine\n"
    git(service, "commit", "--quiet", "--no-edit")  # git has a message ready
    assert "Update from the template: v90.3.0" in git(service, "log", "-1", "--format=%B")

    again = ion(service, "update")
    assert (again.returncode, again.stdout) == (0, "Up to date with v90.3.0.\n")
    assert not status(service)


def test_conflicts_are_gits_own_and_listed_at_the_end(repository: Path, tmp_path: Path) -> None:
    service = begin(repository.as_uri(), tmp_path, named("the same default changed"))
    done = ion(service, "update", "--to", "90.2.0")
    assert done.returncode == 1
    last = done.stdout[done.stdout.index("1 to resolve by hand") :]
    assert f"{LIMITS}: the service and the template changed the same lines" in last
    assert "git add" in last and "git reset --hard" in last
    marked = (service / LIMITS).read_text("utf-8")
    for line in ("<<<<<<<", "LIMIT: Final = 100", "|||||||", "= 60", ">>>>>>>", "= 80"):
        assert line in marked
    assert f"UU {LIMITS}" in status(service)
    git(service, "reset", "--quiet", "--hard")
    assert not status(service)
    assert "LIMIT: Final = 100" in (service / LIMITS).read_text("utf-8")


def test_what_was_deleted_or_kept_is_told(repository: Path, tmp_path: Path) -> None:
    service = begin(repository.as_uri(), tmp_path, named("a file deleted that changes"))
    done = ion(service, "update")
    assert done.returncode == 0
    assert f"{LIMITS}: the template changed it; the service had deleted it: gone" in done.stdout
    assert not (service / LIMITS).exists()


def test_a_dry_run_shows_the_diff_and_changes_nothing(repository: Path, tmp_path: Path) -> None:
    service = begin(repository.as_uri(), tmp_path, named("the same default changed"))
    hook = service / ".git/hooks/post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch '{service}/hooked'\n")
    hook.chmod(0o755)
    before, head = snapshot(service), git(service, "rev-parse", "HEAD")
    done = ion(service, "update", "--dry-run")
    assert done.returncode == 1  # there would be a conflict
    assert "+++ b/app/observability/arriving.py" in done.stdout
    assert "+<<<<<<< HEAD" in done.stdout
    assert "Would update from v90.1.0 to v90.3.0." in done.stdout
    assert "Nothing was changed." in done.stdout
    assert snapshot(service) == before and not status(service)
    assert git(service, "rev-parse", "HEAD") == head
    assert len(git(service, "worktree", "list").splitlines()) == 1


def test_a_diff_has_the_bytes_of_a_file_that_is_no_utf8(service: Path) -> None:
    makefile = service / "Makefile"
    makefile.write_bytes(makefile.read_bytes().replace(b"PORT ?=", b"# caf\xe9\nPORT ?="))
    commit(service, "In Latin-1")
    done = subprocess.run(
        [BIN / "ion-sentry", "update", "--dry-run"],
        cwd=service,
        env=clean_environment() | {"PYTHONIOENCODING": "utf-8:strict"},
        capture_output=True,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\n # caf\xe9\n" in done.stdout


def test_what_the_team_skips_stays_as_it_is(service: Path) -> None:
    # A list of one, as people write it.
    replace(service / "pyproject.toml", 'skip = [".cruft.json", ".env"]', 'skip = "Dockerfile"')
    replace(service / ".cruft.json", '"context"', '"skip": ["Makefile"], "context"')
    commit(service, "Skip")
    done = ion(service, "update")
    assert done.returncode == 0
    changed = git(service, "diff", "--cached", "--name-only").split()
    assert LIMITS in changed and not {"Dockerfile", "Makefile"} & {*changed}
    assert json.loads((service / ".cruft.json").read_text("utf-8"))["skip"] == ["Makefile"]


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("pyproject.toml", '[".cruft.json", ".env"]', "5", "skip in pyproject.toml is 5, not a "),
        ("pyproject.toml", '[".cruft.json", ".env"]', '[""]', "skip in pyproject.toml is [''], "),
        ("pyproject.toml", "[tool.cruft]", "[tool]\ncruft = 1\n[x]", "no table [tool.cruft]"),
        ("pyproject.toml", "[tool.cruft]", "[tool.cruft", "pyproject.toml can't be read: "),
        (".cruft.json", '"context"', '"skip": null, "context"', "skip in .cruft.json is None, "),
    ],
)
def test_what_says_nothing_to_skip_is_told(
    service: Path, file: str, old: str, new: str, told: str
) -> None:
    replace(service / file, old, new)
    commit(service, "Wrong")
    done = ion(service, "update")
    [line] = done.stderr.splitlines()
    assert done.returncode == 3 and told in line
    assert not status(service)


def test_in_a_sparse_checkout_what_is_left_out_is_updated_in_the_index(service: Path) -> None:
    git(service, "sparse-checkout", "set", "--no-cone", "/*", f"!/{LIMITS}")
    assert not (service / LIMITS).exists()
    done = ion(service, "update")
    assert (done.returncode, done.stderr) == (0, "")
    assert "LIMIT: Final = 90" in git(service, "show", f":{LIMITS}")
    assert not (service / LIMITS).exists()


def test_answers_can_be_set_and_wrong_ones_change_nothing(service: Path) -> None:
    before = snapshot(service)
    for answer, told in {
        "database=mysql": "database=mysql is no choice: --set database=… with one of sqlite,",
        "flavour=x": "v90.3.0 does not ask for flavour. It asks for: project_name,",
        "sentry_dsn=x": "It stays in .env.",
        "traces_sample_rate=7": "traces_sample_rate is no plain decimal from 0 (none) to 1 (all)",
        "nothing": "nothing is not answer=value.",
    }.items():
        done = ion(service, "update", "--set", answer)
        assert done.returncode == 3
        assert told in done.stderr
        assert "Traceback" not in done.stderr and "cookiecutter has forgotten" not in done.stderr
        assert snapshot(service) == before and not status(service)
    done = ion(service, "update", "--set", "database=none", "--set", "region=asia")
    assert done.returncode == 0, done.stderr
    assert not (service / "app/db").exists()
    assert 'region = "asia"' in (service / "pyproject.toml").read_text("utf-8")
    git(service, "commit", "--quiet", "--no-edit")
    back = ion(service, "update", "--set", "database=sqlite")  # at the same version
    assert back.returncode == 0
    assert (service / "app/db/models.py").exists()


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (None, "There is no .cruft.json in"),
        ("{", "can't be read"),
        ('{"template": "x"}', "can't be read"),
        ("[]", "can't be read"),
        ('{"template": 5, "commit": "", "context": {"cookiecutter": {}}}', "can't be read"),
        ('{"template": "", "commit": null, "context": {"cookiecutter": {}}}', "can't be read"),
    ],
)
def test_a_state_that_is_no_use_is_told(service: Path, state: str | None, told: str) -> None:
    file = service / ".cruft.json"
    file.unlink() if state is None else file.write_text(state)
    commit(service, "Broken")
    for command in ("update", "check"):
        done = ion(service, command)
        assert done.returncode == 3
        assert told in done.stderr and "ion-sentry adopt URL" in done.stderr


def test_a_template_that_cannot_be_reached_is_asked_once(tmp_path: Path) -> None:
    services, trace = tmp_path / "services", tmp_path / "trace"
    gone = (tmp_path / "gone").as_uri()
    state = {"template": gone, "commit": "v1", "context": {"cookiecutter": {}}}
    for name in ("one", "two"):
        (services / name).mkdir(parents=True)
        (services / name / ".cruft.json").write_text(json.dumps(state))
        git(services / name, "init", "--quiet")
        commit(services / name, "Begin")
    done = ion(services, "fleet", ".", GIT_TRACE=str(trace))
    assert done.returncode == 3 and done.stdout.count("git clone failed") == 2
    assert trace.read_text().count("built-in: git clone ") == 1


def test_a_template_may_own_nothing(repository: Path, tmp_path: Path) -> None:
    template = tmp_path / "template.git"
    git(tmp_path, "clone", "--quiet", "--no-tags", repository.as_uri(), str(template))
    edit(template / "cookiecutter.json", lambda text: text.replace("_template_owns", "_owns"))
    service = generate(template.as_uri(), tmp_path / "made", commit(template, "Own nothing"), {})
    done = ion(service, "check")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_lost_version_and_a_lost_template_are_told(service: Path, tmp_path: Path) -> None:
    file = service / ".cruft.json"
    state = json.loads(file.read_text("utf-8"))
    for change, told in (
        ({"commit": "0" * 40}, "ion-sentry adopt"),
        ({"template": (tmp_path / "gone").as_uri()}, "git clone failed"),
    ):
        file.write_text(json.dumps(state | change))
        commit(service, "Lost")
        done = ion(service, "update")
        assert done.returncode == 3 and told in done.stderr
        assert not status(service)
    done = ion(service, "update", "--to", "v7")
    assert done.returncode == 3


def test_it_works_without_identity_in_a_hook_and_outside_of_git_it_says_so(
    service: Path, tmp_path: Path
) -> None:
    anonymous = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    in_a_hook = {"GIT_DIR": str(tmp_path / "other"), "GIT_INDEX_FILE": str(tmp_path / "index")}
    done = ion(service, "update", **anonymous, **in_a_hook)
    assert done.returncode == 0, done.stderr
    git(service, "reset", "--quiet", "--hard")
    done = ion(service, "update", GIT_TEST_ASSUME_DIFFERENT_OWNER="1")
    assert done.returncode == 3
    assert "safe.directory" in done.stderr and "git init" not in done.stderr
    (service / ".git").rename(tmp_path / "git")
    done = ion(service, "update")
    assert done.returncode == 3
    assert "git init && git add . && git commit" in done.stderr


def test_a_neighbour_in_the_repository_is_left_alone(repository: Path, tmp_path: Path) -> None:
    one = begin(repository.as_uri(), tmp_path, named("one of many in a repository"))
    other = one.parent / "other"
    git(one, "mv", str(one / LIMITS), str(one.parent / "limits.py"))
    (other / "app/observability").mkdir(parents=True)
    (other / LIMITS).write_text((one.parent / "limits.py").read_text())
    commit(one, "A neighbour with the same file, and one moved out of the service")
    before = snapshot(other)
    done = ion(one, "update")
    assert f"  {LIMITS}: the template changed it; the service had deleted it: gone" in done.stdout
    assert snapshot(other) == before
    assert all("services/mentoring/" in line for line in status(one).splitlines())


def test_a_new_file_comes_to_where_the_team_moved_its_folder(
    repository: Path, tmp_path: Path
) -> None:
    service = begin(repository.as_uri(), tmp_path, named("the package renamed"))
    ion(service, "update", "--to", "v90.2.0")
    assert (service / "mentoring/observability/arriving.py").exists()


text = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=200)
name = st.text("abcdefgh한글 .-_", min_size=1, max_size=20).filter(lambda name: name.strip(". "))
own_files = st.dictionaries(
    st.tuples(st.sampled_from(["app/own", "app/api", "tests", "ours", "."]), name), text, max_size=6
)


@pytest.fixture(scope="module")
def ready(template: Template, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("ready")
    return Place(begin(repository.as_uri(), folder, TEAMS[0]), "")


@settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(own=own_files, deleted=st.sets(st.sampled_from(["README.md", "tests/test_health.py"])))
def test_edits_outside_the_templates_files_never_conflict(
    template: Template, ready: Place, own: dict[tuple[str, str], str], deleted: set[str]
) -> None:
    service = ready.folder
    begun = git(service, "rev-parse", "HEAD").strip()
    answers = read_state(service).answers
    old, new = (
        rendered(version, template.render(version, answers)).folder
        for version in map(template.version, VERSIONS[:2])
    )
    taken = {path.lower() for path in files(old) | files(new)}
    written = {}
    for (folder, file), content in own.items():
        path = service / folder / f"own-{file}"
        if path.relative_to(service).as_posix().lower() not in taken:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, "utf-8")
            written[path] = content.encode()
    for gone in deleted:
        (service / gone).unlink()
    try:
        git(service, "add", "--all", "--force")
        git(service, "commit", "--quiet", "--allow-empty", "--message", "Own")
        merged = merge(ready, *commits(ready, old, new, "Update", [".cruft.json", ".env"]))
        assert not merged.conflicts
        assert {path: path.read_bytes() for path in written} == written
        assert not any((service / gone).exists() for gone in deleted)
        for added in files(new) - files(old):
            assert (service / added).read_bytes() == (new / added).read_bytes()
    finally:
        git(service, "reset", "--quiet", "--hard", begun)
        git(service, "clean", "-dffxq")
