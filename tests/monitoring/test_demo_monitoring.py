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
    for said in ("13 to create, 4 to change", "8 to create"):  # production, staging
        assert done.stdout.count(said) == 2, done.stdout
    # In a title, and said of both environments, and of staging when production's are mended.
    assert done.stdout.count("nothing to do") == 1 + 2 + 2
    assert "enabled  no → yes" in done.stdout and "Made by hand" not in done.stdout
