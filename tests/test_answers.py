"""Answers: whatever is typed, a service comes of it, or one refusal that says how to go on."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.answers import (
    FREE_TEXT,
    HOOK,
    HOOK_FILE,
    HOSTILE,
    KEY,
    QUESTIONS,
    ROOT,
    TOML_STRING,
    is_a_name,
)


@pytest.fixture(autouse=True)
def hooks_are_rendered_into_a_folder_of_the_test(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Cookiecutter leaves its rendered hooks in there.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("hooks")))


@pytest.fixture(scope="session")
def small_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The questions and the judge of the template, and one small file of answers to render."""
    template = tmp_path_factory.mktemp("small") / "template"
    folder = template / "{{cookiecutter.project_slug}}"
    folder.mkdir(parents=True)
    (template / "hooks").mkdir()
    shutil.copy(ROOT / "cookiecutter.json", template)
    shutil.copy(HOOK_FILE, template / "hooks")
    # Trimmed, because white space around a DSN is taken.
    (folder / "answers.toml").write_text(
        "".join(
            f'{name} = "{TOML_STRING.replace("x |", f"cookiecutter.{name} | trim |")}"\n'
            for name in QUESTIONS
            if not name.startswith("_")
        )
    )
    return template


def cookiecutter(
    folder: Path, *arguments: str, typed: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run cookiecutter in an empty folder as a user would, with nothing of this user's in it."""
    home = folder.parent / "home"
    home.mkdir(exist_ok=True)
    homes = dict.fromkeys(["HOME", "USERPROFILE", "TMPDIR", "TMP", "TEMP"], str(home))
    return subprocess.run(
        [sys.executable, "-m", "cookiecutter", "--default-config", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **homes, **environment},
        input=typed,
        capture_output=True,
        encoding="utf-8",
    )


@pytest.fixture
def output(tmp_path: Path) -> Path:
    folder = tmp_path / "output"
    folder.mkdir()
    return folder


def tree(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


def answers_in(project: Path) -> dict[str, Any]:
    return tomllib.loads((project / "answers.toml").read_text("utf-8"))


@pytest.mark.parametrize("name", FREE_TEXT)
@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_text_is_refused_or_rendered(
    cookies: Any,
    small_template: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    name: str,
    hostile: str,
) -> None:
    before, outside = tree(tmp_path), Path("/etc/x").exists()
    answers = {"project_slug": "ion-mentoring", name: hostile}
    result = cookies.bake(template=str(small_template), extra_context=answers)
    bake = tmp_path / "cookies" / "bake00"
    if result.exit_code == 0:
        rendered = answers_in(result.project_path)
        assert result.project_path.parent == bake
        assert rendered[name] == {"{{ 7*7 }}": "49"}.get(hostile, hostile)
    else:
        # Of cookiecutter: it evaluates what stands on its command line, and makes a folder.
        own_error = type(result.exception).__name__ == "UndefinedVariableInTemplate"
        stderr = capfd.readouterr().err
        no_folder = name == "project_slug" and not is_a_name(hostile)
        assert own_error == (hostile == "${{ x }}" or no_folder)
        assert own_error or f"can't be used; nothing was generated.\n\n  {name} " in stderr
        assert "Traceback" not in stderr
        assert tree(tmp_path) - before <= {bake}
    assert Path("/etc/x").exists() == outside
    assert not Path("/tmp/ion-owned").exists()


@pytest.mark.parametrize("slug", ["../x", "a/b", "a" * 300, "", "..", "/etc/x", "a\nb"])
@pytest.mark.parametrize("also", [[], ["description=x"]], ids=["", "with all answers"])
def test_a_slug_that_is_no_folder_is_refused_at_once(
    small_template: Path, tmp_path: Path, slug: str, also: list[str]
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    done = cookiecutter(work, str(small_template), "--no-input", f"project_slug={slug}", *also)
    assert done.returncode == 1
    told = "a project_slug that can be a folder here, such as ion-mentoring; nothing was generated"
    assert told in done.stdout + done.stderr
    assert ("Traceback" in done.stderr) == bool(also)
    assert {path.name for path in tmp_path.rglob("*")} <= {"work", "home"}


def test_the_defaults_make_a_service(cookies: Any, small_template: Path) -> None:
    result = cookies.bake(template=str(small_template))
    assert result.exit_code == 0
    assert result.project_path.name == "ion-mentoring"
    assert answers_in(result.project_path)["alert_email_team"] == "ion"


def test_a_slug_is_made_of_the_name(cookies: Any, small_template: Path) -> None:
    name = 'O\'Brien "svc" 한글' + " long" * 16
    result = cookies.bake(template=str(small_template), extra_context={"project_name": name})
    assert result.project_path.name == "o-brien-svc-hangeul-long-long-long-long-long-long"
    assert answers_in(result.project_path)["project_name"] == name


def test_all_problems_are_told_at_once_and_nothing_is_left(
    small_template: Path, output: Path
) -> None:
    wrong = {
        "project_name": "a\nb",
        "project_slug": "~x",
        "sentry_dsn": f"https://{KEY}:{KEY[::-1]}@h.io/2",
        "traces_sample_rate": "1.5",
        "alert_slack_channel": "Ion Alerts",
    }
    before = tree(output.parent)
    run = cookiecutter(
        output, "--no-input", str(small_template), *(f"{k}={v}" for k, v in wrong.items())
    )
    home = output.parent / "home"
    assert run.returncode == 1
    assert {path for path in tree(output.parent) - before if home not in path.parents} == {home}
    assert run.stderr.startswith("5 answers can't be used; nothing was generated.\n\n")
    assert re.findall(r"^  (\w+) ", run.stderr, re.MULTILINE)[:-1] == list(wrong)
    assert "given: '~x'" in run.stderr and "right: x" in run.stderr
    assert KEY[::-1] not in run.stderr
    assert "Traceback" not in run.stderr


def test_the_command_in_the_refusal_brings_back_the_good_answers(
    small_template: Path, output: Path
) -> None:
    kept = {"project_name": 'O\'Brien "svc" $HOME 한글', "database": "postgresql"}
    wrong = ["project_slug=fastapi", "sentry_dsn=changeme"]
    run = cookiecutter(
        output, "--no-input", str(small_template), *(f"{k}={v}" for k, v in kept.items()), *wrong
    )
    assert "can't be used" in run.stderr
    [line] = re.findall(r"^  cookiecutter .*$", run.stderr, re.MULTILINE)
    assert "project_slug=" not in line and "sentry_dsn=" not in line
    right = re.findall(r"right: (.*)", run.stderr)
    assert right[0] == "fastapi-service"
    again = cookiecutter(
        output,
        *shlex.split(line)[1:],
        f"project_slug={right[0]}",
        f"sentry_dsn={right[1]}",
        "--no-input",
    )
    assert again.returncode == 0 and not again.stderr
    assert answers_in(output / "fastapi-service").items() >= kept.items()


def test_jinja_typed_at_a_prompt_is_refused(small_template: Path, output: Path) -> None:
    run = cookiecutter(output, str(small_template), typed="\n\n{{ 7*7 }}\n" + 13 * "\n")
    assert run.returncode == 1
    assert "1 answer can't be used" in run.stderr
    assert "description holds {{, which cookiecutter would evaluate" in run.stderr
    assert not tree(output)


def test_the_prompts_can_all_be_answered_with_enter(small_template: Path, output: Path) -> None:
    run = cookiecutter(output, str(small_template), typed=16 * "\n")
    assert run.returncode == 0 and not run.stderr
    assert "[1/16] Name of the service" in run.stdout
    assert answers_in(output / "ion-mentoring")["license"] == "Proprietary"


def test_a_refusal_can_be_written_in_any_encoding(small_template: Path, output: Path) -> None:
    arguments = [
        "--no-input",
        str(small_template),
        "project_name=한글",
        "project_slug=" + "글" * 60,
    ]
    run = cookiecutter(output, *arguments, PYTHONIOENCODING="ascii")
    assert run.returncode == 1
    assert run.stderr.startswith("1 answer can't be used")
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("dsn", ["changeme", "https://h.io/2", f"http://{KEY}@h.io/2"])
def test_a_dsn_that_cannot_work_makes_no_service(
    cookies: Any, small_template: Path, capfd: pytest.CaptureFixture[str], dsn: str
) -> None:
    result = cookies.bake(template=str(small_template), extra_context={"sentry_dsn": dsn})
    assert result.exit_code != 0
    assert f"  sentry_dsn {HOOK.dsn_problem(dsn)}\n" in capfd.readouterr().err


def test_a_dsn_that_works_makes_a_service(cookies: Any, small_template: Path) -> None:
    dsn = f"https://{KEY}@o1.ingest.us.sentry.io/4504044639748096"
    result = cookies.bake(template=str(small_template), extra_context={"sentry_dsn": f" {dsn}\n"})
    assert answers_in(result.project_path)["sentry_dsn"] == dsn


@pytest.mark.parametrize("file", ["pyproject.toml", "app/main.py", ".env"])
def test_files_that_are_there_are_left_alone(small_template: Path, output: Path, file: str) -> None:
    project = output / "ion-mentoring"
    (project / file).parent.mkdir(parents=True)
    (project / file).write_text("the team's own")
    before = tree(output)
    done = cookiecutter(output, "--no-input", "--overwrite-if-exists", str(small_template))
    assert done.returncode != 0
    assert f"There are files in {project} already; nothing was changed." in done.stderr
    assert tree(output) == before
    assert (project / file).read_text() == "the team's own"


def test_an_empty_repository_is_filled(small_template: Path, output: Path) -> None:
    (output / "ion-mentoring/.git").mkdir(parents=True)
    done = cookiecutter(output, "--no-input", "--overwrite-if-exists", str(small_template))
    assert done.returncode == 0
    assert answers_in(output / "ion-mentoring")["project_slug"] == "ion-mentoring"


def test_a_file_is_no_database_of_a_cluster(small_template: Path, output: Path) -> None:
    run = cookiecutter(output, "--no-input", str(small_template), "deploy=kubernetes")
    assert run.returncode == 1
    assert "deploy is kubernetes, where a file like SQLite's is not one for two pods" in run.stderr
    assert "right: docker; or kubernetes with another database" in run.stderr
    assert not tree(output)
    assert " deploy=" not in run.stderr  # of the command that brings the good answers back
