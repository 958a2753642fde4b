import asyncio
from contextvars import copy_context
from typing import Any

import pytest
import sentry_sdk

from app.observability import (
    SentrySettings,
    Severity,
    capture_error,
    capture_message,
    error_scope,
    spawn,
)

Events = list[dict[str, Any]]


def failing() -> None:
    answer = 42
    raise ValueError(f"no {answer}")


@pytest.mark.parametrize(
    ("severity", "level"),
    [
        (Severity.P1, "fatal"),
        (Severity.P2, "error"),
        (Severity.P3, "warning"),
        (Severity.P4, "info"),
    ],
)
def test_every_event_has_level_and_priority(
    captured_events: Events, severity: Severity, level: str
) -> None:
    error_id = capture_error(ValueError("x"), severity=severity)
    message_id = capture_message("y", severity=severity)
    error, message = captured_events
    assert [error["event_id"], message["event_id"]] == [error_id, message_id]
    assert {event["level"] for event in captured_events} == {level}
    assert {event["tags"]["priority"] for event in captured_events} == {severity.name}


def test_defaults_are_p2_for_errors_and_p4_for_messages(captured_events: Events) -> None:
    capture_error(ValueError("x"))
    capture_message("y")
    assert [event["tags"]["priority"] for event in captured_events] == ["P2", "P4"]
    assert captured_events[1]["message"] == "y"


def test_what_is_given_goes_with_the_event_and_with_no_other(captured_events: Events) -> None:
    capture_error(
        ValueError("x"), tags={"a": "1"}, contexts={"order": {"lines": 2}}, user={"id": "7"}
    )
    capture_error(ValueError("y"))
    first, second = captured_events
    assert first["tags"]["a"] == "1"
    assert first["contexts"]["order"] == {"lines": 2}
    assert first["user"] == {"id": "7"}
    assert set(second["tags"]) == {"priority"}
    assert "order" not in second["contexts"] and "user" not in second


def test_what_is_raised_carries_the_scopes_it_left(captured_events: Events) -> None:
    with (
        pytest.raises(ValueError, match="no 42") as caught,
        error_scope(severity=Severity.P3, tags={"who": "outer", "only": "outer"}),
        error_scope(tags={"who": "inner"}, contexts={"work": {"step": 1}}),
    ):
        failing()
    capture_error(caught.value)
    [event] = captured_events
    assert event["tags"] == {"who": "inner", "only": "outer", "priority": "P3"}
    assert event["contexts"]["work"] == {"step": 1}


def test_a_scope_that_is_left_in_another_context_is_inside_of_what_is_around_there(
    captured_events: Events,
) -> None:
    inner, error = error_scope(tags={"inner": "1"}), ValueError("x")
    copy_context().run(inner.__enter__)
    with pytest.raises(ValueError, match="x"), error_scope(tags={"outer": "2"}):
        inner.__exit__(ValueError, error, None)
        raise error
    capture_error(error)
    tags = captured_events[0]["tags"]
    assert (tags.get("inner"), tags.get("outer")) == ("1", "2")


def test_what_is_captured_inside_carries_the_scope_and_nothing_leaks(
    captured_events: Events,
) -> None:
    with error_scope(severity=Severity.P1, tags={"who": "outer"}):
        capture_message("inside")
        capture_message("chosen", severity=Severity.P4)
    capture_message("outside")
    inside, chosen, outside = (event["tags"] for event in captured_events)
    assert inside == {"who": "outer", "priority": "P1"}
    assert chosen == {"who": "outer", "priority": "P4"}
    assert outside == {"priority": "P4"}


def test_an_error_is_reported_once(captured_events: Events) -> None:
    error = ValueError("x")
    assert capture_error(error) == capture_error(error)
    outer = RuntimeError("y")
    outer.__cause__ = error
    assert capture_error(outer) == capture_error(error)
    assert len(captured_events) == 1


def test_own_frames_have_source_and_variables_and_others_have_not(captured_events: Events) -> None:
    try:
        asyncio.run(asyncio.wait_for(asyncio.to_thread(failing), 5))
    except ValueError as error:
        capture_error(error)
    [event] = captured_events
    frames = event["exception"]["values"][0]["stacktrace"]["frames"]
    own = [frame for frame in frames if frame.get("in_app")]
    assert own[-1]["function"] == "failing"
    assert own[-1]["context_line"] == '    raise ValueError(f"no {answer}")'
    assert own[-1]["pre_context"][-1] == "    answer = 42"
    assert own[-1]["vars"] == {"answer": "42"}
    others = [frame for frame in frames if not frame.get("in_app")]
    assert others and not any("vars" in frame or "context_line" in frame for frame in others)


def test_a_spawned_task_reports_its_failure_once(captured_events: Events) -> None:
    async def fail() -> None:
        failing()

    async def main() -> None:
        task = spawn(fail(), name="digest")
        with pytest.raises(ValueError, match="no 42") as caught:
            await task
        capture_error(caught.value)

    asyncio.run(main())
    [event] = captured_events
    assert event["tags"] == {"task": "digest", "priority": "P2"}


def test_without_sentry_nothing_is_captured() -> None:
    with error_scope(tags={"a": "1"}):
        assert capture_error(ValueError("x")) is None
        assert capture_message("y") is None


def test_a_message_has_what_is_given_with_it(captured_events: Events) -> None:
    capture_message("x", tags={"a": "1"}, contexts={"order": {"lines": 2}}, user={"id": "7"})
    [event] = captured_events
    assert event["tags"]["a"] == "1"
    assert event["contexts"]["order"] == {"lines": 2}
    assert event["user"] == {"id": "7"}


def test_the_severity_of_a_scope_holds_in_those_inside_of_it(captured_events: Events) -> None:
    with error_scope(severity=Severity.P1), error_scope(tags={"a": "1"}), error_scope():
        capture_message("x")
        capture_error(ValueError("y"))
    assert [event["tags"]["priority"] for event in captured_events] == ["P1", "P1"]


def test_a_message_counts_once_against_a_storm(captured_events: Events) -> None:
    for _ in range(100):
        capture_message("x")
    assert len(captured_events) == SentrySettings(sentry_dsn="").sentry_max_errors_per_minute


class Unreadable(dict[str, str]):
    def items(self) -> Any:
        raise RuntimeError("no items")


def test_details_that_cannot_be_read_are_told_in_the_log(
    captured_events: Events, caplog: pytest.LogCaptureFixture
) -> None:
    capture_error(ValueError("x"), tags=Unreadable(a="1"))
    assert len(captured_events) == 1
    told = "Details of an event are left out: no items"
    assert told in {record.getMessage() for record in caplog.records}


@pytest.mark.parametrize(
    ("capture", "told"),
    [
        (lambda: capture_error(ValueError("x")), "An error could not be reported"),
        (lambda: capture_message("x"), "A message could not be reported"),
    ],
)
def test_a_report_that_fails_is_told_in_the_log(
    captured_events: Events,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    capture: Any,
    told: str,
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("no room")

    monkeypatch.setattr(sentry_sdk.Scope, "capture_event", fail)
    assert capture() is None
    [record] = [record for record in caplog.records if record.getMessage() == told]
    assert record.exc_info and str(record.exc_info[1]) == "no room"
