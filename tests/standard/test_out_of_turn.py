"""What is told when nobody expects it: by a destructor, by a signal, after the client left."""

import asyncio
import gc
import logging
from threading import Thread
from typing import Any

import pytest
import sentry_sdk
from fastapi import FastAPI, Request, WebSocket
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.observability import SentrySettings, ignore_exception, set_user
from app.observability.errors import severity, storm
from app.observability.testing import RecordingTransport

from .test_asgi import Events, call, http

logger = logging.getLogger(__name__)
CONNECT: Message = {"type": "websocket.connect"}
WEBSOCKET: dict[str, Any] = {"type": "websocket", "scheme": "ws", "subprotocols": []}


@pytest.fixture
def sentry_settings(sentry_settings: SentrySettings) -> SentrySettings:
    return sentry_settings.model_copy(update={"sentry_log_level": "error"})


def test_what_the_garbage_collector_finds_in_a_request_is_not_of_it(
    app: FastAPI, sentry_transport: RecordingTransport
) -> None:
    @app.get("/loses")
    async def loses() -> None:
        async def work() -> None:
            me = asyncio.current_task()
            raise OSError(f"not stored by {me and 'a'}")

        asyncio.create_task(work())  # noqa: RUF006
        await asyncio.sleep(0)

    @app.post("/collects")
    async def collects(request: Request) -> None:
        await request.body()
        set_user("b")
        logger.error("b's own trouble")
        gc.collect()
        logger.critical("b's next trouble")

    gc.disable()
    try:
        with TestClient(app) as client:
            client.get("/loses")
            client.post("/collects", json={"text": "b's text"})
    finally:
        gc.enable()
    lost, *troubles = sentry_transport.events
    assert lost["logger"] == "asyncio"
    assert "not stored" in str(lost["exception"])
    assert not lost.keys() & {"request", "user", "transaction"}
    assert [event["logger"] for event in troubles] == [__name__] * 2
    for event in troubles:
        assert (event["user"], event["transaction"]) == ({"id": "b"}, "/collects")
    crumbs = troubles[-1]["breadcrumbs"]["values"]
    assert [crumb["message"] for crumb in crumbs] == ["b's own trouble"]
    sentry_sdk.flush()
    [logs] = [batch["items"] for batch in sentry_transport.payloads("log")]
    own, of_nobody, next_own = (log["trace_id"] for log in logs)
    assert own == next_own != of_nobody


def test_the_storm_guard_may_be_asked_by_what_interrupts_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    guard = storm.StormGuard(lambda held: None, limit=1)
    key = storm.Key("error", "a.py", 1)

    def interrupted(timer: Any) -> bool:
        monkeypatch.undo()
        guard.hold(key)
        return False

    monkeypatch.setattr(storm, "start", interrupted)
    holding = Thread(target=guard.hold, args=(key,), daemon=True)
    holding.start()
    holding.join(20)
    assert not holding.is_alive()
    guard.flush()


def test_what_is_logged_after_a_client_left_is_told(app: FastAPI, captured_events: Events) -> None:
    later: list[asyncio.Task[None]] = []

    @app.get("/")
    async def starts_and_reads(request: Request) -> None:
        later.append(asyncio.create_task(logs_later(ended)))
        await request.body()

    async def logs_later(ended: asyncio.Event) -> None:
        await ended.wait()
        logger.error("payment lost")

    async def serve() -> None:
        await call(app, http())
        assert captured_events == []
        ended.set()
        await later[0]

    ended = asyncio.Event()
    asyncio.run(serve())
    [event] = captured_events
    assert event["logentry"]["formatted"] == "payment lost"


def gone(message: Message) -> None:
    if message["type"] == "websocket.send":
        raise OSError("gone")


@pytest.mark.parametrize("cleans_up", [True, False])
def test_a_clean_up_that_fails_because_the_client_left_is_told(
    app: FastAPI, captured_events: Events, cleans_up: bool
) -> None:
    sessions: dict[str, int] = {}

    @app.websocket("/")
    async def sends(socket: WebSocket) -> None:
        await socket.accept()
        try:
            await socket.send_text("hello")
        finally:
            if cleans_up:
                del sessions["nobody"]

    asyncio.run(call(app, http(**WEBSOCKET), CONNECT, when_sent=gone))
    told = [event["exception"]["values"][-1]["type"] for event in captured_events]
    assert told == (["KeyError"] if cleans_up else [])


