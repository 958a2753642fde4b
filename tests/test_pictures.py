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
    # The page of traces may be taken before the last of them is on it.
    assert any(_are_as_made(tmp_path / str(attempt)) for attempt in range(3)), "make pictures"


def _are_as_made(folder: Path) -> bool:
    command = [sys.executable, "-m", "demo.pictures", "--into", str(folder)]
    done = subprocess.run(
        command, cwd=ROOT, env=clean_environment(), text=True, capture_output=True
    )
    assert done.returncode == 0, done.stderr
    names = sorted(path.name for path in folder.iterdir())
    assert names == sorted(path.name for path in PICTURES.iterdir())
    return all(
        lasting((PICTURES / made.name).read_text("utf-8")) == lasting(made.read_text("utf-8"))
        for made in folder.glob("*.txt")
    )
