"""The names without a promise that `sdk/` relies on: one test each, against the real thing.

When a new version of the SDK or of a framework breaks something, it breaks here, by name.
"""

import logging
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import fastapi.routing
import pytest
import sentry_sdk
from fastapi import APIRouter, FastAPI, Request
from fastapi.testclient import TestClient
from sentry_sdk import traces, tracing_utils
from sentry_sdk.consts import EndpointType
from sentry_sdk.integrations.logging import BreadcrumbHandler, LoggingIntegration
from sentry_sdk.scope import ScopeType
from sentry_sdk.transport import HttpTransport
from sentry_sdk.utils import Dsn
from starlette.types import ASGIApp

from app.observability import SentrySettings
from app.observability.sdk.names import logging_options, logs_handler
from app.observability.sdk.spans import start_request, start_unsampled, trace_here
from app.observability.testing import DSN, RecordingTransport

TRACE = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def sentry_settings(sentry_settings: SentrySettings) -> SentrySettings:
    return sentry_settings.model_copy(update={"sentry_traces_sample_rate": 1.0})


@pytest.fixture
def transport() -> HttpTransport:
    return HttpTransport({**sentry_sdk.consts.DEFAULT_OPTIONS, "dsn": DSN})


# Scopes and traces


def test_scope_set_isolation_scope(sentry_transport: RecordingTransport) -> None:
    before, other = sentry_sdk.get_isolation_scope(), sentry_sdk.get_isolation_scope().fork()
    sentry_sdk.Scope.set_isolation_scope(other)
    assert sentry_sdk.get_isolation_scope() is other
    sentry_sdk.Scope.set_isolation_scope(before)


def test_scope_set_current_scope() -> None:
    before, other = sentry_sdk.get_current_scope(), sentry_sdk.Scope(ty=ScopeType.CURRENT)
    sentry_sdk.Scope.set_current_scope(other)
    assert sentry_sdk.get_current_scope() is other
    sentry_sdk.Scope.set_current_scope(before)


