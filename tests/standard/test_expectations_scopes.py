"""The SDK's expectations of scopes, breadcrumbs and attachments: see expectations.py."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sentry_sdk
from fastapi import FastAPI
from sentry_sdk.traces import start_span

from app.observability import SentrySettings, capture_error, capture_message, install
from app.observability.testing import RecordingTransport

from .expectations import Row, Seen, Table

table = Table("scopes")


@pytest.fixture
def sentry_settings(sentry_settings: SentrySettings) -> SentrySettings:
    return sentry_settings.model_copy(update={"sentry_traces_sample_rate": 1.0})


@pytest.fixture
def seen(sentry_transport: RecordingTransport, sentry_settings: SentrySettings) -> Seen:
    app = FastAPI()
    install(app, sentry_settings)
    return Seen(app, sentry_transport)


def crumbs(seen: Seen) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (seen.events[-1].get("breadcrumbs") or {}).get("values") or []
    return found


def attachments(seen: Seen) -> list[Any]:
    items = [item for envelope in seen.transport.envelopes for item in envelope.items]
    return [item for item in items if item.type == "attachment"]


@table.met
def a_breadcrumb_has_time_type_and_message(seen: Seen) -> None:
    """A breadcrumb of one's own has a timestamp, the type `default`, its message and data."""
    sentry_sdk.add_breadcrumb(message="Hello", data={"foo": "bar"})
    capture_error(ValueError())
    [crumb] = crumbs(seen)
    assert crumb["timestamp"] and crumb["type"] == "default"
    assert (crumb["message"], crumb["data"]) == ("Hello", {"foo": "bar"})


@table.met
def the_newest_breadcrumbs_stay(seen: Seen) -> None:
    """Of more than 100 breadcrumbs the newest are told, in their order."""
    for number in range(120):
        sentry_sdk.add_breadcrumb(message=f"step {number}", category="auth", level="info")
    capture_error(ValueError())
    told = [crumb["message"] for crumb in crumbs(seen)]
    assert told == [f"step {number}" for number in range(20, 120)]


@table.met
def breadcrumbs_are_in_order_of_time(seen: Seen) -> None:
    """Breadcrumbs with times of their own, as `datetime` or text, are sorted by them."""
    now = datetime.now(UTC)
    for days, as_text in ((10, False), (8, True), (12, False), (9, True)):
        at = now - timedelta(days=days)
        sentry_sdk.add_breadcrumb(
            message=f"{days} days ago", timestamp=at.isoformat() if as_text else at
        )
    capture_error(ValueError())
    told = [crumb["message"].partition(" ")[0] for crumb in crumbs(seen)]
    assert told == ["12", "10", "9", "8"]


@table.met
def cleared_breadcrumbs_are_gone(seen: Seen) -> None:
    """A cleared isolation scope has no breadcrumbs."""
    sentry_sdk.add_breadcrumb(message="before")
    sentry_sdk.get_isolation_scope().clear()
    capture_error(ValueError())
    assert crumbs(seen) == []


@table.met
def circles_in_extra_end(seen: Seen) -> None:
    """A structure that contains itself, in extra, loses no event."""
    data: dict[str, Any] = {"kept": "yes"}
    data["itself"] = data
    sentry_sdk.get_isolation_scope().set_extra("foo", data)
    capture_message("hi")
    assert seen.event["extra"]["foo"]["kept"] == "yes"


@table.met
def processors_run_from_the_outside_in(seen: Seen) -> None:
    """Event processors of all scopes see the event and may change it, the outermost first."""

    def says(word: str) -> Any:
        def processor(event: Any, hint: Any) -> Any:
            event.setdefault("extra", {}).setdefault("words", "")
            event["extra"]["words"] += word
            return event

        return processor

    sentry_sdk.get_isolation_scope().add_event_processor(says("outer"))
    with sentry_sdk.new_scope() as scope:
        scope.add_event_processor(says("inner"))
        capture_message("hi")
    assert seen.event["extra"]["words"] == "outerinner"


