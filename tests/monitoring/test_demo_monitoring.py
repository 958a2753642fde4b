"""`make demo-monitoring`, run as its reader runs it."""

import subprocess
import sys

from tests.services import ROOT, clean_environment


def test_the_demo_of_monitoring() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "demo.monitoring"],
        cwd=ROOT,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("12 to create") == 2 and done.stdout.count("✓") == 13
    assert done.stdout.count("nothing to do") == 2  # in a title, and said by the program
    assert "enabled  no → yes" in done.stdout and "Made by hand" not in done.stdout
