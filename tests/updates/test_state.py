"""`.cruft.json`: right wherever the template came from, and without secrets."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.services import BIN, ROOT, clean_environment
from tests.updates.history import git, replace
from tests.updates.simulation import run

KEY = "0123456789abcdef0123456789abcdef"
DSN = f"https://{KEY}@o1.ingest.sentry.io/42"
HOME = "https://github.com/org/ion-sentry-template"


def cookiecutter(folder: Path, *arguments: str, **env: str) -> Path:
    folder.mkdir(exist_ok=True)
    given = ("--default-config", "--no-input", *arguments, f"sentry_dsn={DSN}")
    done = run(folder, "cookiecutter", *given, PWD=str(folder), **env)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "ion-mentoring"


def state_of(service: Path) -> dict[str, Any]:
    text = (service / ".cruft.json").read_text("utf-8")
    assert KEY not in text
    state: dict[str, Any] = json.loads(text)
    answers = state["context"]["cookiecutter"]
    assert not [name for name in answers if name.startswith("_")]
    assert answers["database"] == "sqlite" and answers["sentry_dsn"] == ""
    return state


def commit_of(repository: Path, ref: str) -> str:
    return git(repository, "rev-parse", f"{ref}^{{commit}}").strip()


@pytest.fixture
def clone(repository: Path, tmp_path: Path) -> Path:
    """A user's own clone of the template."""
    git(tmp_path, "clone", "--quiet", repository.as_uri(), "clone")
    return tmp_path / "clone"


def test_of_a_url_and_of_a_cached_clone_with_another_version(
    repository: Path, tmp_path: Path
) -> None:
    for number, version in enumerate(("v90.2.0", "v90.1.0")):
        options = (repository.as_uri(), "--checkout", version)
        state = state_of(cookiecutter(tmp_path / str(number), *options))
        assert state["template"] == repository.as_uri()
        assert state["commit"] == commit_of(repository, version)


def test_of_an_abbreviation(repository: Path, tmp_path: Path) -> None:
    config = tmp_path / "gitconfig"
    config.write_text(
        f'[url "{repository.parent.as_uri()}/"]\n\tinsteadOf = https://github.com/org/\n'
    )
    folder = tmp_path / "services"
    state = state_of(
        cookiecutter(folder, "gh:org/ion-sentry-template", GIT_CONFIG_GLOBAL=str(config))
    )
    assert state["template"] == f"{HOME}.git"
    assert state["commit"] == commit_of(repository, "HEAD")


def test_of_a_folder_and_of_the_folder_that_one_is_in(clone: Path, tmp_path: Path) -> None:
    for arguments, folder in (
        ((str(clone),), tmp_path / "a"),
        (("../clone",), tmp_path / "b"),
        ((".", "--output-dir", str(tmp_path / "c")), clone),
    ):
        cookiecutter(folder, *arguments)
    for name in "abc":
        state = state_of(tmp_path / name / "ion-mentoring")
        assert state["template"] == git(clone, "config", "remote.origin.url").strip()
        assert state["commit"] == commit_of(clone, "HEAD")


@pytest.mark.parametrize(
    ("origin", "recorded"),
    [
        ("https://me:sntrys_secret@github.com/org/t.git", "https://github.com/org/t.git"),
        ("https://token@github.com/org/t", "https://github.com/org/t"),
        ("git@github.com:org/t.git", "git@github.com:org/t.git"),
        ("ssh://git:pw@host:22/org/t.git", "ssh://git@host:22/org/t.git"),
        ("ssh://git@host:22/org/t.git", "ssh://git@host:22/org/t.git"),
    ],
)
def test_without_what_opens_the_door(
    clone: Path, tmp_path: Path, origin: str, recorded: str
) -> None:
    git(clone, "remote", "set-url", "origin", origin)
    service = cookiecutter(tmp_path / "services", str(clone))
    assert state_of(service)["template"] == recorded
    assert str(tmp_path) not in (service / ".cruft.json").read_text("utf-8")


def test_a_template_that_is_nowhere_else_is_recorded_by_its_path(
    clone: Path, tmp_path: Path
) -> None:
    git(clone, "remote", "remove", "origin")
    moved = clone.rename(tmp_path / "with a space")
    assert state_of(cookiecutter(tmp_path / "services", str(moved)))["template"] == moved.as_uri()


def test_of_a_zip_and_without_hooks_it_is_the_versions_tag(clone: Path, tmp_path: Path) -> None:
    archive = tmp_path / "template.zip"
    git(clone, "archive", "--prefix=template/", f"--output={archive}", "HEAD")
    hookless = (str(clone), "--accept-hooks", "no")
    for name, arguments in (("zip", (str(archive),)), ("hookless", hookless)):
        state = state_of(cookiecutter(tmp_path / name, *arguments))
        assert (state["template"], state["commit"]) == (HOME, "v90.3.0")


def test_in_a_hook_of_git_it_is_still_the_templates(
    clone: Path, tmp_path: Path, repository: Path
) -> None:
    other = tmp_path / "other"
    git(tmp_path, "init", "--quiet", "other")
    service = cookiecutter(tmp_path / "services", str(clone), GIT_DIR=str(other / ".git"))
    assert state_of(service)["commit"] == commit_of(clone, "HEAD")


def test_a_service_in_somebody_elses_checkout_does_not_take_its_commit(
    clone: Path, tmp_path: Path
) -> None:
    # Here `.` would be the checkout, which is no template.
    other = tmp_path / "other"
    git(tmp_path, "init", "--quiet", "other")
    git(other, "commit", "--quiet", "--allow-empty", "--message", "Other")
    done = run(
        clone,
        "cookiecutter",
        *("--default-config", "--no-input", ".", "--output-dir", str(other)),
        PWD=str(other),
    )
    assert done.returncode == 0
    assert state_of(other / "ion-mentoring")["commit"] == "v90.3.0"


