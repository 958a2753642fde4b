"""More of the SDK's expectations of FastAPI, Starlette and ASGI: see expectations.py."""

import json
from typing import Any

import pytest
import sentry_sdk
from fastapi import APIRouter, BackgroundTasks, FastAPI, Request, WebSocket
from fastapi.responses import JSONResponse
from sentry_sdk.traces import start_span
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from app.observability import SentrySettings, install
from app.observability.testing import RecordingTransport

from .expectations import Row, Seen, Table

table = Table("requests")


@pytest.fixture
def sentry_settings(sentry_settings: SentrySettings) -> SentrySettings:
    return sentry_settings.model_copy(update={"sentry_traces_sample_rate": 1.0})


@pytest.fixture
def seen(sentry_transport: RecordingTransport, sentry_settings: SentrySettings) -> Seen:
    app = FastAPI()
    install(app, sentry_settings)

    @app.get("/works/{number}")
    async def works(number: str) -> str:
        return number

    return Seen(app, sentry_transport)


@table.met
def a_form_is_told(seen: Seen) -> None:
    """A URL-encoded form is told by its fields, secret ones filtered."""
    request = seen.fails("POST", "/fails", data={"username": "Jane", "password": "hello123"})
    assert request["data"] == {"username": "Jane", "password": "[Filtered]"}


@table.met
def all_values_of_a_field_are_told(seen: Seen) -> None:
    """A field that a form has twice is told with both its values."""
    request = seen.fails("POST", "/fails", data={"a": ["first", "second"]})
    assert "first" in str(request["data"]) and "second" in str(request["data"])


@table.met
def no_body_is_no_data(seen: Seen) -> None:
    """A request without body has no data, and one without query no query string."""
    request = seen.fails("GET", "/fails")
    assert "data" not in request and not request["query_string"]


@table.differs("what an endpoint did not read played no part in its failure")
def a_body_that_nobody_read_is_told(seen: Seen) -> None:
    """The body is read for the event before the endpoint runs."""

    @seen.app.post("/ignores")
    async def ignores() -> None:
        raise ValueError

    seen.client.post("/ignores", json={"a": 1})
    assert "data" not in seen.event["request"]


@table.met
def bodies_can_be_switched_off(seen: Seen) -> None:
    """With bodies switched off no body is told, and the rest of the request is."""
    app = FastAPI()
    off = SentrySettings(environment="test", sentry_dsn="", sentry_request_bodies=False)
    install(app, off)
    request = Seen(app, seen.transport).fails("POST", "/fails", json={"a": 1})
    assert request["method"] == "POST" and "data" not in request


@table.met
def the_url_has_the_host_that_was_asked(seen: Seen) -> None:
    """The URL is made of scheme, `Host` header and path."""
    headers = {"host": "example.com:8443"}
    assert seen.fails("GET", "/fails", headers=headers)["url"] == "http://example.com:8443/fails"


@table.met
def a_routers_prefix_is_part_of_the_route(seen: Seen) -> None:
    """`http.route` has the prefix of its router."""
    router = APIRouter(prefix="/v1")
    router.get("/items/{item}")(lambda item: item)
    seen.app.include_router(router)
    seen.client.get("/v1/items/7")
    [request] = seen.transport.requests()
    assert request["attributes"]["http.route"] == "/v1/items/{item}"


@table.met
def a_route_without_parameters_is_a_route(seen: Seen) -> None:
    """A static path's name has the source `route`, too."""
    seen.fails("GET", "/fails")
    assert seen.event["transaction"] == "/fails"
    assert seen.event["transaction_info"] == {"source": "route"}


@table.differs("one route, one name: else an issue's events and its traces are named differently")
def a_name_of_ones_own_stays(seen: Seen) -> None:
    """`set_transaction_name` in an endpoint names event and trace."""

    @seen.app.get("/named/{number}")
    async def named(number: str) -> None:
        sentry_sdk.get_current_scope().set_transaction_name("own")
        raise ValueError

    seen.client.get("/named/1")
    [request] = seen.transport.requests()
    assert seen.event["transaction"] == request["name"] == "/named/{number}"


@table.met
def the_event_belongs_to_the_requests_span(seen: Seen) -> None:
    """An error's trace context names the span of its request."""
    seen.fails("GET", "/fails")
    [request] = seen.transport.requests()
    trace = seen.event["contexts"]["trace"]
    assert (trace["trace_id"], trace["span_id"]) == (request["trace_id"], request["span_id"])


@table.met
def spans_of_the_endpoint_are_children(seen: Seen) -> None:
    """A span that an endpoint starts is a child of the request's, and named after its route."""

    @seen.app.get("/spans/{number}")
    async def spans(number: str) -> None:
        with start_span("inner"):
            pass

    seen.client.get("/spans/1")
    inner, request = seen.transport.spans()
    assert inner["parent_span_id"] == request["span_id"]
    assert inner["attributes"]["sentry.segment.name"] == "/spans/{number}"


