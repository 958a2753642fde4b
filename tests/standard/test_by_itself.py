"""What the SDK captures by itself, or by its own functions, is judged as all else."""

import logging
from typing import Any

import pytest
import sentry_sdk
from fastapi import HTTPException
from fastapi.testclient import TestClient

from app.observability import SentrySettings, capture_error, capture_message
from app.observability.errors.capture import guard
from app.observability.service import ROOT
from app.observability.testing import RecordingTransport

from .expectations import heed_events, ignore_events
from .failing_app import failing_app

Events = list[dict[str, Any]]
LIMIT = 2


@pytest.fixture
def sentry_settings(sentry_settings: SentrySettings) -> SentrySettings:
    return sentry_settings.model_copy(update={"sentry_max_errors_per_minute": LIMIT})


def held_back(events: Events) -> list[str]:
    guard.flush()
    most: list[str] = events[-1]["contexts"]["held_back"]["most"]
    return most


@pytest.mark.parametrize(
    ("level", "priority"),
    [
        ("fatal", "P1"),
        ("error", "P2"),
        ("warning", "P3"),
        ("info", "P4"),
        ("debug", "P4"),
        (None, "P2"),
    ],
)
def test_its_priority_is_that_of_its_level(
    captured_events: Events, level: Any, priority: str
) -> None:
    event: Any = {"message": "told"}
    sentry_sdk.capture_event(event | ({"level": level} if level else {}))
    [told] = captured_events
    assert told["tags"]["priority"] == priority


def test_a_priority_of_ones_own_stays(captured_events: Events) -> None:
    sentry_sdk.set_tag("priority", "P1")
    sentry_sdk.capture_message("told")
    assert captured_events[0]["tags"]["priority"] == "P1"


@pytest.mark.parametrize("place", ["message", "logentry"])
def test_each_message_is_limited_by_itself(captured_events: Events, place: str) -> None:
    for _ in range(5):
        for text in ("first", "second"):
            event: Any = {place: text if place == "message" else {"message": text}}
            sentry_sdk.capture_event(event)
    assert len(captured_events) == 2 * LIMIT
    assert sorted(held_back(captured_events)) == ["3 x message first", "3 x message second"]


def test_messages_that_begin_alike_are_the_same(captured_events: Events) -> None:
    for number in range(5):
        sentry_sdk.capture_message(f"{'x' * 100}{number}")
    assert len(captured_events) == LIMIT
    assert held_back(captured_events) == [f"3 x message {'x' * 99}…"]


def test_messages_of_a_hundred_characters_are_told_apart(captured_events: Events) -> None:
    for number in range(5):
        sentry_sdk.capture_message(f"{'x' * 99}{number}")
    assert len(captured_events) == 5


def test_an_exception_is_limited(captured_events: Events) -> None:
    for _ in range(5):
        sentry_sdk.capture_exception(ValueError("x"))
    assert len(captured_events) == LIMIT
    assert held_back(captured_events) == ["3 x ValueError"]


class Empty(Exception):
    """One that is false, as a group or a list of errors may be."""

    def __len__(self) -> int:
        return 0


def test_an_exception_that_is_false_is_one_nevertheless(captured_events: Events) -> None:
    own = 42
    for _ in range(5):
        try:
            raise Empty
        except Empty as error:
            sentry_sdk.capture_exception(error)
    assert len(captured_events) == LIMIT
    [*_, last] = captured_events[0]["exception"]["values"][-1]["stacktrace"]["frames"]
    assert last["vars"]["own"] == str(own)
    assert held_back(captured_events)[0].startswith("3 x Empty at tests/standard/")


def test_what_a_client_did_wrong_is_not_reported(captured_events: Events) -> None:
    sentry_sdk.capture_exception(HTTPException(404))
    assert captured_events == []


def test_it_is_known_by_the_id_of_its_event(captured_events: Events) -> None:
    error = ValueError("x")
    event_id = sentry_sdk.capture_exception(error)
    assert event_id and capture_error(error) == event_id
    assert len(captured_events) == 1


def test_the_answer_names_its_event(
    captured_events: Events, sentry_settings: SentrySettings
) -> None:
    client = TestClient(failing_app(sentry_settings))
    answer = client.get("/captures_with_the_sdk_and_raises").json()
    [event] = captured_events
    assert answer["event_id"] == event["event_id"]


def test_what_the_sdk_says_of_a_processor_that_fails_makes_no_more_events(
    captured_events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(event: Any, hint: Any) -> Any:
        raise RuntimeError("processor")

    monkeypatch.setitem(sentry_sdk.get_client().options, "debug", True)
    sentry_sdk.get_isolation_scope().add_event_processor(fails)
    heed_events("sentry_sdk.errors")  # the SDK leaves it out by itself as well
    try:
        logging.getLogger(__name__).error("logged")
        capture_message("captured")
    finally:
        ignore_events("sentry_sdk.errors")
    # sentry-sdk 3 counts them as lost.
    assert len(captured_events) == 2 * hasattr(sentry_sdk.Scope, "streamed_span")


def test_how_an_exception_was_caught_is_said_if_nobody_knows(captured_events: Events) -> None:
    error = ValueError("x")
    sentry_sdk.capture_event({"message": "told"}, hint={"exc_info": (ValueError, error, None)})
    [value] = captured_events[0]["exception"]["values"]
    assert value["mechanism"] == {"type": "generic", "handled": True, "exception_id": 0}


def test_what_the_sdk_would_do_by_itself_is_off(sentry_transport: RecordingTransport) -> None:
    options = sentry_sdk.get_client().options
    assert options["spotlight"] is False
    assert options["auto_enabling_integrations"] is False
    assert options["auto_session_tracking"] is False
    assert options["enable_backpressure_handling"] is False
    assert options["strict_trace_continuation"] is True
    assert options["data_collection"]["user_info"] is False
    assert options["project_root"] == str(ROOT)
