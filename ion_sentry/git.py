"""Git, run as a subprocess, and the one kind of failure that this package reports."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from ion_sentry.interrupts import uninterrupted

# In a hook of git these lead to another repository than the folder's own.
_FOREIGN = {
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_WORK_TREE",
}


class Failure(click.ClickException):
    """What stops a command: one clear message, exit code 3, and nothing changed.

    `monitoring` tells its failures apart by codes of their own.
    """

    exit_code = 3

    def __init__(self, message: str, code: int = exit_code) -> None:
        super().__init__(message)
        self.code = code


def run_git(
    folder: Path, *command: str, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run git in `folder` and return what it printed, whether it failed or not.

    No hooks run: those are for the team's own work, and its CI judges a branch.

    Raises:
        Failure: if git isn't installed.
    """
    environment = {name: text for name, text in os.environ.items() if name not in _FOREIGN}
    if not sys.stdin.isatty():
        environment["GIT_TERMINAL_PROMPT"] = "0"
    try:
        return subprocess.run(
            ["git", "-c", "core.hooksPath=/dev/null", *command],
            cwd=folder,
            env={**environment, **(env or {})},
            stdin=None if sys.stdin.isatty() else subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
        )
    except FileNotFoundError:
        raise Failure("git is not installed.") from None


def git(folder: Path, *command: str, env: Mapping[str, str] | None = None) -> str:
    """Run git in `folder` and return what it printed, without the last line's end.

    Raises:
        Failure: if it fails, with git's own words.
    """
    done = run_git(folder, *command, env=env)
    if done.returncode:
        # Not the setting after `-c`.
        name = next((word for word in command if word[0] != "-" and "=" not in word), "")
        raise Failure(f"git {name} failed: {(done.stderr or done.stdout).strip()}")
    return done.stdout.rstrip("\n")


def public_url(url: str) -> str:
    """Write a repository's URL without what opens the door to it, as the template's hook does."""
    return re.sub(r"(?<=^ssh://)([^/@:]*):[^/]*(?=@)|^(https?://)[^/]*@", r"\1\2", url)


def paths(listed: str) -> list[str]:
    """Split what git prints with `-z`."""
    return [path for path in listed.split("\0") if path]


@contextmanager
def scratch_worktree(top: Path) -> Iterator[Path]:
    """Check out the repository's HEAD into a folder of its own, for as long as it is needed."""
    with TemporaryDirectory(prefix="ion-sentry-") as parent:
        folder = Path(parent).resolve() / "worktree"
        try:
            with uninterrupted():
                git(top, "worktree", "add", "--quiet", "--detach", str(folder), "HEAD")
            yield folder
        finally:
            with uninterrupted():
                run_git(top, "worktree", "remove", "--force", str(folder))
