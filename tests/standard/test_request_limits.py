"""What an event tells of its request: up to a limit, and of what the request doesn't say."""

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from app.observability import SentrySettings, install

from .failing_app import boom
from .test_asgi import call, http

Events = list[dict[str, Any]]


@pytest.fixture
def app(captured_events: Events, sentry_settings: SentrySettings) -> FastAPI:
    app = FastAPI()
    install(app, sentry_settings)
    return app


@pytest.mark.parametrize("is_too_long", [False, True])
def test_what_a_client_says_is_cut_at_a_limit(
    app: FastAPI, captured_events: Events, is_too_long: bool
) -> None:
    def text(limit: int) -> str:
        return ("x" * limit) + "y" * is_too_long

    def cut(limit: int) -> str:
        return f"{'x' * (limit - 1)}…" if is_too_long else "x" * limit

    app.get("/{name:path}")(boom_of)
    agent = (b"user-agent", text(512).encode())
    path, query = text(2048 - len("http://h/")), text(4096)
    scope = http(f"/{path}", query_string=query.encode(), headers=[(b"host", b"h"), agent])
    asyncio.run(call(app, scope))
    [event] = captured_events
    assert event["request"]["headers"]["user-agent"] == cut(512)
    assert event["request"]["query_string"] == cut(4096)
    assert event["request"]["url"] == f"http://h/{cut(2048 - len('http://h/'))}"
    assert event["contexts"]["path_params"]["name"] == f"{'x' * 511}…"


async def boom_of(name: str) -> None:
    boom()


def test_a_path_parameter_is_told_up_to_a_limit(app: FastAPI, captured_events: Events) -> None:
    app.get("/{name}")(boom_of)
    asyncio.run(call(app, http("/" + 512 * "x")))
    asyncio.run(call(app, http("/" + 513 * "x")))
    told = [event["contexts"]["path_params"]["name"] for event in captured_events]
    assert told == [512 * "x", f"{511 * 'x'}…"]


def test_a_request_that_says_almost_nothing_is_told(app: FastAPI, captured_events: Events) -> None:
    scope = http("/x")
    del scope["query_string"]
    app.mount("/", raises)
    asyncio.run(call(app, scope))
    [event] = captured_events
    request = event["request"]
    assert (request["url"], request["query_string"]) == ("http:///x", "")
    assert "data" not in request


async def raises(scope: Scope, receive: Receive, send: Send) -> None:
    boom()
