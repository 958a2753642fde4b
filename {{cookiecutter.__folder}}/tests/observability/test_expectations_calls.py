"""The SDK's expectations of httpx, threads and exceptions: see expectations.py."""

import threading
from typing import Any

import httpx
import pytest
import sentry_sdk
from fastapi import FastAPI
from sentry_sdk.traces import start_span

from app.observability import SentrySettings, capture_error, install
from app.observability.testing import RecordingTransport

from .expectations import Row, Seen, Table

table = Table("calls")
CALLED: list[httpx.Request] = []


@pytest.fixture
def sentry_settings(sentry_settings: SentrySettings) -> SentrySettings:
    return sentry_settings.model_copy(
        update={
            "sentry_traces_sample_rate": 1.0,
            "sentry_trace_propagation_targets": ["listed.example"],
        }
    )


@pytest.fixture
def seen(sentry_transport: RecordingTransport, sentry_settings: SentrySettings) -> Seen:
    CALLED.clear()
    app = FastAPI()
    install(app, sentry_settings)
    return Seen(app, sentry_transport)


def call(url: str, status: int = 200, **options: Any) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        CALLED.append(request)
        return httpx.Response(status)

    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        client.get(url, **options)


@table.met
def a_call_leaves_one_breadcrumb(seen: Seen) -> None:
    """An outgoing call is a breadcrumb with method, status and reason."""
    call("http://example.com/a", 418)
    capture_error(ValueError())
    [crumb] = seen.event["breadcrumbs"]["values"]
    assert (crumb["type"], crumb["category"]) == ("http", "httplib")
    assert crumb["data"]["http.method"] == "GET"
    assert crumb["data"]["http.response.status_code"] == 418


@table.met
def client_errors_raise_the_breadcrumbs_level(seen: Seen) -> None:
    """4xx is a warning, 5xx an error."""
    call("http://example.com/a", 404)
    call("http://example.com/a", 503)
    capture_error(ValueError())
    levels = [crumb.get("level") for crumb in seen.event["breadcrumbs"]["values"]]
    assert levels == ["warning", "error"]


@table.met
def a_call_in_a_trace_is_a_span(seen: Seen) -> None:
    """An outgoing call has a span with method, status, and its URL without secrets."""
    with start_span("outer"):
        call("https://kim:ohno@example.com/a?token=ohno&page=2")
    inner, _ = seen.transport.spans()
    assert inner["attributes"]["sentry.op"] == "http.client"
    assert inner["attributes"]["http.response.status_code"] == 200
    assert "ohno" not in str(inner)


@table.met
def listed_hosts_get_the_trace(seen: Seen) -> None:
    """Hosts of `trace_propagation_targets` get `sentry-trace` and `baggage`, others do not."""
    with start_span("outer") as span:
        call("http://listed.example/")
        call("http://other.example/")
    to_listed, to_other = CALLED
    assert to_listed.headers["sentry-trace"].startswith(span.trace_id)
    assert f"sentry-trace_id={span.trace_id}" in to_listed.headers["baggage"]
    assert "sentry-trace" not in to_other.headers and "baggage" not in to_other.headers


@table.met
def baggage_of_others_stays(seen: Seen) -> None:
    """What another vendor put into `baggage` stays there."""
    with start_span("outer"):
        call("http://listed.example/", headers={"baggage": "custom=data"})
    assert CALLED[0].headers["baggage"].startswith("custom=data,sentry-")


@table.met
def a_thread_that_fails_is_an_event(seen: Seen) -> None:
    """An exception of a thread is captured, unhandled."""

    def fail() -> None:
        raise ValueError("in a thread")

    before, threading.excepthook = threading.excepthook, lambda args: None
    try:
        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()
    finally:
        threading.excepthook = before
    value = seen.event["exception"]["values"][-1]
    assert (value["value"], value["mechanism"]["handled"]) == ("in a thread", False)


@table.met
def an_exception_is_captured_once(seen: Seen) -> None:
    """The same exception, captured twice, is one event."""
    error = ValueError()
    sentry_sdk.capture_exception(error)
    sentry_sdk.capture_exception(error)
    capture_error(error)
    assert len(seen.events) == 1


@table.met
def a_group_is_a_tree(seen: Seen) -> None:
    """A group's members tell their parent and their place, and causes theirs."""
    group = ExceptionGroup("nested", [ValueError(1), ExceptionGroup("in", [TypeError(2)])])
    capture_error(group)
    told = {
        value["mechanism"]["exception_id"]: (
            value["type"],
            value["mechanism"].get("parent_id"),
            value["mechanism"].get("source"),
        )
        for value in seen.event["exception"]["values"]
    }
    assert told == {
        0: ("ExceptionGroup", None, None),
        1: ("ValueError", 0, "exceptions[0]"),
        2: ("ExceptionGroup", 0, "exceptions[1]"),
        3: ("TypeError", 2, "exceptions[0]"),
    }


@table.met
def a_suppressed_context_is_not_told(seen: Seen) -> None:
    """`raise … from None` hides what was handled."""
    try:
        try:
            raise KeyError("hidden")
        except KeyError:
            raise ValueError("told") from None
    except ValueError as error:
        capture_error(error)
    assert [value["type"] for value in seen.event["exception"]["values"]] == ["ValueError"]


@table.met
def notes_are_told(seen: Seen) -> None:
    """What `add_note` added is part of the exception's text."""
    error = ValueError("aha!")
    error.add_note("Test 123")
    capture_error(error)
    assert seen.event["exception"]["values"][0]["value"] == "aha!\nTest 123"


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
