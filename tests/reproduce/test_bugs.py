"""Errors that happened in production happen again in a fresh checkout, and not in a mended one."""

from pathlib import Path

import pytest

from tests.reproduce.catalogue import BUGS, Bug
from tests.reproduce.conftest import Checkout

HELPLESS = {
    "rows": "Rows: its SQL names messages",
    "state": "State of an earlier request",
    "twice": "An earlier, equal request: the second of two fails so",
}

# One of each way that a request, and an error, is made of.
OFTEN = {
    *("none_value", "not_null", "response_validation", "dependency_raises", "task_group"),
    *("spawned", "logged_error", "outgoing_503", "filtered_body", "state_in_memory"),
}
each_bug = pytest.mark.parametrize(
    "bug",
    [
        pytest.param(bug, id=bug.name, marks=[] if bug.name in OFTEN else [pytest.mark.slow])
        for bug in BUGS
    ],
)


@each_bug
def test_it_happens_again(bug: Bug, checkout: Checkout, events: dict[str, Path]) -> None:
    ended = checkout.reproduce(events[bug.name])
    if bug.lacks:
        assert ended.code == 1 and ended.verdict.startswith("NO ERROR: answered 20"), ended
        assert ended.out.splitlines()[1].strip().startswith(HELPLESS[bug.lacks])
    else:
        assert ended.code == 0, ended
        assert ended.verdict == "REPRODUCED"


@each_bug
def test_it_does_not_where_it_is_mended(
    bug: Bug, mended: Checkout, events: dict[str, Path]
) -> None:
    ended = mended.reproduce(events[bug.name])
    assert ended.code == 1, ended
    assert ended.verdict.startswith("NO ERROR: answered ")
