"""Runs `inside` with the packages that the service is locked to, and what it needs besides."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
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
    with TemporaryDirectory(prefix="ion-sentry-", ignore_cleanup_errors=True) as scratch:
        order = {
            "event": event.model_dump(mode="json"),
            "clock": at,
            "database": database,
            "seed": str(seed.resolve()) if seed else None,
            "twice": twice,
            "seconds": timeout,
        }
        Path(scratch, "order.json").write_text(json.dumps(order), "utf-8")
        locked = ["--frozen"] if (service / "uv.lock").is_file() else []
        needs = ["--with-requirements", str(_INSIDE / "requirements.txt")]
        command = [find_uv_bin(), "run", "--quiet", *locked, *needs, "python", "-c", _START]
        kept = {name: text for name, text in os.environ.items() if not FOREIGN.match(name)}
        own = {"HYPOTHESIS_STORAGE_DIRECTORY": scratch, "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [*command, str(_INSIDE.parents[1]), scratch],
            cwd=service,
            env={"UV_PYTHON": sys.executable, **kept, **own},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
        )
        if done.returncode in (-signal.SIGALRM, 128 + signal.SIGALRM):
            raise Failure(f"The request did not end within {timeout} s.")
        try:
            result: dict[str, Any] = json.loads(Path(scratch, "result.json").read_text("utf-8"))
        except FileNotFoundError:
            said = (done.stderr or done.stdout).strip().splitlines()
            why = said[-1] if said else f"exit code {done.returncode}"
            lines = ["The request could not be made in the service: " + why, *said[-20:]]
            raise Failure("\n".join(lines)) from None
    if "unusable" in result:
        raise Failure(result["unusable"])
    return result
