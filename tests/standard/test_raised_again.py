"""Exceptions that bring frames of their past along, which may be another person's."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from fastapi.testclient import TestClient
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint

from app.observability import SentrySettings, capture_error, install

Events = list[dict[str, Any]]
SHARED = RuntimeError("shared")


@pytest.fixture
def app(captured_events: Events, sentry_settings: SentrySettings) -> FastAPI:
    app = FastAPI()

    @app.get("/swallows/{user}")
    async def swallows(user: str) -> None:
        diary = f"diary of {user}"  # noqa: F841
        try:
            raise SHARED
        except RuntimeError:
            pass

    @app.get("/fails/{user}")
    async def fails(user: str) -> None:
        raise SHARED

    @app.get("/waits/{user}")
    async def waits(user: str) -> None:
        try:
            raise SHARED
        finally:
            await asyncio.sleep(0.02)

    @app.get("/breaks/{user}")
    async def breaks(user: str) -> None:
        raise ValueError("its own")

    install(app, sentry_settings)
    SHARED.__traceback__ = None
    return app


def told(event: dict[str, Any]) -> list[dict[str, Any]]:
    return list(event["exception"]["values"][-1]["stacktrace"]["frames"])


def test_what_was_swallowed_in_a_request_is_not_told_in_the_next(
    app: FastAPI, captured_events: Events
) -> None:
    client = TestClient(app, raise_server_exceptions=False)
    client.get("/swallows/alice")
    client.get("/fails/bob")
    [event] = captured_events
    assert "alice" not in json.dumps(event)
    assert [frame["function"] for frame in told(event)] == ["fails", "swallows"]
    assert "raise SHARED" in told(event)[-1]["context_line"]


def test_two_requests_at_once_that_raise_one_object_tell_nothing_of_each_other(
    app: FastAPI, captured_events: Events
) -> None:
    async def both() -> None:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            await asyncio.gather(client.get("/waits/alice"), client.get("/waits/bob"))

    asyncio.run(both())
    assert len(captured_events) == 2
    for event, name, other in zip(captured_events, ("alice", "bob"), ("bob", "alice"), strict=True):
        assert name in event["request"]["url"]
        assert other not in json.dumps(event)


def test_a_middleware_that_raises_what_it_kept_loses_no_variables(
    app: FastAPI, captured_events: Events
) -> None:
    async def passes(request: Request, call_next: RequestResponseEndpoint) -> Response:
        return await call_next(request)

    app.add_middleware(BaseHTTPMiddleware, dispatch=passes)
    TestClient(app, raise_server_exceptions=False).get("/breaks/alice")
    [event] = captured_events
    assert told(event)[-1]["vars"] == {"user": "'alice'"}


def fail() -> None:
    reason = "mine"  # noqa: F841
    raise ValueError


def again() -> None:
    try:
        fail()
    except ValueError as error:
        raise error


def test_outside_of_requests_variables_of_the_past_are_not_told_either(
    captured_events: Events,
) -> None:
    def swallows() -> ValueError:
        try:
            fail()
        except ValueError as error:
            return error
        raise AssertionError

    kept = swallows()

    def anew() -> None:
        raise kept

    with pytest.raises(ValueError) as caught:
        anew()
    capture_error(caught.value)
    assert not any("vars" in frame for frame in told(captured_events[0]))


def in_a_pool() -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(fail).result()


@pytest.mark.parametrize("way", [fail, again, in_a_pool])
def test_what_is_raised_anew_and_of_a_pool_has_its_variables(
    way: Any, captured_events: Events
) -> None:
    with pytest.raises(ValueError) as caught:
        way()
    capture_error(caught.value)
    assert told(captured_events[0])[-1]["vars"] == {"reason": "'mine'"}
