"""The SDK's expectations of FastAPI, Starlette and ASGI: see expectations.py."""

import threading
from typing import Any

import pytest
import sentry_sdk
from fastapi import FastAPI, HTTPException, Request, WebSocket
from fastapi.responses import PlainTextResponse
from starlette.websockets import WebSocketDisconnect

from app.observability import SentrySettings, install, set_user
from app.observability.testing import RecordingTransport

from .expectations import Row, Seen, Table

table = Table("HTTP")


@pytest.fixture
def sentry_settings(sentry_settings: SentrySettings) -> SentrySettings:
    return sentry_settings.model_copy(update={"sentry_traces_sample_rate": 1.0})


@pytest.fixture
def seen(sentry_transport: RecordingTransport, sentry_settings: SentrySettings) -> Seen:
    app = FastAPI()
    install(app, sentry_settings)

    @app.api_route("/reads/{number}", methods=["GET", "POST"])
    async def reads(number: str, request: Request) -> None:
        await request.body()
        raise ValueError(number)

    @app.get("/works/{number}")
    async def works(number: str) -> str:
        return number

    @app.get("/answers/{status}")
    async def answers(status: int) -> None:
        raise HTTPException(status)

    return Seen(app, sentry_transport)


@table.met
def a_json_body_is_told(seen: Seen) -> None:
    """The event's request has the parsed JSON body."""
    seen.client.post("/reads/1", json={"persona": "mentor", "nested": {"a": [1, 2]}})
    assert seen.event["request"]["data"] == {"persona": "mentor", "nested": {"a": [1, 2]}}


@table.met
def a_malformed_json_body_loses_no_event(seen: Seen) -> None:
    """A body that says it is JSON and is not still leaves an event."""
    seen.client.post("/reads/1", content="{oh", headers={"content-type": "application/json"})
    assert seen.event["request"]["data"] == "{oh"


@table.met
def form_data_is_told_without_files(seen: Seen) -> None:
    """A multipart form's fields are told, the content of its files is not."""
    seen.client.post("/reads/1", data={"name": "kim"}, files={"photo": ("x.jpg", b"JPEG" * 10)})
    assert seen.event["request"]["data"] == {"name": "kim", "photo": "<40 bytes>"}


@table.differs("the first 64 KiB help a developer, and say how much there was")
def a_large_body_is_left_out(seen: Seen) -> None:
    """A body over the limit is left out, with a remark."""
    seen.client.post("/reads/1", content="a b " * 50_000, headers={"content-type": "text/plain"})
    assert seen.event["request"]["data"].startswith("(the first 65536 of 200000 bytes) a b")


@table.met
def the_route_names_the_event_and_the_trace(seen: Seen) -> None:
    """The transaction's name is the route's template, its source says so."""
    seen.client.get("/reads/17")
    [request] = seen.transport.requests()
    assert seen.event["transaction"] == request["name"] == "/reads/{number}"
    assert seen.event["transaction_info"] == {"source": "route"}
    assert request["attributes"]["sentry.segment.name.source"] == "route"
    assert request["attributes"]["http.route"] == "/reads/{number}"


@table.differs("endpoints are renamed by refactoring, and their issues would begin anew")
def endpoints_may_name_it(seen: Seen) -> None:
    """`transaction_style="endpoint"` names it by the function."""
    seen.client.get("/works/1")
    assert seen.transport.requests()[0]["name"] == "/works/{number}"


@table.met
def a_prefix_is_part_of_the_name(seen: Seen) -> None:
    """A mount's or router's prefix is part of the route's name."""
    inner = FastAPI()
    inner.get("/leaf/{number}")(lambda number: number)
    seen.app.mount("/sub", inner)
    seen.client.get("/sub/leaf/1")
    assert seen.transport.requests()[0]["name"] == "/sub/leaf/{number}"


@table.differs("the URLs of strangers are endless, and each would be a name of its own")
def what_has_no_route_is_named_by_its_url(seen: Seen) -> None:
    """Where no route matched, the URL is the name, with source `url`."""
    seen.client.get("/nowhere/1")
    assert seen.transport.requests()[0]["name"] == "(no route)"


