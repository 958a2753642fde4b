"""Errors that happened in production happen again in a fresh checkout, and not in a mended one."""

from pathlib import Path

import pytest

from tests.reproduce.catalogue import Bug
from tests.reproduce.conftest import BUGS, Checkout

# What an event can't tell of these, and the first reason that has to be told.
HELPLESS = {
    "row_must_exist": "Rows: its SQL names messages",
    "address_sync": "The request was answered 404",
    "second_equal": "An earlier, equal request: the second of two fails so",
    "ticket_numbers": "An earlier, equal request: the second of two fails so",
    "state_in_memory": "State of an earlier request",
    "import_queue": "State of an earlier request",
    "geocoder": "An outside service: GET https://partner.example/geocode: 200",
    "csv_upload": "A value that had to be filled in: the file prices",
}
# Some of the ways that a request, and an error, are made of.
OFTEN = {"not_null", "filtered_body"}
# One program judges them all: a tenth of them shows that it can say no.
MENDED = tuple(bug for bug in BUGS if bug.name in {*OFTEN, "geocoder"} or bug in BUGS[::10])


def params(bugs: tuple[Bug, ...]) -> list[pytest.ParameterSet]:
    slow = [pytest.mark.slow]
    return [pytest.param(bug, id=bug.name, marks=() if bug.name in OFTEN else slow) for bug in bugs]


@pytest.mark.parametrize("bug", params(BUGS))
def test_it_happens_again(bug: Bug, checkout: Checkout, events: dict[str, Path]) -> None:
    ended = checkout.reproduce(events[bug.name])
    if reason := HELPLESS.get(bug.name):
        assert ended.code in (1, 2), ended
        assert ended.out.splitlines()[1].strip().startswith(reason), ended.out
    else:
        assert (ended.code, ended.verdict) == (0, "REPRODUCED"), ended


@pytest.mark.parametrize("bug", params(MENDED))
def test_it_does_not_where_it_is_mended(
    bug: Bug, mended: Checkout, events: dict[str, Path]
) -> None:
    ended = mended.reproduce(events[bug.name])
    if bug.name == "geocoder":  # nobody knows what its partner answered
        assert (ended.code, ended.verdict) == (2, "DIFFERENT ERROR: KeyError instead of IndexError")
    else:
        assert ended.code == 1, ended
        assert ended.verdict.startswith("NO ERROR: answered ")