@table.met
def a_request_tells_what_it_is(seen: Seen) -> None:
    """The request's span has operation, origin and method."""
    seen.client.get("/works/1")
    told = seen.transport.requests()[0]["attributes"]
    assert told["sentry.op"] == "http.server"
    assert told["sentry.origin"].startswith("auto.http")
    assert told["http.request.method"] == "GET"


@table.differs("an address is a person's; the user agent is told with errors, where it helps")
def spans_tell_the_client(seen: Seen) -> None:
    """The request's span has the client's address and its user agent."""
    seen.client.get("/works/1", headers={"x-forwarded-for": "203.0.113.7", "user-agent": "sent"})
    assert "203.0.113.7" not in str(seen.transport.spans())
    assert "sent" not in seen.transport.requests()[0]["attributes"].values()
    headers = {"user-agent": "sent"}
    assert seen.fails("GET", "/fails", headers=headers)["headers"]["user-agent"] == "sent"


@table.met
def a_crash_is_an_error_of_its_trace(seen: Seen) -> None:
    """The trace of a request that crashes has status 500 and `error`."""
    seen.fails("GET", "/fails")
    [request] = seen.transport.requests()
    assert request["status"] == "error"
    assert request["attributes"]["http.response.status_code"] == 500


@table.met
def what_a_handler_answers_with_4xx_is_no_event(seen: Seen) -> None:
    """An exception that a handler answers with 4xx is not reported."""

    @seen.app.exception_handler(KeyError)
    async def handler(request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({}, 404)

    @seen.app.get("/handled")
    async def handled() -> None:
        raise KeyError

    assert seen.client.get("/handled").status_code == 404
    assert seen.events == []


@table.differs("a 5xx is a failure of the service, whoever answers it")
def what_a_handler_answers_with_5xx_is_no_event(seen: Seen) -> None:
    """An exception that a handler answers is not reported."""

    @seen.app.exception_handler(KeyError)
    async def handler(request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({}, 503)

    @seen.app.get("/handled")
    async def handled() -> None:
        raise KeyError("handled")

    seen.client.get("/handled")
    assert seen.event["exception"]["values"][-1]["type"] == "KeyError"


@table.met
def invalid_input_is_no_event(seen: Seen) -> None:
    """A request that FastAPI's validation refuses is not reported."""
    seen.app.get("/number/{number}")(_takes_a_number)
    assert seen.client.get("/number/none").status_code == 422
    assert seen.events == []


@table.met
def a_background_task_that_fails_is_named(seen: Seen) -> None:
    """An error of a background task is an event of its route, unhandled."""

    def fail() -> None:
        raise ValueError("in background")

    @seen.app.get("/background")
    async def background(tasks: BackgroundTasks) -> None:
        tasks.add_task(fail)

    seen.client.get("/background")
    assert seen.event["transaction"] == "/background"
    assert seen.event["exception"]["values"][-1]["mechanism"]["handled"] is False


@table.met
def a_websocket_tells_its_request(seen: Seen) -> None:
    """An event of a websocket has its URL and headers."""

    @seen.app.websocket("/ws")
    async def socket(socket: WebSocket) -> None:
        await socket.accept()
        raise ValueError

    with pytest.raises(WebSocketDisconnect), seen.client.websocket_connect("/ws") as connection:
        connection.receive_text()
    assert seen.event["request"]["url"] == "ws://testserver/ws"
    assert seen.event["request"]["headers"]["host"] == "testserver"


@table.met
def middlewares_with_arguments_work(seen: Seen) -> None:
    """A middleware that takes positional arguments, and wraps receive and send, works as ever."""

    class Wraps:
        def __init__(self, app: ASGIApp, mark: bytes) -> None:
            self.app, self.mark = app, mark

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            async def receive_too() -> Any:
                return await receive()

            async def send_too(message: Any) -> None:
                if message["type"] == "http.response.start":
                    message["headers"].append((b"x-mark", self.mark))
                await send(message)

            await self.app(scope, receive_too, send_too)

    seen.app.add_middleware(Wraps, b"yes")
    assert seen.client.get("/works/1").headers["x-mark"] == "yes"
    assert seen.transport.requests()[0]["name"] == "/works/{number}"


@table.met
def no_secret_of_a_query_is_told(seen: Seen) -> None:
    """Secret values of a query are filtered, the others are told."""
    request = seen.fails("GET", "/fails?page=2&token=ohno")
    assert "page=2" in request["query_string"]
    assert "ohno" not in json.dumps(seen.event) + json.dumps(seen.transport.spans())


async def _takes_a_number(number: int) -> int:
    return number


@pytest.mark.parametrize("row", table.rows)
def test_expectation(seen: Seen, row: Row) -> None:
    row(seen)