@table.met
def the_active_thread_is_the_endpoints(seen: Seen) -> None:
    """A `def` endpoint's thread is the one that its profile is of."""
    seen.app.get("/thread")(lambda: threading.get_ident())
    thread = seen.client.get("/thread").json()
    assert seen.transport.requests()[0]["attributes"]["thread.id"] == str(thread)


@table.met
def the_original_request_is_not_scrubbed(seen: Seen) -> None:
    """Scrubbing changes copies: the application still has its headers and body."""

    @seen.app.post("/error")
    async def error(request: Request) -> dict[str, Any]:
        sentry_sdk.capture_exception(ValueError())
        return {"auth": request.headers["authorization"], "body": await request.json()}

    headers = {"authorization": "Bearer ohno"}
    answer = seen.client.post("/error", json={"password": "ohno"}, headers=headers)
    assert answer.json() == {"auth": "Bearer ohno", "body": {"password": "ohno"}}
    assert "ohno" not in str(seen.events)


@table.met
def the_status_code_is_told(seen: Seen) -> None:
    """The trace tells the answer's status code."""
    for path, status in (("/works/1", 200), ("/answers/404", 404), ("/answers/503", 503)):
        seen.client.get(path)
        request = seen.transport.requests()[-1]
        assert request["attributes"]["http.response.status_code"] == status


@table.differs("404 is the client's mistake: it would ring the alert on the error rate")
def every_4xx_is_an_error_of_the_trace(seen: Seen) -> None:
    """A streamed span's status is `error` from 400 on."""
    seen.client.get("/answers/404")
    assert seen.transport.requests()[0]["status"] == "ok"


@table.met
def a_5xx_http_exception_is_reported_and_a_4xx_is_not(seen: Seen) -> None:
    """By default HTTPExceptions of 500 to 599 are events, others are not."""
    for status in (400, 404, 422, 500, 599):
        seen.client.get(f"/answers/{status}")
    values = [event["exception"]["values"][-1]["value"] for event in seen.events]
    assert [value.partition(":")[0] for value in values] == ["500", "599"]


@table.met
def an_unhandled_exception_is_unhandled(seen: Seen) -> None:
    """What nothing handles is captured once, with `handled: false`."""
    seen.client.get("/reads/1")
    assert seen.event["exception"]["values"][-1]["mechanism"]["handled"] is False


@table.met
def an_error_in_a_middleware_is_named(seen: Seen) -> None:
    """An exception of a middleware is captured, with a transaction."""

    @seen.app.middleware("http")
    async def middleware(request: Request, call_next: Any) -> Any:
        raise RuntimeError("in a middleware")

    seen.client.get("/works/1")
    assert seen.event["exception"]["values"][-1]["value"] == "in a middleware"
    assert seen.event["transaction"] == "/works/{number}"


@table.differs("spans of middlewares cost more than they tell; a team adds its own")
def middlewares_have_spans(seen: Seen) -> None:
    """Each middleware, and its receive and send, has a span."""
    seen.client.get("/works/1")
    assert len(seen.transport.spans()) == 1


@table.met
def the_methods_option_and_head_have_no_trace(seen: Seen) -> None:
    """HEAD and OPTIONS are not traced by default."""
    seen.client.options("/works/1")
    seen.client.head("/works/1")
    assert seen.transport.requests() == []


@table.met
def the_url_method_and_query_are_told(seen: Seen) -> None:
    """The request has its URL without query, its method and its query string."""
    seen.client.get("/reads/1?page=2")
    request = seen.event["request"]
    assert request["url"] == "http://testserver/reads/1"
    assert (request["method"], request["query_string"]) == ("GET", "page=2")


@table.met
def cookies_and_credentials_are_not_told(seen: Seen) -> None:
    """Without permission for personal data neither cookies nor credentials leave."""
    seen.client.get("/reads/1", headers={"cookie": "a=ohno", "authorization": "Basic b2hubw=="})
    assert "ohno" not in str(seen.event) and "cookies" not in seen.event["request"]


