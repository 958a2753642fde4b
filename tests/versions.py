"""`make test-versions`: the standard's tests on the versions that it says it runs on.

python -m tests.versions [NAME …]       # lowest highest sdk-3 python-3.12; default: all there are

The lowest and the highest of each library's range, sentry-sdk 3, and every Python of this machine.
Exit code 1 if the tests fail on one of them.
"""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from uv import find_uv_bin

from ion_sentry.verify import FOLDER, PYTEST
from tests.in_service import service_with_tests
from tests.services import clean_environment

SDK_3 = "sentry-sdk==3.0.0b2"  # the newest that there is
PYTHONS = ("3.11", "3.12", "3.13", "3.14")


def combinations() -> dict[str, list[str]]:
    """Return what `uv run` takes for each, by name."""
    found = {
        "lowest": ["--resolution", "lowest-direct"],
        "highest": [],
        "sdk-3": ["--with", SDK_3],
    }
    for version in PYTHONS:
        if python := python_of(version):
            found[f"python-{version}"] = ["--python", python]
    return found


def python_of(version: str) -> str | None:
    """Find a Python: where uv looks for it, or among pyenv's, which need not be on the path."""
    command = [find_uv_bin(), "python", "find", "--no-project", "--no-python-downloads", version]
    asked = subprocess.run(command, capture_output=True, text=True)
    if asked.returncode == 0:
        return asked.stdout.strip()
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    return next(map(str, pyenv.glob(f"versions/{version}.*/bin/python")), None)


def passes(folder: Path, options: list[str]) -> bool:
    """Run the tests with the packages that uv chooses, and print how that went."""
    with TemporaryDirectory() as environment:
        (folder / "uv.lock").unlink(missing_ok=True)
        command = [find_uv_bin(), "run", "--quiet", "--project", str(folder)]
        command += ["--with-requirements", f"{FOLDER}/requirements.txt", *options]
        tests = [*PYTEST, "-q", "-p", "no:cacheprovider", "--no-header", "-rfE"]
        env = {"UV_PYTHON": sys.executable, **clean_environment()}
        env |= {"UV_PROJECT_ENVIRONMENT": environment, "UV_PYTHON_DOWNLOADS": "never"}
        done = subprocess.run(
            [*command, "python", *tests], cwd=folder, env=env, capture_output=True, text=True
        )
    shown = done.stdout.splitlines()[-1:] if done.returncode == 0 else [done.stdout, done.stderr]
    print(*shown, sep="\n", flush=True)
    return done.returncode == 0


def main(names: list[str]) -> int:
    there = combinations()
    if unknown := [name for name in names if name not in there]:
        print(f"Not here: {', '.join(unknown)}. There is: {', '.join(there)}", file=sys.stderr)
        return 2
    failed = []
    with service_with_tests() as folder:
        for name in names or there:
            print(f"{name}: ", end="", flush=True)
            if not passes(folder, there[name]):
                failed.append(name)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