@table.met
def a_processor_may_drop_an_event(seen: Seen) -> None:
    """An event for which a processor returns None is not sent; the next one is."""
    with sentry_sdk.new_scope() as scope:
        scope.add_event_processor(lambda event, hint: None)
        capture_error(ValueError("dropped"))
    capture_error(ValueError("told"))
    assert seen.event["exception"]["values"][0]["value"] == "told"


@table.met
def a_processor_that_fails_loses_no_event(seen: Seen) -> None:
    """A processor that raises is passed over."""

    def fails(event: Any, hint: Any) -> Any:
        raise RuntimeError

    sentry_sdk.get_isolation_scope().add_event_processor(fails)
    capture_error(ValueError("told"))
    # sentry-sdk 3 has another rule: it counts the event as lost.
    assert len(seen.events) == hasattr(sentry_sdk.Scope, "streamed_span")


@table.met
def an_event_takes_what_its_call_gives(seen: Seen) -> None:
    """Level and extra that `capture_event` is given are the event's."""
    sentry_sdk.capture_event({"message": "own"}, level="info", extras={"foo": "bar"})
    assert (seen.event["level"], seen.event["extra"]) == ("info", {"foo": "bar"})


@table.met
def the_last_events_id_is_known(seen: Seen) -> None:
    """`last_event_id` is None at first, and after an event its id; a trace has none."""
    sentry_sdk.get_isolation_scope().clear()
    with start_span("outer"):
        pass
    assert sentry_sdk.last_event_id() is None
    event_id = capture_error(ValueError())
    assert event_id == sentry_sdk.last_event_id() == seen.event["event_id"]


@table.met
def messages_have_the_level_they_are_given(seen: Seen) -> None:
    """`capture_message` is `info`, or what it is told."""
    sentry_sdk.capture_message("default")
    sentry_sdk.capture_message("told", level="warning")
    assert [event["level"] for event in seen.events] == ["info", "warning"]


@table.met
def an_attachment_goes_with_the_event(seen: Seen) -> None:
    """Attachments of a scope, bytes and files, are items of the event's envelope."""
    scope = sentry_sdk.get_isolation_scope()
    scope.add_attachment(bytes=b"Hello World!", filename="message.txt")
    scope.add_attachment(path=str(Path(__file__)))
    capture_error(ValueError())
    message, file = attachments(seen)
    assert message.headers["filename"] == "message.txt"
    assert message.headers["content_type"] == "text/plain"
    assert message.get_bytes() == b"Hello World!"
    assert file.headers["filename"] == Path(__file__).name


@table.met
def an_attachment_may_say_its_type(seen: Seen) -> None:
    """An attachment's own content type is kept."""
    scope = sentry_sdk.get_isolation_scope()
    scope.add_attachment(bytes=b"x", filename="message.txt", content_type="foo/bar")
    capture_error(ValueError())
    assert attachments(seen)[0].headers["content_type"] == "foo/bar"


@table.met
def a_missing_attachment_loses_no_event(seen: Seen) -> None:
    """An attachment whose file is not there leaves the event as it is."""
    sentry_sdk.get_isolation_scope().add_attachment(path="/not/there")
    capture_error(ValueError())
    assert len(seen.events) == 1


@table.met
def an_exception_is_captured_once(seen: Seen) -> None:
    """The same exception, captured twice, is one event."""
    error = ValueError()
    sentry_sdk.capture_exception(error)
    sentry_sdk.capture_exception(error)
    capture_error(error)
    assert len(seen.events) == 1


@table.met
def a_scope_ends(seen: Seen) -> None:
    """What `new_scope` was given does not outlive it."""
    with sentry_sdk.new_scope() as scope:
        scope.set_tag("inside", "yes")
        sentry_sdk.capture_message("inside")
    sentry_sdk.capture_message("outside")
    assert [event["tags"].get("inside") for event in seen.events] == ["yes", None]


@table.differs("a message has no stack: the place that says it is the fingerprint of its text")
def messages_may_have_a_stack(seen: Seen) -> None:
    """`attach_stacktrace` gives messages the stack of their call."""
    sentry_sdk.capture_message("told")
    assert "threads" not in seen.event and "stacktrace" not in seen.event


@pytest.mark.parametrize("row", table.rows)
def test_expectation(seen: Seen, row: Row) -> None:
    row(seen)
