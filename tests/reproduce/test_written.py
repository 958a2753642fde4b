"""The test that is written: it fails as long as the bug is there, and passes once it is mended."""

import json
import shutil
from pathlib import Path

import pytest

from tests.reproduce.conftest import Checkout, Ended

# Each kind of body, of failure, and of what has to be arranged for it.
NAMES = ["outgoing_503", "filtered_body", "upload", "task_group"]


def pytest_of(checkout: Checkout, file: Path) -> Ended:
    python = checkout.environment / "bin/python"
    return checkout.run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", file)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_it_fails_until_the_bug_is_mended(
    name: str, checkout: Checkout, mended: Checkout, events: dict[str, Path]
) -> None:
    ended = checkout.reproduce(events[name], "--write-test")
    assert ended.code == 0, ended
    event = json.loads(events[name].read_text("utf-8"))
    file = Path(f"tests/reproduced/test_{event['event_id'][:8]}.py")
    assert f"Written: {file}" in ended.err
    text = (checkout.folder / file).read_text("utf-8")
    assert event["event_id"] in text and event["release"] in text
    try:
        assert "1 failed" in pytest_of(checkout, file).out
        for tool in (["ruff", "check"], ["ruff", "format", "--check"], ["mypy"]):
            judged = checkout.run(checkout.environment / "bin" / tool[0], *tool[1:], file)
            assert judged.code == 0, judged.out
        (mended.folder / file).parent.mkdir(exist_ok=True)
        shutil.copy(checkout.folder / file, mended.folder / file)
        passed = pytest_of(mended, file)
        assert "1 passed" in passed.out, passed.out
        again = checkout.reproduce(events[name], "--write-test")
        assert (again.code, "is there already; it stays as it is" in again.out) == (3, True)
        assert (checkout.folder / file).read_text("utf-8") == text
    finally:
        (checkout.folder / file).unlink()
        (mended.folder / file).unlink(missing_ok=True)


def test_it_says_where_rows_go(checkout: Checkout, events: dict[str, Path]) -> None:
    ended = checkout.reproduce(events["row_must_exist"], "--write-test")
    assert ended.code == 1
    [file] = (checkout.folder / "tests/reproduced").glob("*.py")
    text = file.read_text("utf-8")
    file.unlink()
    assert "# The event's SQL names messages: rows that it needs go here." in text


@pytest.mark.slow
def test_it_says_when_it_needs_the_events_time(checkout: Checkout, events: dict[str, Path]) -> None:
    ended = checkout.reproduce(events["month_end"], "--write-test")
    [file] = (checkout.folder / "tests/reproduced").glob("*.py")
    failed = pytest_of(checkout, file)
    text = file.read_text("utf-8")
    file.unlink()
    assert "@time_machine.travel" in text
    assert "It needs the event's time: uv add --dev time-machine" in ended.err
    assert "1 failed" in failed.out and "ValueError" in failed.out
