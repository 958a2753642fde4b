"""`make test-standard`: the standard's tests in a service with the default answers.

python -m tests.in_service [PYTEST'S OPTION …]        # -k outcome
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ion_sentry.verify import FOLDER, PYTEST, lay_out
from tests.services import BIN, ROOT, clean_environment


@contextmanager
def service_with_tests() -> Iterator[Path]:
    """Generate a service, and lay it out with the standard's tests in it."""
    with tempfile.TemporaryDirectory() as scratch:
        made, copy = Path(scratch, "made"), Path(scratch, "copy")
        command = [str(BIN / "cookiecutter"), "--no-input", "--default-config", "-o", str(made)]
        subprocess.run([*command, str(ROOT)], check=True, stdout=subprocess.DEVNULL)
        lay_out(next(made.iterdir()), ROOT / FOLDER, copy)
        yield copy


def main(options: list[str]) -> int:
    with service_with_tests() as folder:
        command = [sys.executable, *PYTEST, "-p", "no:cacheprovider", *options]
        return subprocess.run(command, cwd=folder, env=clean_environment()).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