def test_cruft_writes_its_own_and_gets_no_secret(repository: Path, tmp_path: Path) -> None:
    create = ("cruft", "create", repository.as_uri(), "--no-input", "--default-config")
    refused = run(tmp_path, *create, "--extra-context", json.dumps({"sentry_dsn": DSN}))
    assert refused.returncode != 0
    assert "put it into .env afterwards. Nothing was generated." in refused.stderr
    assert not (tmp_path / "ion-mentoring").exists()
    done = run(tmp_path, *create, "--checkout", "v90.1.0")
    assert done.returncode == 0, done.stderr
    state = json.loads((tmp_path / "ion-mentoring/.cruft.json").read_text("utf-8"))
    assert state["commit"] == commit_of(repository, "v90.1.0")


def installed(service: Path) -> Path:
    """Let a service look installed, with linters that say nothing; return its folder of tools."""
    tools = service / ".venv/bin"
    tools.mkdir(parents=True)
    for name, program in {
        **{"python": BIN / "python", "uv": BIN / "uv"},
        **{"ruff": Path("/bin/true"), "mypy": Path("/bin/true")},
    }.items():
        (tools / name).symlink_to(program)
    (tools / ".installed").touch()
    return tools


def make(service: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", *words], cwd=service, env=clean_environment(), capture_output=True, text=True
    )


def test_the_url_for_uv_is_made_of_every_kind(clone: Path, tmp_path: Path) -> None:
    service = cookiecutter(tmp_path / "services", str(clone))
    uv = installed(service) / "uv"
    uv.unlink()
    uv.write_text('#!/bin/sh\nfor word; do echo "$word"; done\n')
    uv.chmod(0o755)
    state = json.loads((service / ".cruft.json").read_text("utf-8"))
    for template, url in {
        "https://github.com/org/t": "git+https://github.com/org/t",
        "git@github.com:org/t.git": "git+ssh://git@github.com/org/t.git",
        "/srv/t": "git+file:///srv/t",
        "file:///srv/a%20b": "git+file:///srv/a%20b",
    }.items():
        (service / ".cruft.json").write_text(json.dumps(state | {"template": template}))
        done = make(service, "check-update", "ARGS=--json")
        assert done.stdout.splitlines()[-4:] == [url, "ion-sentry", "check", "--json"], done
        done = make(service, "monitoring-plan", "ARGS=--prune")
        words = ["ion-sentry", "monitoring", "plan", "--prune"]
        assert done.stdout.splitlines()[-5:] == [f"{url}@{state['commit']}", *words], done


@pytest.mark.parametrize("text", [None, "{", "[]", '{"template": "/t", "commit": null}'])
def test_without_a_commit_make_says_what_to_do(
    clone: Path, tmp_path: Path, text: str | None
) -> None:
    service = cookiecutter(tmp_path / "services", str(clone))
    installed(service)
    file = service / ".cruft.json"
    file.unlink() if text is None else file.write_text(text)
    done = make(service, "monitoring-apply")
    told, ended = done.stderr.splitlines()
    assert told.startswith(".cruft.json doesn't say which template and commit") and "Error" in ended
    assert "ion-sentry adopt URL" in told


def test_lint_judges_watch_toml_by_the_services_own_commit(
    repository: Path, tmp_path: Path
) -> None:
    service = cookiecutter(tmp_path / "services", repository.as_uri())
    installed(service)
    done = make(service, "lint")
    assert (done.returncode, done.stdout, done.stderr) == (0, "watch.toml is right.\n", "")
    replace(service / "monitoring/watch.toml", "above = 0.05", "above = 5")
    done = make(service, "lint")
    assert done.returncode == 2 and "0.05 is 5 %" in done.stderr
    replace(service / ".cruft.json", repository.as_uri(), (tmp_path / "gone").as_uri())
    done = make(service, "lint")
    [told] = done.stderr.splitlines()
    assert done.returncode == 0 and told.startswith("monitoring/watch.toml was not checked: ")


def test_one_version_number() -> None:
    version = json.loads((ROOT / "cookiecutter.json").read_text("utf-8"))["_template_version"]
    pyproject = (ROOT / "pyproject.toml").read_text("utf-8")
    assert f'\nname = "ion-sentry-template"\nversion = "{version}"\n' in pyproject
    released = re.findall(r"^## (\d.*)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M)
    assert released[0] == version
    if (ROOT / ".git").exists():
        tags = git(ROOT, "tag", "--points-at", "HEAD", "v*").split()
        assert tags in ([], [f"v{version}"])
        assert {tag.removeprefix("v") for tag in git(ROOT, "tag", "--list", "v*").split()} <= {
            *released
        }


def test_the_wheel_has_the_toolbox_and_nothing_else(tmp_path: Path) -> None:
    built = subprocess.run(
        [str(BIN / "uv"), "build", "--quiet", "--wheel", "--out-dir", str(tmp_path), str(ROOT)],
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr
    [wheel] = tmp_path.glob("*.whl")
    listed = subprocess.run(
        [sys.executable, "-m", "zipfile", "--list", str(wheel)], capture_output=True, text=True
    )
    names = [line.split()[0] for line in listed.stdout.splitlines()[1:]]
    assert {name.split("/")[0].split("-")[0] for name in names} == {
        "ion_sentry",
        "ion_sentry_template",
    }
