"""`ion-sentry update` where it can't be done: nothing is lost, and nothing is half done."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.line import wait_until
from tests.services import BIN, clean_environment, mostly_slow
from tests.updates.history import git, replace
from tests.updates.test_update import ion, snapshot, status

ARRIVING = "app/observability/arriving.py"


@pytest.mark.parametrize("staged", [False, True])
def test_a_dirty_tree_is_refused(service: Path, staged: bool) -> None:
    replace(service / "README.md", "## Start", "## Begin")
    if staged:
        git(service, "add", "README.md")
    before = snapshot(service)
    done = ion(service, "update")
    assert done.returncode == 3
    assert "Error: Commit or stash your changes first; nothing was changed.\n" in done.stderr
    assert "README.md" in done.stderr
    assert snapshot(service) == before


def test_a_state_that_git_could_not_bring_back_is_refused(service: Path) -> None:
    git(service, "rm", "--quiet", "--cached", ".cruft.json")
    git(service, "commit", "--quiet", "--message", "Not tracked")
    before = snapshot(service)
    done = ion(service, "update")
    assert done.returncode == 3
    assert done.stderr.startswith("Error: .cruft.json is not in git, ")
    assert snapshot(service) == before


@pytest.mark.parametrize("ignored", mostly_slow(["", "/Makefile\narriving.py\nbelow\n"]))
def test_what_git_does_not_have_is_not_overwritten(
    service: Path, tmp_path: Path, ignored: str
) -> None:
    git(service, "rm", "--quiet", "--cached", "Makefile")
    git(service, "commit", "--quiet", "--message", "Each has a Makefile of their own")
    (service / ".git/info/exclude").write_text(ignored)
    (service / ARRIVING).symlink_to("nowhere")
    below = service / "app/observability/below"  # where a folder arrives
    below.symlink_to(tmp_path) if ignored else below.write_text("OURS = 1\n")
    before = {path: path.lstat() for path in (service / ARRIVING, below, service / "Makefile")}
    done = ion(service, "update")
    assert done.returncode == 3
    told = done.stderr.partition("Nothing was changed.\n")[2].split()
    assert told == ["Makefile", ARRIVING, "app/observability/below"]
    assert {path: path.lstat() for path in before} == before
    assert not git(service, "status", "--porcelain", "--untracked-files=no")


def test_a_failure_after_the_merge_leaves_the_tree_as_it_was(service: Path) -> None:
    # Git can't add the state, which comes last, once it has merged.
    filter_of(service, ".cruft.json", clean=f"test ! -e {ARRIVING} && cat", smudge="cat")
    before = snapshot(service)
    done = ion(service, "update")
    assert done.returncode == 3
    assert "Error: git add failed: " in done.stderr
    assert snapshot(service) == before and not status(service)


def filter_of(service: Path, path: str, **commands: str) -> None:
    """Let git run a command of ours when it adds a file, or writes it."""
    (service / ".git/info").mkdir(exist_ok=True)
    (service / ".git/info/attributes").write_text(f"{path} filter=ours\n")
    for name, command in {**commands, "required": "true"}.items():
        git(service, "config", f"filter.ours.{name}", command)


@pytest.mark.parametrize(
    ("stop", "number", "code"),
    mostly_slow(
        [(os.killpg, signal.SIGINT, 130), (os.kill, signal.SIGTERM, 143)]  # a terminal, a machine
    ),
    ids=["Ctrl-C", "SIGTERM"],
)
def test_stopped_while_git_writes_it_leaves_the_tree_as_it_was(
    service: Path, tmp_path: Path, stop: Callable[[int, int], None], number: int, code: int
) -> None:
    reached, go_on = tmp_path / "reached", tmp_path / "go-on"
    os.mkfifo(go_on)
    last = "app/observability/below/__init__.py"
    filter_of(service, last, clean="cat", smudge=f"touch {reached}; head -1 {go_on}; cat")
    before = snapshot(service)
    process = subprocess.Popen(
        [BIN / "ion-sentry", "update"],
        cwd=service,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )
    wait_until(reached.exists, seconds=60)  # git is at it
    stop(process.pid, number)
    with os.fdopen(os.open(go_on, os.O_RDWR), "w") as told:
        print(file=told, flush=True)
        out, error = process.communicate(timeout=60)
    assert (process.returncode, out) == (code, "")
    assert "Traceback" not in error
    assert snapshot(service) == before and not status(service)


def test_stopped_at_a_question_it_changes_nothing(service: Path) -> None:
    terminal, its_end = os.openpty()
    before = snapshot(service)
    process = subprocess.Popen(
        [BIN / "ion-sentry", "update"],
        cwd=service,
        env=clean_environment(),
        stdin=its_end,
        stdout=its_end,
        stderr=its_end,
    )
    os.close(its_end)
    shown = b""
    while b"region: region [eu]: " not in shown:
        shown += os.read(terminal, 1000)
    os.write(terminal, b"\x04")  # Ctrl-D
    while b"Interrupted." not in shown:
        shown += os.read(terminal, 1000)
    assert process.wait() == 130
    os.close(terminal)
    assert snapshot(service) == before and not status(service)


def test_a_locked_repository_is_told(service: Path) -> None:
    before = snapshot(service)
    lock = service / ".git/index.lock"
    lock.touch()
    done = ion(service, "update")
    assert done.returncode == 3
    assert "index.lock" in done.stderr
    lock.unlink()
    assert snapshot(service) == before and not status(service)
