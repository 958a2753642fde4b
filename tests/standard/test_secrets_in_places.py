"""Where a known secret is looked for: in names, frames and data, and where text was cut."""

import json
import logging
from typing import Any, NamedTuple

import pytest

from app.observability import capture_error
from app.observability.scrubbing import FILTERED, Scrubber

from .test_secrets import SECRET, said

CUT = "…"


# --- In which places ------------------------------------------------------------------------------


def test_secrets_that_are_names_are_entries_still() -> None:
    secrets = ["Tr0ub4dor&1", "Tr0ub4dor&2"]
    extra = {"password": secrets, "by": {secrets[0]: 1, secrets[1]: 2, "x": 3}}
    left = Scrubber().payload("event", {"extra": extra})["extra"]
    assert left == {"password": FILTERED, "by": {FILTERED: 1, "[Filtered] 2": 2, "x": 3}}


@pytest.mark.parametrize("name", ["lineno", "in_app"])
def test_data_that_looks_like_a_frame_is_looked_through(name: str) -> None:
    extra = {name: 7, "password": SECRET, "note": f"it was {SECRET}"}
    left = Scrubber().payload("event", {"extra": extra})["extra"]
    assert left == {name: 7, "password": FILTERED, "note": "it was [Filtered]"}


def test_of_a_frame_the_place_stays_and_the_rest_is_looked_through() -> None:
    frame = {"lineno": 7, "function": "giraffe", "module": "zoo.giraffe", "in_app": True}
    seen = {"context_line": "feed('giraffe')", "vars": {"password": "'giraffe'", "a": "'giraffe'"}}
    error = {"type": "E", "stacktrace": {"frames": [frame | seen, frame]}}
    event = {"exception": {"values": [error]}, "level": "error", "environment": "giraffe"}
    left = Scrubber().payload("event", event)
    first, second = left["exception"]["values"][0]["stacktrace"]["frames"]
    assert first == {
        **frame,
        "context_line": "feed('[Filtered]')",
        "vars": {"password": FILTERED, "a": "'[Filtered]'"},
    }
    assert second == frame
    assert left["environment"] == "giraffe"


@pytest.mark.parametrize("raised", [None, ValueError(f"no login with {SECRET}")])
@pytest.mark.parametrize(
    ("template", "args", "told"),
    [
        ("%s gave password %s", ("kim", SECRET), "kim gave password [Filtered]"),
        ("%(by)s: %(password)s", ({"by": "kim", "password": SECRET},), "kim: [Filtered]"),
    ],
)
def test_an_argument_that_its_log_call_names_secret(
    captured_events: list[dict[str, Any]],
    template: str,
    args: tuple[Any, ...],
    told: str,
    raised: Exception | None,
) -> None:
    logging.getLogger(__name__).error(template, *args, exc_info=raised)
    [event] = captured_events
    assert event["logentry"]["formatted"] == told
    assert SECRET not in json.dumps(event)


class Login(NamedTuple):
    user: str
    password: str


def test_a_field_of_a_tuple_that_its_name_calls_secret(
    captured_events: list[dict[str, Any]],
) -> None:
    def fails(login: Login) -> None:
        raise ValueError

    login = Login("kim", SECRET)
    try:
        fails(login)
    except ValueError as error:
        capture_error(error, contexts={"login": {"by": [login]}})
    [event] = captured_events
    assert event["contexts"]["login"]["by"] == ["Login(user='kim', password='[Filtered]')"]
    [*_, last] = event["exception"]["values"][-1]["stacktrace"]["frames"]
    assert last["vars"]["login"] == "Login(user='kim', password='[Filtered]')"
    assert SECRET not in json.dumps(event)


# --- Cut ------------------------------------------------------------------------------------------

PHRASE = "correct horse battery staple"


@pytest.mark.parametrize(
    ("secret", "before", "after"),
    [
        (PHRASE, f"it was correct{CUT}", f"it was [Filtered]{CUT}"),
        (PHRASE, f"it was correct horse{CUT}", f"it was [Filtered]{CUT}"),
        (PHRASE, f"it was correct horse \n{CUT}", f"it was [Filtered]{CUT}"),
        (PHRASE, f"correct horse bat{CUT}", f"[Filtered]{CUT}"),
        (PHRASE, f"correct it: correct horse{CUT}", f"correct it: [Filtered]{CUT}"),
        (PHRASE, f"{90 * 'a '}correct horse{CUT}", f"{90 * 'a '}[Filtered]{CUT}"),
        ("ha ha ha ha", f"it was ha ha{CUT}", f"it was [Filtered]{CUT}"),
        ("abcdabcdefgh", f"it was abcdabcd{CUT}", f"it was [Filtered]{CUT}"),
        (SECRET, f"it was Tr0u{CUT}", f"it was [Filtered]{CUT}"),
        (SECRET, f"it was Tr0ub4dor%2{CUT}", f"it was [Filtered]{CUT}"),
        (["x-other-y", PHRASE], f"it was correct{CUT}", f"it was [Filtered]{CUT}"),
    ],
)
def test_a_part_of_a_secret_at_the_cut_is_filtered(secret: Any, before: str, after: str) -> None:
    assert said(secret, before) == after


@pytest.mark.parametrize(
    "harmless",
    [
        "it was corr",
        "it was correct horse",
        f"it was cor{CUT}",
        f"correct, but no horse{CUT}",
        f"all is well{CUT}",
        f"correct horses{CUT}",
        f"{CUT}correct horse",
    ],
)
def test_what_is_no_part_of_a_secret_at_a_cut_stays(harmless: str) -> None:
    assert said(PHRASE, harmless) == harmless


def test_half_of_a_secret_in_a_variable_that_is_cut(captured_events: list[dict[str, Any]]) -> None:
    def fail() -> None:
        password = "Tr0ub4dor&3-and-more"  # noqa: F841
        told = 500 * "-" + "Tr0ub4dor&3-and-more"  # noqa: F841
        raise ValueError

    try:
        fail()
    except ValueError as error:
        capture_error(error)
    [event] = captured_events
    shown = event["exception"]["values"][-1]["stacktrace"]["frames"][-1]["vars"]
    assert shown == {"password": FILTERED, "told": f"'{500 * '-'}[Filtered]{CUT}"}
