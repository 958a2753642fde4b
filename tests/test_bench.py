"""The benchmark, each part once and small: it runs, and counts what arrived. No time is judged."""

import re
import shutil
import subprocess
import sys

import pytest

from tests.services import ROOT, clean_environment

pytestmark = pytest.mark.slow


def bench(*options: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *options],
        cwd=ROOT,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def arrived(output: str, contestant: str) -> list[str]:
    """Return the last cells of a contestant's rows: what arrived."""
    return [
        line.split("|")[-2].strip()
        for line in output.splitlines()
        if line.startswith(f"| {contestant} ")
    ]


def test_cpu_is_told_with_what_arrived() -> None:
    output = bench("bench", "--quick")
    assert set(arrived(output, "off")) == {"nothing"}
    ours = " ".join(arrived(output, "ours"))
    for kind in ("41 errors", "60 errors, 1 messages", "41 messages", "traces", "1 sessions"):
        assert kind in ours, ours
    assert len(arrived(output, "ours, SDK 3")) == 1


def test_every_load_is_served() -> None:
    if not shutil.which("wrk"):
        pytest.skip("no wrk here: Debian's package of that name")
    output = bench("bench", "--quick", "--only", "served")
    told = arrived(output, "ours")
    assert len(re.findall(r"wrk -c16 for 1 s", output)) == 7
    assert len(told) == 7


@pytest.mark.parametrize("part", ["once", "growth", "template"])
def test_the_other_parts(part: str) -> None:
    assert "A part only: RESULTS.md stays as it is." in bench("bench", "--quick", "--only", part)


def test_the_profile_names_ten_functions_each() -> None:
    output = bench("bench.profile")
    assert len(re.findall(r"\| (observability|sentry_sdk)/", output)) == 20
