"""How much of a team's own data an event holds."""

import logging
from collections import OrderedDict
from datetime import datetime
from typing import Any

import pytest
import sentry_sdk

from app.observability import capture_error, capture_message, set_tag, set_user

Events = list[dict[str, Any]]
MOST = 8 * 1024  # characters of a text
WORDS = "ab " * 10_000  # no secret, whatever is looked for


def crumbs(events: Events) -> list[Any]:
    capture_message("after")
    found: list[Any] = events[-1]["breadcrumbs"]["values"]
    return found


def test_a_text_of_a_context_is_as_long_as_sentry_keeps_it(captured_events: Events) -> None:
    contexts = {"own": {"kept": WORDS[:MOST], "cut": WORDS[: MOST + 1]}}
    capture_error(ValueError(), contexts=contexts)
    own = captured_events[0]["contexts"]["own"]
    assert own["kept"] == WORDS[:MOST]
    assert own["cut"] == WORDS[: MOST - 3] + "…"


@pytest.mark.parametrize("part", ["extra", "user"])
def test_extra_and_user_are_bounded_as_contexts_are(captured_events: Events, part: str) -> None:
    scope = sentry_sdk.get_isolation_scope()
    given = {"kept": WORDS[:MOST], "cut": WORDS[: MOST + 1]}
    if part == "user":
        scope.set_user(given)
    for name, value in given.items():
        if part == "extra":
            scope.set_extra(name, value)
    capture_message("told")
    told = captured_events[0][part]
    assert told["kept"] == WORDS[:MOST]
    assert told["cut"] == WORDS[: MOST - 3] + "…"


def test_contexts_and_extra_together_are_bounded_and_leave_room_for_the_user(
    captured_events: Events,
) -> None:
    sentry_sdk.get_isolation_scope().set_extra("text", WORDS[:MOST])
    contexts = {str(number): {"text": WORDS[:MOST]} for number in range(10)}
    capture_error(ValueError(), contexts=contexts, user={"id": "7"})
    [event] = captured_events
    assert event["user"] == {"id": "7"}
    told = [event["contexts"][str(number)] for number in range(10)]
    assert told == [{"text": WORDS[:MOST]}] * 4 + [{"…": "…"}] * 6
    assert event["extra"] == {"…": "…"}


def test_a_context_is_an_object_whatever_it_was(captured_events: Events) -> None:
    sentry_sdk.get_isolation_scope().set_context("own", OrderedDict(a=1))
    capture_message("told")
    assert list(captured_events[0]["contexts"]["own"]) == ["…"]


def test_a_tag_is_as_sentry_takes_it(captured_events: Events) -> None:
    tags = {"a b/ü": "one\r\ntwo\n\nthree", "k" * 200: "v" * 200, "l" * 201: "w" * 201}
    capture_error(ValueError(), tags=tags)
    told = captured_events[0]["tags"]
    assert told.pop("priority") == "P2"
    assert told == {
        "a-b--": "one two three",
        "k" * 200: "v" * 200,
        "l" * 199 + "-": "w" * 199 + "…",
    }


def test_tag_and_user_of_a_request_are_short(captured_events: Events) -> None:
    set_tag("kept", "v" * 200)
    set_tag("cut", "v" * 201)
    set_user("u" * 200)
    capture_message("kept")
    set_user("u" * 201)
    capture_message("cut")
    kept, cut = captured_events
    assert (kept["tags"]["kept"], kept["tags"]["cut"]) == ("v" * 200, "v" * 199 + "…")
    assert (kept["user"], cut["user"]) == ({"id": "u" * 200}, {"id": "u" * 199 + "…"})


def test_nobodys_request_has_no_user(captured_events: Events) -> None:
    set_user("u1")
    set_user(None)
    capture_message("told")
    assert not captured_events[0].get("user")


def test_breadcrumbs_are_told_as_long_as_they_fit(captured_events: Events) -> None:
    for number in range(24):
        sentry_sdk.add_breadcrumb(message=f"{number:4}" + WORDS[:1020])
    assert len(crumbs(captured_events)) == 24
    sentry_sdk.add_breadcrumb(message=f"{24:4}" + WORDS[:1020])
    told = [int(crumb["message"][:4]) for crumb in crumbs(captured_events)]
    assert told == list(range(1, 25))


def test_the_data_of_breadcrumbs_counts_as_their_messages(captured_events: Events) -> None:
    for _ in range(30):
        sentry_sdk.add_breadcrumb(message=WORDS[:512], data={"d": WORDS[:512]})
    assert len(crumbs(captured_events)) == 23  # with its name and quotes data is a bit longer


def test_one_breadcrumb_is_bounded(captured_events: Events) -> None:
    data = {"text": WORDS[:513], "many": ["x" * 500] * 5}
    sentry_sdk.add_breadcrumb(message=WORDS[:1025], data=data)
    [crumb] = crumbs(captured_events)
    assert crumb["message"] == WORDS[:1022] + "…"
    assert crumb["data"]["text"] == WORDS[:509] + "…"
    assert crumb["data"]["many"] == ["x" * 500, "…", "…", "…", "…"]


@pytest.mark.parametrize("template", ["got %s", "invalid token %s"])
def test_an_argument_of_a_megabyte_is_bounded_before_the_sdk_copies_it(
    captured_events: Events, template: str
) -> None:
    entries: list[str] = []

    def look(event: Any, hint: Any) -> Any:
        entries.append(str(event.get("logentry")))
        return event

    sentry_sdk.get_isolation_scope().add_event_processor(look)
    logging.getLogger("tests.bounds").error(template, 34 * WORDS)
    [crumb] = crumbs(captured_events)
    assert len(crumb["message"]) <= 1024
    assert len(entries[0]) < 3 * MOST


def test_breadcrumbs_of_times_without_a_zone_are_told_and_bounded(captured_events: Events) -> None:
    for _ in range(50):
        sentry_sdk.add_breadcrumb(message="x" * 1000, timestamp=datetime(2026, 1, 1))
    logging.getLogger("tests.bounds").error("told")
    [event] = captured_events
    assert 10 < len(event["breadcrumbs"]["values"]) < 50
