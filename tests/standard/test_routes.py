"""What a request's events are called, however its route was made."""

from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.testclient import TestClient
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Host, Match, Mount, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from app.observability import SentrySettings, install

Events = list[dict[str, Any]]


class CopiesTheScope:
    """What many a middleware does."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(dict(scope), receive, send)


class Moves:
    """Has an old path go where it is now."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("path") == "/old":
            scope = {**scope, "path": "/mounted/acme/leaf/7"}
        await self.app(scope, receive, send)


class Nameless(BaseRoute):
    """A route that has no path."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return (Match.FULL if scope["path"] == "/nameless" else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        raise ValueError


class OfTheirOwn(Nameless):
    """One that has a path, as it says itself."""

    path = "/own/{number}"

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return (Match.FULL if scope["path"].startswith("/own/") else Match.NONE), {}


async def fails() -> None:
    raise ValueError


async def fails_to_refuse(request: Request, error: Exception) -> PlainTextResponse:
    raise ValueError


async def fails_in_starlette(request: Request) -> PlainTextResponse:
    raise ValueError


@pytest.fixture
def client(captured_events: Events, sentry_settings: SentrySettings) -> TestClient:
    app = FastAPI()
    install(app, sentry_settings)
    app.add_middleware(CopiesTheScope)
    app.add_middleware(Moves)
    app.add_middleware(CORSMiddleware, ["https://x.example"])  # by its place, as some do
    app.get("/direct/{number}")(fails)
    app.get("/reset/{token:path}")(fails)
    app.add_route("/starlette/{number}", fails_in_starlette)
    app.add_exception_handler(405, fails_to_refuse)
    app.add_route("/methods/{number}", fails_in_starlette)
    app.add_route("/methods/new", fails_in_starlette, methods=["POST"])
    app.add_route("/methods/{last}", fails_in_starlette, methods=["PUT"])
    router = APIRouter(prefix="/included")
    router.get("/{number}")(fails)
    outer = APIRouter(prefix="/outer")
    outer.include_router(router)
    app.include_router(outer)
    inner = FastAPI()
    inner.get("/leaf/{number}")(fails)
    inner.add_route("/starlette/{number}", fails_in_starlette)
    app.mount("/mounted/{tenant}", inner)
    app.mount("/of/{secret:int}", inner)
    app.mount("/files", fails_as_an_app)
    other = Router(routes=[Mount("/below", app=inner)])
    app.router.routes += [Nameless(), OfTheirOwn()]
    app.router.routes.insert(0, Host("other.example", app=other))
    return TestClient(app)


async def fails_as_an_app(scope: Scope, receive: Receive, send: Send) -> None:
    raise ValueError


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/direct/7", "/direct/{number}"),
        ("/reset/7", "/reset/{token}"),
        ("/of/7/leaf/7", "/of/{secret}/leaf/{number}"),
        ("/starlette/7", "/starlette/{number}"),
        ("/outer/included/7", "/outer/included/{number}"),
        ("/mounted/acme/leaf/7", "/mounted/{tenant}/leaf/{number}"),
        ("/mounted/acme/starlette/7", "/mounted/{tenant}/starlette/{number}"),
        ("/files/a/b", "/files/{path}"),
        ("/old", "/leaf/{number}"),
        ("/nameless", "(no route)"),
        ("/own/7", "/own/{number}"),
        ("http://other.example/below/leaf/7", "/below/leaf/{number}"),
        ("http://other.example/below/starlette/7", "/below/starlette/{number}"),
    ],
)
def test_an_event_is_called_by_its_whole_route(
    client: TestClient, captured_events: Events, path: str, name: str
) -> None:
    answer = client.get(path, headers={"origin": "https://x.example"})
    [event] = captured_events
    assert event["transaction"] == name
    assert event["exception"]["values"][-1]["mechanism"]["handled"] is False
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["event_id"] == event["event_id"]
    assert answer.headers["access-control-allow-origin"] == "https://x.example"


@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("GET", "/methods/{number}"),
        ("POST", "/methods/new"),
        ("PUT", "/methods/{last}"),
        ("DELETE", "/methods/{number}"),  # which no route has
    ],
)
def test_a_route_of_the_method_goes_before_an_earlier_one_of_another(
    client: TestClient, captured_events: Events, method: str, name: str
) -> None:
    client.request(method, "/methods/new")
    [event] = captured_events
    assert event["transaction"] == name


def test_another_origins_page_may_read_an_unhandled_failure(client: TestClient) -> None:
    answer = client.get("/direct/7", headers={"origin": "https://x.example"})
    assert answer.status_code == 500
    assert answer.headers["access-control-allow-origin"] == "https://x.example"
