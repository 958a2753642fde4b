"""The SDK's expectations of httpx, of both its clients: see expectations.py."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any
from unittest import mock

import httpx
import pytest
import sentry_sdk
from fastapi import FastAPI
from sentry_sdk.traces import start_span

from app.observability import SentrySettings, capture_error, install
from app.observability.testing import RecordingTransport

from .expectations import Seen, Table

table = Table("outgoing")
Call = Callable[..., None]
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
    sentry_sdk.get_isolation_scope().set_new_propagation_context()
    app = FastAPI()
    install(app, sentry_settings)
    return Seen(app, sentry_transport)


def _answer(request: httpx.Request) -> httpx.Response:
    CALLED.append(request)
    if request.url.path == "/unreachable":
        raise httpx.ConnectError("nobody there")
    return httpx.Response(int(request.url.params.get("status", 200)))


def _sync(url: str, **options: Any) -> None:
    with httpx.Client(transport=httpx.MockTransport(_answer)) as client:
        client.get(url, **options)


def _async(url: str, **options: Any) -> None:
    async def call() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(_answer)) as client:
            await client.get(url, **options)

    asyncio.run(call())


def crumb(seen: Seen) -> dict[str, Any]:
    capture_error(ValueError())
    [found] = seen.event["breadcrumbs"]["values"]
    return dict(found)


def client_span(seen: Seen) -> dict[str, Any]:
    [found] = [
        span
        for span in seen.transport.spans()
        if span["attributes"].get("sentry.op") == "http.client"
    ]
    return found


@table.met
def a_call_without_a_trace_leaves_a_breadcrumb(seen: Seen, call: Call) -> None:
    """A call outside of a trace is one breadcrumb, with reason."""
    call("http://example.com/")
    found = crumb(seen)
    assert (found["type"], found["category"]) == ("http", "httplib")
    assert found["data"]["http.method"] == "GET"
    assert found["data"]["http.response.status_code"] == 200
    assert found["data"]["reason"] == "OK"


@table.met
def a_call_in_a_trace_leaves_one_breadcrumb(seen: Seen, call: Call) -> None:
    """A call within a trace is one breadcrumb as well, not two."""
    with start_span("outer"):
        call("http://example.com/?status=404")
        found = crumb(seen)
    assert (found["level"], found["data"]["http.response.status_code"]) == ("warning", 404)


@table.met
def what_the_client_logs_is_no_second_breadcrumb(seen: Seen, call: Call) -> None:
    """A call whose client logs it, at level INFO, is one breadcrumb."""
    logging.getLogger("httpx").setLevel(logging.INFO)
    try:
        call("http://example.com/")
    finally:
        logging.getLogger("httpx").setLevel(logging.NOTSET)
    assert crumb(seen)["category"] == "httplib"


@table.met
def client_errors_raise_the_breadcrumbs_level(seen: Seen, call: Call) -> None:
    """4xx is a warning, 5xx an error."""
    call("http://example.com/a?status=404")
    call("http://example.com/a?status=503")
    capture_error(ValueError())
    levels = [crumb.get("level") for crumb in seen.event["breadcrumbs"]["values"]]
    assert levels == ["warning", "error"]


@table.differs("where a service calls is what a developer looks for; secrets in it are filtered")
def without_permission_no_url_is_told(seen: Seen, call: Call) -> None:
    """Without permission for personal data a span has neither URL nor query."""
    with start_span("outer"):
        call("http://example.com/a?page=2&token=ohno#frag")
    span = client_span(seen)
    assert span["name"] == "GET http://example.com/a"
    assert "ohno" not in str(span) and "url.query" not in span["attributes"]


@table.met
def user_and_password_of_a_url_are_not_told(seen: Seen, call: Call) -> None:
    """Credentials in a URL are in neither span nor breadcrumb."""
    with start_span("outer"):
        call("https://kim:ohno@example.com/a?token=ohno&page=2")
        found = crumb(seen)
    assert "ohno" not in str(found) + str(seen.transport.spans())


@table.met
def no_value_of_a_query_is_told(seen: Seen, call: Call) -> None:
    """What is asked of another service may be anybody's name, whatever the parameter is called."""
    with start_span("outer"):
        call("http://example.com/a?q=kim&page=2")
        found = crumb(seen)
    assert found["data"]["http.response.status_code"] == 200
    assert "kim" not in str(found) + str(seen.transport.spans())


@table.met
def a_span_has_method_status_and_origin(seen: Seen, call: Call) -> None:
    """The span tells method, status and that the integration made it."""
    with start_span("outer"):
        call("http://example.com/?status=418")
    told = client_span(seen)["attributes"]
    assert told["http.request.method"] == "GET"
    assert told["http.response.status_code"] == 418
    assert told["sentry.origin"] == "auto.http.httpx"


