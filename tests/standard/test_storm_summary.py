"""What the event that tells of a storm says, and which errors count as the same."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.observability import SentrySettings, capture_error, capture_message, init_sentry
from app.observability.errors.capture import guard
from app.observability.errors.storm import ALL_TOGETHER, SHOWN
from app.observability.request.sessions import sessions
from app.observability.testing import RecordingTransport, recording

from .failing_app import failing_app

Events = list[dict[str, Any]]
HERE = "tests/standard/test_storm_summary.py"


@pytest.fixture
def sentry_settings(sentry_settings: SentrySettings) -> SentrySettings:
    return sentry_settings.model_copy(update={"sentry_max_errors_per_minute": 1})


def distinct(number: int) -> None:
    """Capture as many errors of different types."""
    for place in range(number):
        capture_error(type(f"Error{place}", (Exception,), {})())


def summary(events: Events) -> dict[str, Any]:
    guard.flush()
    return events[-1]


def held_back(events: Events, error: Callable[[], BaseException]) -> str:
    """Return how the summary calls an error of which the second is held back."""
    for _ in range(2):
        capture_error(error())
    [told] = summary(events)["contexts"]["held_back"]["most"]
    return str(told)


def raised(function: Callable[[], object]) -> BaseException:
    with pytest.raises(Exception) as caught:
        function()
    return caught.value


def line_of(function: Callable[..., object], after: int) -> int:
    return function.__code__.co_firstlineno + after


def first() -> None:
    raise ValueError("first")


def second() -> None:
    raise ValueError("second")


def gathers(*members: BaseException) -> BaseExceptionGroup[BaseException]:
    try:
        raise BaseExceptionGroup("both", members)
    except BaseExceptionGroup as error:
        return error


def test_a_storm_of_many_errors_is_told_of_even_so(captured_events: Events) -> None:
    distinct(ALL_TOGETHER + 1)
    assert len(captured_events) == ALL_TOGETHER
    told = summary(captured_events)
    assert len(captured_events) == ALL_TOGETHER + 1
    assert told["message"] == "1 errors were held back within a minute"
    assert told["contexts"]["held_back"] == {"total": 1, "most": ["1 x Error10"]}


def test_a_storm_is_told_of_whatever_part_of_the_errors_is_sent(
    sentry_settings: SentrySettings,
) -> None:
    init_sentry(sentry_settings.model_copy(update={"sentry_error_sample_rate": 0.0}))
    with recording() as transport:
        distinct(ALL_TOGETHER + 1)
        assert transport.events == []
        assert summary(transport.events)["message"] == "1 errors were held back within a minute"
        assert len(transport.events) == 1


def test_all_storms_are_one_issue_and_an_error(captured_events: Events) -> None:
    distinct(ALL_TOGETHER + 1)
    told = summary(captured_events)
    assert told["fingerprint"] == ["ion-storm"]
    assert (told["level"], told["tags"]["priority"]) == ("error", "P2")


def test_the_most_frequent_ones_are_told(captured_events: Events) -> None:
    distinct(ALL_TOGETHER + SHOWN + 5)
    for _ in range(3):
        distinct(1)
    told = summary(captured_events)["contexts"]["held_back"]
    assert told["total"] == SHOWN + 5 + 3
    assert len(told["most"]) == SHOWN
    assert told["most"][0] == "3 x Error0"


def test_an_error_that_was_not_raised_has_no_place(captured_events: Events) -> None:
    assert held_back(captured_events, ValueError) == "1 x ValueError"


def test_the_place_of_an_error_is_in_the_services_code(captured_events: Events) -> None:
    def loads() -> None:
        json.loads("no json")

    told = held_back(captured_events, lambda: raised(loads))
    assert told == f"1 x JSONDecodeError at {HERE}:{line_of(loads, 1)}"


def test_or_where_it_was_raised_if_that_took_no_part(captured_events: Events) -> None:
    def fails_elsewhere() -> BaseException:
        with ThreadPoolExecutor(1) as pool:
            error = pool.submit(json.loads, "no json").exception()
        assert error
        return error

    told = held_back(captured_events, fails_elsewhere)
    assert told.startswith("1 x JSONDecodeError at /") and "/json/decoder.py:" in told


def test_the_place_of_a_group_is_that_of_its_first_member(captured_events: Events) -> None:
    capture_error(gathers(raised(second)))
    told = held_back(captured_events, lambda: gathers(raised(first), raised(second)))
    assert told == f"1 x ExceptionGroup at {HERE}:{line_of(first, 1)}"
    assert len(captured_events) == 3


def test_or_its_own_if_that_was_not_raised(captured_events: Events) -> None:
    told = held_back(captured_events, lambda: gathers(ValueError()))
    assert told == f"1 x ExceptionGroup at {HERE}:{line_of(gathers, 2)}"


def test_the_place_of_a_message_is_its_call(captured_events: Events) -> None:
    for _ in range(2):
        capture_message("again")
    capture_message("another")
    [told] = summary(captured_events)["contexts"]["held_back"]["most"]
    assert told.startswith(f"1 x message at {HERE}:")
    assert [event["message"] for event in captured_events[:2]] == ["again", "another"]


def test_a_request_whose_error_is_held_back_went_wrong(
    sentry_transport: RecordingTransport, sentry_settings: SentrySettings
) -> None:
    client = TestClient(failing_app(sentry_settings))
    for _ in range(2):
        client.get("/captures_a_handled_one")
    assert len(sentry_transport.events) == 1
    sessions.flush()
    buckets = sentry_transport.payloads("sessions")[-1]["aggregates"]
    assert sum(bucket["errored"] for bucket in buckets) == 2