@pytest.mark.parametrize("made_of_it", [LookupError, lambda error: ExceptionGroup("", [error])])
def test_what_is_made_of_a_send_to_nobody_is_no_failure(
    app: FastAPI, captured_events: Events, made_of_it: Any
) -> None:
    @app.websocket("/")
    async def sends(socket: WebSocket) -> None:
        await socket.accept()
        try:
            await socket.send_text("hello")
        except Exception as error:
            raise made_of_it(error) from (error if made_of_it is LookupError else None)

    asyncio.run(call(app, http(**WEBSOCKET), CONNECT, when_sent=gone))
    assert captured_events == []


def test_what_a_server_says_of_a_websocket_that_has_left_is_no_failure(
    app: FastAPI, captured_events: Events
) -> None:
    @app.websocket("/")
    async def closes(socket: WebSocket) -> None:
        await socket.accept()
        await socket.receive()
        await socket.close()

    def refuse(message: Message) -> None:
        if message["type"] == "websocket.close":
            raise RuntimeError("Unexpected ASGI message 'websocket.close'")

    left = {"type": "websocket.disconnect", "code": 1006}
    asyncio.run(call(app, http(**WEBSOCKET), CONNECT, left, when_sent=refuse))
    assert captured_events == []


# --- Failed answers -------------------------------------------------------------------------------


def test_a_websocket_that_is_refused_with_a_failure_is_told(
    app: FastAPI, captured_events: Events
) -> None:
    @app.websocket("/refuses")
    async def refuses(socket: WebSocket) -> None:
        await socket.send_denial_response(JSONResponse({}, 503))

    extensions: dict[str, Any] = {"websocket.http.response": {}}
    scope = http("/refuses", **WEBSOCKET, extensions=extensions)
    asyncio.run(call(app, {k: v for k, v in scope.items() if k != "method"}, CONNECT))
    [event] = captured_events
    assert event["logentry"]["message"] == "GET /refuses answered 503"


class Unavailable(Exception):
    pass


def test_an_ignored_exception_may_be_answered_with_a_failure(
    app: FastAPI, captured_events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(severity, "POLICY", dict(severity.POLICY))
    ignore_exception(Unavailable)

    @app.exception_handler(Unavailable)
    async def answers(request: Request, error: Unavailable) -> JSONResponse:
        return JSONResponse({}, 503)

    @app.post("/")
    async def fails() -> None:
        raise Unavailable

    assert TestClient(app).post("/").status_code == 503
    assert [event["logentry"]["message"] for event in captured_events] == ["POST / answered 503"]


class TestOfValidation:
    @pytest.fixture
    def sentry_settings(self, sentry_settings: SentrySettings) -> SentrySettings:
        codes = frozenset({422})
        return sentry_settings.model_copy(update={"sentry_failed_request_status_codes": codes})

    def test_a_status_that_counts_as_a_failure_is_told(
        self, app: FastAPI, captured_events: Events
    ) -> None:
        @app.get("/")
        async def fails() -> None:
            raise RequestValidationError([])

        assert TestClient(app).get("/").status_code == 422
        assert [event["logentry"]["message"] for event in captured_events] == ["GET / answered 422"]


# --- Scopes of an unusual server ------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["https", None])
def test_a_scope_needs_no_scheme(app: FastAPI, captured_events: Events, scheme: str | None) -> None:
    @app.get("/")
    async def fails() -> None:
        raise LookupError

    scope = http(headers=[(b"host", b"testserver")], scheme=scheme)
    asyncio.run(call(app, {k: v for k, v in scope.items() if v is not None}))
    [event] = captured_events
    assert event["request"]["url"] == f"{scheme or 'http'}://testserver/"


def test_a_scope_that_lacks_its_path_costs_no_event(app: FastAPI, captured_events: Events) -> None:
    class Loses:
        def __init__(self, app: ASGIApp) -> None:
            self._app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            del scope["path"]
            raise LookupError

    app.add_middleware(Loses)
    asyncio.run(call(app, http()))
    [event] = captured_events
    assert "request" not in event