@table.met
def a_failed_answer_is_a_failed_span(seen: Seen, call: Call) -> None:
    """A span of a call answered by 500 has the status `error`."""
    with start_span("outer"):
        call("http://example.com/?status=500")
    assert client_span(seen)["status"] == "error"


@table.met
def a_call_that_fails_is_a_failed_span(seen: Seen, call: Call) -> None:
    """A call that raises ends its span as failed, and is no event of its own."""
    with start_span("outer"), pytest.raises(httpx.ConnectError):
        call("http://example.com/unreachable")
    assert client_span(seen)["status"] == "error"
    assert seen.events == []


@table.met
def the_callee_continues_the_span_of_the_call(seen: Seen, call: Call) -> None:
    """`sentry-trace` names the call's own span as parent, and that it is sampled."""
    with start_span("outer"):
        call("http://listed.example/")
    span = client_span(seen)
    expected = f"{span['trace_id']}-{span['span_id']}-1"
    assert CALLED[0].headers["sentry-trace"] == expected


@table.met
def baggage_tells_the_trace(seen: Seen, call: Call) -> None:
    """`baggage` has the trace's id, environment, key, and its sampling."""
    with start_span("outer") as outer:
        call("http://listed.example/")
    told = dict(part.split("=", 1) for part in CALLED[0].headers["baggage"].split(","))
    assert told["sentry-trace_id"] == outer.trace_id
    assert told["sentry-environment"] == "test"
    assert told["sentry-public_key"] == "0123456789abcdef0123456789abcdef"
    assert told["sentry-sampled"] == "true"
    assert told["sentry-sample_rate"] == "1.0"


@table.differs(
    "outside of requests the SDK freezes `baggage` at the first event: the trace is told"
)
def baggage_after_an_error_tells_the_trace(seen: Seen, call: Call) -> None:
    """`baggage` tells the sampling of a trace that begins after an error, too."""
    capture_error(ValueError())
    with start_span("outer"):
        call("http://listed.example/")
    assert "sentry-trace_id=" in CALLED[0].headers["baggage"]
    assert CALLED[0].headers["sentry-trace"].endswith("-1")


@table.met
def foreign_baggage_stays_and_old_values_go(seen: Seen, call: Call) -> None:
    """Another vendor's `baggage` stays; Sentry's own is not there twice."""
    with start_span("outer"):
        call("http://listed.example/", headers={"baggage": "custom=value"})
    told = CALLED[0].headers["baggage"]
    assert told.startswith("custom=value,sentry-") and told.count("sentry-trace_id") == 1


@table.met
def subdomains_match_and_lookalikes_do_not(seen: Seen, call: Call) -> None:
    """Only URLs that match `trace_propagation_targets` get the headers."""
    hosts = (
        "listed.example",
        "api.listed.example",
        "listed.example.evil.test",
        "notlisted.example",
    )
    with start_span("outer"):
        for host in hosts:
            call(f"http://{host}/?next=http://listed.example/")
    told = ["sentry-trace" in request.headers for request in CALLED]
    assert told == [True, True, False, False]
    assert ["baggage" in request.headers for request in CALLED] == told


@table.differs("errors of both services belong together, whether there is a span or not")
def outside_of_a_trace_nothing_is_propagated(seen: Seen, call: Call) -> None:
    """Outside of a trace a call has no trace headers."""
    call("http://listed.example/")
    trace = CALLED[0].headers["sentry-trace"].partition("-")[0]
    capture_error(ValueError())
    assert seen.event["contexts"]["trace"]["trace_id"] == trace


@table.met
def a_quick_call_has_no_place(seen: Seen, call: Call) -> None:
    """A call below the threshold does not tell where in the code it stands."""
    with start_span("outer"):
        call("http://example.com/")
    assert "code.line.number" not in client_span(seen)["attributes"]


@table.met
def a_slow_call_has_its_place(seen: Seen, call: Call) -> None:
    """A call over the threshold tells file, function and line of the service's own code."""
    sentry_sdk.get_client().options["http_request_source_threshold_ms"] = 0
    with start_span("outer"):
        call("http://example.com/")
    told = client_span(seen)["attributes"]
    assert told["code.file.path"] == "tests/standard/test_expectations_outgoing.py"
    assert told["code.function"] in ("_sync", "call")
    assert told["code.line.number"] > 0


@table.met
def a_url_that_cant_be_read_loses_nothing(seen: Seen, call: Call) -> None:
    """Where the URL can't be parsed the breadcrumb lacks it, and the call goes on."""
    with mock.patch("sentry_sdk.integrations.httpx.parse_url", side_effect=ValueError):
        call("http://example.com")
    found = crumb(seen)
    assert found["data"]["http.response.status_code"] == 200
    assert "url" not in found["data"]


@pytest.mark.parametrize("call", [_sync, _async], ids=["sync", "async"])
@pytest.mark.parametrize("row", table.rows)
def test_expectation(seen: Seen, row: Callable[[Seen, Call], None], call: Call) -> None:
    row(seen, call)
