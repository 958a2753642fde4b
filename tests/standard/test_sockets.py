"""Websockets: how they are closed, and which status their traces tell."""

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI, WebSocket
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

from app.observability import SentrySettings, install
from app.observability.testing import RecordingTransport

from .failing_app import boom
from .test_asgi import call, http


@pytest.fixture
def client(sentry_transport: RecordingTransport, sentry_settings: SentrySettings) -> TestClient:
    app = FastAPI()
    install(app, sentry_settings)

    @app.websocket("/ends")
    async def ends(socket: WebSocket) -> None:
        await socket.accept()
        await socket.close(4000)

    @app.websocket("/just_ends")
    async def just_ends(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("bye")

    @app.websocket("/fails")
    async def fails(socket: WebSocket) -> None:
        await socket.accept()
        boom()

    @app.websocket("/refuses/{status}")
    async def refuses(socket: WebSocket, status: int) -> None:
        await socket.send_denial_response(JSONResponse({}, status))

    return TestClient(app)


@pytest.fixture
def sentry_settings(sentry_settings: SentrySettings) -> SentrySettings:
    return sentry_settings.model_copy(update={"sentry_traces_sample_rate": 1.0})


def status_of(transport: RecordingTransport) -> tuple[Any, Any]:
    [request] = transport.requests()
    return request["attributes"].get("http.response.status_code"), request["status"]


def test_one_that_ends_is_accepted_and_closed_once(
    client: TestClient, sentry_transport: RecordingTransport
) -> None:
    with client.websocket_connect("/ends") as socket, pytest.raises(WebSocketDisconnect) as closed:
        socket.receive_text()
    assert closed.value.code == 4000
    assert status_of(sentry_transport) == (101, "ok")


def test_nothing_is_sent_for_one_that_just_ends(client: TestClient) -> None:
    scope = {**http("/just_ends"), "type": "websocket", "scheme": "ws"}
    connect = {"type": "websocket.connect"}
    sent = asyncio.run(
        call(client.app, {**scope, "query_string": b"", "subprotocols": []}, connect)
    )
    assert [message["type"] for message in sent] == ["websocket.accept", "websocket.send"]


def test_one_that_fails_is_closed_with_the_code_of_an_internal_error(
    client: TestClient, sentry_transport: RecordingTransport
) -> None:
    with client.websocket_connect("/fails") as socket, pytest.raises(WebSocketDisconnect) as closed:
        socket.receive_text()
    assert closed.value.code == 1011
    assert status_of(sentry_transport) == (101, "error")


@pytest.mark.parametrize(("status", "told"), [(403, "ok"), (503, "error")])
def test_one_that_is_refused_has_the_status_of_that(
    client: TestClient, sentry_transport: RecordingTransport, status: int, told: str
) -> None:
    with pytest.raises(WebSocketDenialResponse), client.websocket_connect(f"/refuses/{status}"):
        pass
    assert status_of(sentry_transport) == (status, told)
