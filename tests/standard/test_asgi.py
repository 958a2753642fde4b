"""What passes between the server and an application: clients that leave, stops, nested calls."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import sentry_sdk
from fastapi import FastAPI, Request
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from app.observability import (
    SentrySettings,
    Severity,
    capture_error,
    capture_message,
    error_scope,
)
from app.observability.request.sessions import sessions
from app.observability.testing import RecordingTransport

from .failing_app import awaits_a_cancelled_task, boom, failing_app, logs_before_it_fails

Events = list[dict[str, Any]]
DISCONNECT: Message = {"type": "http.disconnect"}


def http(path: str = "/", **more: Any) -> dict[str, Any]:
    """No more than what the ASGI specification asks for."""
    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET"}
    return {**scope, "path": path, "scheme": "http", "headers": [], "query_string": b"", **more}


async def call(
    app: Any,
    scope: Scope,
    *received: Message,
    when_sent: Callable[[Message], object] = lambda message: None,
) -> list[Message]:
    """Call it as a server does; return what it sends."""
    waiting, sent = list(received), list[Message]()

    async def receive() -> Message:
        return waiting.pop(0) if waiting else DISCONNECT

    async def send(message: Message) -> None:
        sent.append(message)
        when_sent(message)

    await app(scope, receive, send)
    return sent


def test_a_task_that_was_cancelled_is_a_failure_of_the_one_that_awaits_it(
    app: FastAPI, captured_events: Events
) -> None:
    app.get("/")(awaits_a_cancelled_task)
    start, body = asyncio.run(call(app, http()))
    [event] = captured_events
    assert start["status"] == 500
    assert event["event_id"].encode() in body["body"]
    assert event["exception"]["values"][-1]["type"] == "CancelledError"
    assert event["exception"]["values"][-1]["mechanism"]["handled"] is False
    assert event["tags"]["priority"] == "P2"


def test_who_is_cancelled_is_stopped_without_an_answer(
    app: FastAPI, captured_events: Events
) -> None:
    sent: list[Message] = []

    @app.get("/")
    async def cancels_itself() -> None:
        task = asyncio.current_task()
        assert task
        task.cancel()
        await asyncio.Event().wait()

    async def serve() -> None:
        with pytest.raises(asyncio.CancelledError):
            await asyncio.create_task(call(app, http(), when_sent=sent.append))

    asyncio.run(serve())
    assert (sent, captured_events) == ([], [])


def test_an_exit_is_answered_reported_and_goes_on(app: FastAPI, captured_events: Events) -> None:
    sent: list[Message] = []
    app.mount("/", exits)
    with pytest.raises(SystemExit):
        asyncio.run(call(app, http(), when_sent=sent.append))
    assert sent[0]["status"] == 500
    assert [event["tags"]["priority"] for event in captured_events] == ["P2"]


async def exits(scope: Scope, receive: Receive, send: Send) -> None:
    raise SystemExit(3)


def test_a_client_that_leaves_while_its_body_is_read(app: FastAPI, captured_events: Events) -> None:
    @app.get("/")
    async def reads(request: Request) -> None:
        await request.body()

    assert asyncio.run(call(app, http(), DISCONNECT)) == []
    assert captured_events == []


def streaming(app: FastAPI, *, swallows: bool = False) -> None:
    """Add a route that streams by hand: two parts, and a look at the client in between."""

    async def streams(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a", "more_body": True})
        await receive()
        try:
            await send({"type": "http.response.body", "body": b"b"})
        except OSError:
            if not swallows:
                raise
        if swallows:
            boom()

    app.mount("/", streams)


@pytest.mark.parametrize(
    ("error", "received", "swallows", "reported"),
    [
        (OSError, {"type": "http.request"}, False, []),
        (RuntimeError, DISCONNECT, False, []),
        (RuntimeError, {"type": "http.request"}, False, ["RuntimeError"]),
        (OSError, DISCONNECT, True, ["ValueError"]),
    ],
)
def test_what_sending_to_nobody_raises(
    app: FastAPI,
    captured_events: Events,
    error: type[Exception],
    received: Message,
    swallows: bool,
    reported: list[str],
) -> None:
    streaming(app, swallows=swallows)

    def refuse(message: Message) -> None:
        if message.get("body") == b"b":
            raise error

    asyncio.run(call(app, http(), received, when_sent=refuse))
    assert [event["exception"]["values"][-1]["type"] for event in captured_events] == reported


def test_a_client_that_leaves_after_its_answer_forgives_nothing(
    app: FastAPI, captured_events: Events
) -> None:
    async def goes_on(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"all"})
        await receive()
        await send({"type": "http.response.body", "body": b"more"})

    def refuse(message: Message) -> None:
        if message.get("body") == b"more":
            raise RuntimeError

    app.mount("/", goes_on)
    asyncio.run(call(app, http(), DISCONNECT, when_sent=refuse))
    assert len(captured_events) == 1


# --- Nested calls ---------------------------------------------------------------------------------


def test_a_call_of_another_application_leaves_the_callers_request_as_it_was(
    app: FastAPI, captured_events: Events, sentry_settings: SentrySettings
) -> None:
    inner = failing_app(sentry_settings)

    @app.get("/outer")
    async def outer() -> None:
        with error_scope(tags={"inside": "yes"}, severity=Severity.P4):
            await call(inner, http("/works"))
            capture_error(ValueError("inside"))
        capture_message("outside")
        await logs_before_it_fails()

    asyncio.run(call(app, http("/outer")))
    inside, outside, crash = captured_events
    assert (inside["tags"]["inside"], inside["tags"]["priority"]) == ("yes", "P4")
    assert "inside" not in outside["tags"]
    assert "inside" not in crash["tags"]
    assert {event["transaction"] for event in captured_events} == {"/outer"}
    crumbs = [crumb["message"] for crumb in crash["breadcrumbs"]["values"]]
    assert "about to fail" in crumbs


def test_a_request_leaves_the_scopes_around_it_as_they_were(app: FastAPI) -> None:
    async def scopes() -> list[tuple[object, object]]:
        found: list[tuple[object, object]] = []
        for _ in range(2):
            found.append((sentry_sdk.get_isolation_scope(), sentry_sdk.get_current_scope()))
            await call(app, http("/nowhere"))
        return found

    before, after = asyncio.run(scopes())
    assert before == after


def test_an_application_that_is_mounted_with_a_standard_of_its_own_tells_of_a_crash_once(
    app: FastAPI, captured_events: Events, sentry_settings: SentrySettings
) -> None:
    app.mount("/inner", failing_app(sentry_settings))
    start, body = asyncio.run(call(app, http("/inner/async")))
    [event] = captured_events
    assert start["status"] == 500
    assert event["event_id"].encode() in body["body"]
    assert event["transaction"] == "/inner/async"
    assert event["exception"]["values"][-1]["mechanism"]["handled"] is False


def test_a_failed_answer_that_nobody_waited_for_is_a_session_with_an_error(
    app: FastAPI, sentry_transport: RecordingTransport
) -> None:
    @app.get("/")
    async def fails() -> StreamingResponse:
        return StreamingResponse(iter(["a", "b"]), 503)

    def refuse(message: Message) -> None:
        if message.get("body"):
            raise OSError("nobody is there")

    scope = http(asgi={"version": "3.0", "spec_version": "2.4"})  # sending tells of it
    asyncio.run(call(app, scope, {"type": "http.request"}, when_sent=refuse))
    sessions.flush()
    [counted] = sentry_transport.payloads("sessions")
    assert [one.get("errored") for one in counted["aggregates"]] == [1]
    assert len(sentry_transport.events) == 1
