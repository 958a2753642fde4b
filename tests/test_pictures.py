"""The README's pictures show what is there today."""

import calendar
import re
import subprocess
import sys
from pathlib import Path

import pytest

from demo.screenshot import CHROMIUM
from tests.services import ROOT, clean_environment

PICTURES = ROOT / "docs/pictures"


def lasting(text: str) -> list[str]:
    """Return the words that are the same whenever it is run."""
    text = re.sub(r"(?m)^an? .* ago$|[AP]M$", "", text)
    words = (word for word in text.split() if not re.search(r"\d|…", word))
    return [word for word in words if word not in calendar.month_name]


@pytest.mark.slow
@pytest.mark.skipif(not CHROMIUM, reason="no chromium here: Debian's package of that name")
def test_they_are_not_older_than_the_code(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "demo.pictures", "--into", str(tmp_path)]
    done = subprocess.run(
        command, cwd=ROOT, env=clean_environment(), text=True, capture_output=True
    )
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        path.name for path in PICTURES.iterdir()
    )
    for made in tmp_path.glob("*.txt"):
        shown = (PICTURES / made.name).read_text("utf-8")
        assert lasting(shown) == lasting(made.read_text("utf-8")), "make pictures"