@table.differs("an address is a person's, and five headers say all that helps")
def other_headers_and_addresses_are_told(seen: Seen) -> None:
    """Headers that aren't sensitive are told, and with permission the client's address."""
    seen.client.get("/reads/1", headers={"x-forwarded-for": "203.0.113.7", "x-other": "told"})
    assert "203.0.113.7" not in str(seen.event) and "told" not in str(seen.event)
    assert "env" not in seen.event["request"]


@table.met
def a_user_that_the_application_set_stays(seen: Seen) -> None:
    """The user that the application set is the event's."""

    @seen.app.get("/own")
    async def own() -> None:
        set_user("u7")
        raise ValueError

    seen.client.get("/own")
    assert seen.event["user"] == {"id": "u7"}


@table.met
def errors_and_traces_share_the_callers_trace(seen: Seen) -> None:
    """A `sentry-trace` header is continued by events and spans."""
    trace = "12312012123120121231201212312012"
    seen.client.get("/reads/1", headers={"sentry-trace": f"{trace}-1121201211212012-1"})
    [request] = seen.transport.requests()
    assert seen.event["contexts"]["trace"]["trace_id"] == request["trace_id"] == trace
    assert request["parent_span_id"] == "1121201211212012"


@table.differs("strangers would decide what is traced, and pay for it with our money")
def the_callers_decision_is_followed(seen: Seen) -> None:
    """The caller's sampling decision is taken over."""
    trace = "12312012123120121231201212312012"
    seen.client.get("/works/1", headers={"sentry-trace": f"{trace}-1121201211212012-0"})
    assert len(seen.transport.requests()) == 1


@table.met
def an_event_without_tracing_has_a_trace_too(seen: Seen) -> None:
    """An error outside of a trace has a trace's id."""
    sentry_sdk.capture_exception(ValueError())
    assert len(seen.event["contexts"]["trace"]["trace_id"]) == 32


@table.met
def websockets_are_captured(seen: Seen) -> None:
    """A failing websocket is an event, and a trace of its own kind."""

    @seen.app.websocket("/ws/{number}")
    async def socket(socket: WebSocket, number: int) -> None:
        await socket.accept()
        raise ValueError("socket")

    with pytest.raises(WebSocketDisconnect), seen.client.websocket_connect("/ws/1") as connection:
        connection.receive_text()
    [request] = seen.transport.requests()
    assert seen.event["transaction"] == request["name"] == "/ws/{number}"
    assert (request["attributes"]["sentry.op"], request["status"]) == ("websocket.server", "error")


@table.met
def a_template_can_tell_the_trace(seen: Seen) -> None:
    """`trace_propagation_meta` gives a page the trace that it belongs to."""

    @seen.app.get("/page")
    async def page() -> PlainTextResponse:
        return PlainTextResponse(sentry_sdk.get_current_scope().trace_propagation_meta())

    page_text = seen.client.get("/page").text
    assert seen.transport.requests()[0]["trace_id"] in page_text


@table.met
def tags_of_a_request_are_its_own(seen: Seen) -> None:
    """What a request sets on its scope is not seen by the next one."""

    @seen.app.get("/tagged")
    async def tagged() -> None:
        sentry_sdk.set_tag("own", "yes")
        raise ValueError

    seen.client.get("/tagged")
    seen.client.get("/reads/1")
    assert [event["tags"].get("own") for event in seen.events] == ["yes", None]


@table.met
def feature_flags_are_told(seen: Seen) -> None:
    """Flags that were evaluated are in the event's contexts."""

    @seen.app.get("/flagged")
    async def flagged() -> None:
        sentry_sdk.feature_flags.add_feature_flag("hello", False)
        raise ValueError

    seen.client.get("/flagged")
    assert seen.event["contexts"]["flags"] == {"values": [{"flag": "hello", "result": False}]}


@pytest.mark.parametrize("row", table.rows)
def test_expectation(seen: Seen, row: Row) -> None:
    row(seen)