def test_generate_sample_rand(
    sentry_transport: RecordingTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it returns is what is drawn, and it gets the trace's id."""
    asked = []

    def drawn(trace_id: str, **options: Any) -> float:
        asked.append(trace_id)
        return 0.25

    monkeypatch.setattr(tracing_utils, "_generate_sample_rand", drawn)
    sentry_sdk.get_isolation_scope().set_new_propagation_context()
    context = sentry_sdk.get_isolation_scope().get_active_propagation_context()
    with traces.start_span("drawn", parent_span=None) as span:
        assert (asked[0], span._sample_rand) == (context.trace_id, 0.25)


def test_propagation_context_from_incoming_data(sentry_transport: RecordingTransport) -> None:
    """All ways to continue a trace go through it, and a caller's decision is in what it makes."""
    headers = {"sentry-trace": f"{TRACE}-1234567890abcdef-1"}
    scope = sentry_sdk.get_isolation_scope()
    for continued in (scope.generate_propagation_context, traces.continue_trace):
        continued(headers)
        context = scope.get_active_propagation_context()
        assert (context.trace_id, context.parent_sampled) == (TRACE, None)


def test_no_op_streamed_span(sentry_transport: RecordingTransport) -> None:
    """It hides the spans in it, and is told to callees, without a scope of its own."""
    start_unsampled(trace_here(), drawn=0.75, rate=0.5)
    assert not traces.start_span("inner").sampled
    assert str(sentry_sdk.get_traceparent()).endswith("-0")
    assert "sample_rand=0.750000" in str(sentry_sdk.get_baggage())
    assert sentry_transport.spans() == []


def test_streamed_span_takes_another_class(sentry_transport: RecordingTransport) -> None:
    span = start_request("GET", {"sentry.op": "http.server"})
    assert type(span).__mro__[1] is traces.StreamedSpan
    span.end()
    assert [told["name"] for told in sentry_transport.requests()] == ["GET"]


def test_streamed_span_update_active_thread(sentry_transport: RecordingTransport) -> None:
    with traces.start_span("threaded") as span:
        span._segment.remove_attribute("thread.id")
        span._segment._update_active_thread()
        assert span._segment.get_attributes()["thread.id"]


def test_span_batcher_without_its_thread(sentry_transport: RecordingTransport) -> None:
    """`_ensure_thread` and `_flusher` decide whether it takes a span."""
    traces.start_span("kept", parent_span=None).end()
    assert [told["name"] for told in sentry_transport.spans()] == ["kept"]


# Logging


def test_logging_integration_options() -> None:
    on, off = (LoggingIntegration(**logging_options(level)) for level in (logging.ERROR, None))
    handler = logs_handler(on)
    assert handler is not None and handler.level == logging.ERROR
    assert logs_handler(off) is None


def test_breadcrumb_handler_can_record() -> None:
    record = logging.makeLogRecord({"name": "tests.contract"})
    assert BreadcrumbHandler()._can_record(record)


def test_logging_integration_is_asked_for_each_record(
    sentry_transport: RecordingTransport,
) -> None:
    """By `_handle_record` and `_handle_sentry_logs_record`, or as sentry-sdk 3 calls them."""
    logging.getLogger("tests.contract").error("told once")
    assert [event["logentry"]["message"] for event in sentry_transport.events] == ["told once"]


# The transport


@pytest.mark.parametrize("name", ["_pool", "_auth", "_disabled_until"])
def test_http_transport_has(transport: HttpTransport, name: str) -> None:
    assert hasattr(transport, name)


def test_http_transport_make_pool(transport: HttpTransport) -> None:
    """`_get_pool_options` says how many connections it has; its pools say by which class."""
    assert "num_pools" in transport._get_pool_options()
    url = transport._auth.get_api_url()
    assert url == str(Dsn(DSN).to_auth("x").get_api_url(EndpointType.ENVELOPE))
    assert hasattr(transport._make_pool().connection_from_url(url), "ConnectionCls")


def test_http_transport_update_headers(transport: HttpTransport) -> None:
    headers: dict[str, str] = {}
    transport._update_headers(headers)
    assert {"X-Sentry-Auth", "User-Agent"} <= set(headers)


def test_http_transport_update_rate_limits(transport: HttpTransport) -> None:
    answer: Any = SimpleNamespace(headers={"x-sentry-rate-limits": "60:error:key"}, status=200)
    transport._update_rate_limits(answer)
    assert list(transport._disabled_until) == ["error"]


def test_http_transport_fetch_pending_client_report(transport: HttpTransport) -> None:
    transport.record_lost_event("queue_overflow", "error")
    report = transport._fetch_pending_client_report(force=True, interval=60)
    assert report is not None and report.type == "client_report"


# The frameworks


def test_build_middleware_stack() -> None:
    """FastAPI asks the app itself for its stack, once, when the first request comes."""
    app, asked = FastAPI(), []
    build = app.build_middleware_stack

    def watched() -> ASGIApp:
        asked.append(1)
        return build()

    app.build_middleware_stack = watched  # type: ignore[method-assign]
    client = TestClient(app)
    client.get("/"), client.get("/")
    assert asked == [1]


def test_effective_route_context() -> None:
    """A router that is included in another one knows its prefix only there, without convertors."""
    app, router, seen = FastAPI(), APIRouter(), []

    @router.get("/leaf/{number:int}")
    def leaf(request: Request) -> None:
        seen.append(request.scope["fastapi"]["effective_route_context"].path_format)

    app.include_router(router, prefix="/outer")
    TestClient(app).get("/outer/leaf/7")
    assert seen == ["/outer/leaf/{number}"]


def test_path_format() -> None:
    """A route's template without convertors; a mount's has `/{path}` behind it."""
    app = FastAPI()
    app.mount("/of/{tenant:int}", FastAPI())
    assert app.routes[-1].path_format == "/of/{tenant}/{path}"  # type: ignore[attr-defined]


def test_get_request_handler(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each route asks for its handler by this name, and gives what it calls as `dependant`."""
    make: Callable[..., Any] = fastapi.routing.get_request_handler
    asked = []

    def watched(*args: Any, **kwargs: Any) -> Any:
        asked.append(kwargs["dependant"].call)
        return make(*args, **kwargs)

    monkeypatch.setattr(fastapi.routing, "get_request_handler", watched)
    app = FastAPI()

    @app.get("/")
    def endpoint() -> None: ...

    TestClient(app).get("/")
    assert endpoint in asked
