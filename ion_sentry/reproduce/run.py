"""Runs `inside` with the packages that the service is locked to, and what it needs besides."""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from shutil import copy
from tempfile import TemporaryDirectory
from typing import Any, Final

from uv import find_uv_bin

from ion_sentry.git import Failure
from ion_sentry.verify import FOREIGN

from .model import Event

_INSIDE: Final = Path(__file__).parent / "inside"
# The service sees this one folder of the toolbox, and none of its packages.
_START: Final = """
import sys, types
package = sys.modules["ion_sentry"] = types.ModuleType("ion_sentry")
package.__path__ = [sys.argv[1]]
from ion_sentry.reproduce.inside import main
main()
"""


def run(
    service: Path,
    event: Event,
    *,
    at: str | None,
    database: str | None,
    seed: Path | None,
    twice: bool,
    timeout: int,
) -> dict[str, Any]:
    """Make the event's request happen in the service, and return what came of it.

    `at` is where the clock stands, None for now; `timeout` is in seconds.

    Raises:
        Failure: if it can't be made to happen.
    """
    with (
        TemporaryDirectory(prefix="ion-sentry-", ignore_cleanup_errors=True) as scratch,
        TemporaryDirectory(prefix="ion-sentry-", ignore_cleanup_errors=True) as shared,
    ):
        # PostgreSQL, which never runs as root, is let into this one. The event isn't in it.
        Path(shared).chmod(0o755)
        postgresql = Path(shared, "postgresql")
        order = {
            "event": event.model_dump(mode="json"),
            "clock": at,
            "database": database,
            "seed": str(seed.resolve()) if seed else None,
            "twice": twice,
            "seconds": timeout,
            "postgresql": str(postgresql),
        }
        Path(scratch, "order.json").write_text(json.dumps(order), "utf-8")
        python, env = _python_of(service, Path(shared))
        own = {"HYPOTHESIS_STORAGE_DIRECTORY": scratch, "PYTHONDONTWRITEBYTECODE": "1"}
        command = [*python, "-c", _START, str(_INSIDE.parents[1]), scratch]
        try:
            code = _end_of(command, service, env | own, Path(scratch, "said"))
        finally:
            _stop(postgresql)
        if Path(scratch, "late").exists() and Path(scratch, "late").stat().st_size:
            raise Failure(f"The request did not end within {timeout} s.")
        try:
            result: dict[str, Any] = json.loads(Path(scratch, "result.json").read_text("utf-8"))
        except FileNotFoundError:
            said = Path(scratch, "said").read_text("utf-8", "replace").strip().splitlines()
            why = said[-1] if said else f"exit code {code}"
            lines = ["The request could not be made in the service: " + why, *said[-20:]]
            raise Failure("\n".join(lines)) from None
    if "unusable" in result:
        raise Failure(result["unusable"])
    return result


def _python_of(service: Path, shared: Path) -> tuple[list[str], dict[str, str]]:
    """Return what runs Python with the service's packages, and the environment for it.

    Its own folder is used if all is there as it is locked: else uv would mend, or replace, what is
    in it, and write a lock where there is none.
    """
    uv = find_uv_bin()
    env = {name: text for name, text in os.environ.items() if not FOREIGN.match(name)}
    check = [uv, "sync", "--check", "--frozen", "--inexact", "--no-python-downloads"]
    if subprocess.run(check, cwd=service, env=env, capture_output=True).returncode == 0:
        project = ["--no-sync"]
    else:
        env = {"UV_PYTHON": sys.executable, **env, "UV_PROJECT_ENVIRONMENT": f"{shared}/venv"}
        project = ["--frozen"]
        if not (service / "uv.lock").is_file():
            copy(service / "pyproject.toml", shared)
            project = ["--project", str(shared)]
    needs = ["--with-requirements", str(_INSIDE / "requirements.txt")]
    return [uv, "run", "--quiet", *project, *needs, "python"], env


def _end_of(command: list[str], folder: Path, env: dict[str, str], said: Path) -> int:
    """Return a command's exit code, once it and all that it began have ended."""
    with (
        said.open("wb") as stderr,
        subprocess.Popen(
            command,
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            process_group=0,
        ) as process,
    ):
        try:
            return process.wait()
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _stop(postgresql: Path) -> None:
    """Stop the server, a session of its own, of a process that was ended before it could."""
    with suppress(OSError, ValueError):
        pid = (postgresql / "postmaster.pid").read_text("utf-8").partition("\n")[0]
        os.kill(abs(int(pid)), signal.SIGQUIT)
