"""The standard's tests, run against a service: does it still do what its version promises?"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree, ignore_patterns
from tempfile import TemporaryDirectory

from uv import find_uv_bin

from ion_sentry.git import Failure
from ion_sentry.state import read_state
from ion_sentry.template import Template

FOLDER = "tests/standard"
PYTEST = ("-m", "pytest", "-c", f"{FOLDER}/pytest.toml", "--rootdir=.", FOLDER)
# Of the shell: what would make a service, or its tests, other ones.
FOREIGN = re.compile(
    r"SENTRY_|ENVIRONMENT$|LOG_LEVEL$|DATABASE_URL$|VIRTUAL_ENV$|PYTHONPATH$|PYTEST_"
)


@dataclass(frozen=True)
class Tests:
    """The standard's tests beside a copy of a service, with the packages that it is locked to."""

    version: str
    is_locked: bool
    command: tuple[str, ...]
    folder: Path
    env: dict[str, str]

    def run(self, *options: str, capture: bool = False) -> subprocess.CompletedProcess[str]:
        """Run pytest: on the terminal, or to read what it printed.

        Its exit code isn't 0 either if the standard can't even be imported.
        """
        # Neither caches nor the folders of its tests stay on the machine.
        own = ("-p", "no:cacheprovider", f"--basetemp={self.folder.parent / 'tests'}")
        done = self._run(*PYTEST, *own, *options, capture=capture)
        if done.returncode == 5:
            raise Failure("No test of the standard was chosen.")
        return done

    def install(self) -> None:
        """Install the packages.

        Raises:
            Failure: if they can't be, with uv's own words.
        """
        done = self._run("-c", "import pytest", capture=True)
        if done.returncode:
            raise Failure(f"The packages can't be installed: {done.stderr.strip()}")

    def _run(self, *command: str, capture: bool) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.command, "python", *command],
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL if capture else None,
            capture_output=capture,
            encoding="utf-8",
            errors="replace",
        )


@contextmanager
def tests_of(service: Path, template: Template, wanted: Sequence[str] = ()) -> Iterator[Tests]:
    """Install what the tests of the service's version need, outside of the service.

    `wanted` are requirements that go before what the service is locked to.

    Raises:
        Failure: if the service has nothing to test, its version no such tests, or its packages
            can't be installed.
    """
    if missing := [name for name in ("app", "pyproject.toml") if not (service / name).exists()]:
        raise Failure(f"{service} has no {missing[0]}, which the standard's tests are about.")
    version = template.version(read_state(service).commit)
    source = template.checkout(version) / FOLDER
    if not source.is_dir():
        raise Failure(
            f"{version.name} is older than this command: its services have the standard's tests "
            "themselves, and `make test` runs them."
        )
    with TemporaryDirectory(prefix="ion-sentry-", ignore_cleanup_errors=True) as scratch:
        copy = Path(scratch).resolve() / "service"
        lay_out(service, source, copy)
        is_locked = (service / "uv.lock").is_file()
        # Without a lock uv would write one.
        project = ("--frozen", "--project", str(service)) if is_locked else ("--project", str(copy))
        extra = [word for text in wanted for word in ("--with", text)]
        needs = ("--with-requirements", f"{FOLDER}/requirements.txt")
        kept = {name: text for name, text in os.environ.items() if not FOREIGN.match(name)}
        env = {"UV_PYTHON": sys.executable, **kept, "UV_PROJECT_ENVIRONMENT": f"{scratch}/venv"}
        command = (find_uv_bin(), "run", "--quiet", *project, *needs, *extra)
        tests = Tests(version.name, is_locked, command, copy, env)
        tests.install()
        yield tests


def lay_out(service: Path, tests: Path, folder: Path) -> None:
    """Make a copy of a service in `folder` that has the standard's tests instead of its own.

    They have to lie in a service: only what does is its own code, in events and traces.
    """
    unwanted = ignore_patterns("__pycache__")
    copytree(service / "app", folder / "app", ignore=unwanted)
    (folder / "pyproject.toml").write_bytes((service / "pyproject.toml").read_bytes())
    copytree(tests, folder / FOLDER, ignore=unwanted)
    (folder / FOLDER).parent.joinpath("__init__.py").touch()
