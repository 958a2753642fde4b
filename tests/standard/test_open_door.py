"""What a team or a library needs beyond the standard, without editing it."""

import http.client
import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
import sentry_sdk
from fastapi import FastAPI, WebSocket
from fastapi.testclient import TestClient
from sentry_sdk.integrations import Integration
from sentry_sdk.integrations.stdlib import StdlibIntegration

from app.observability import (
    SentrySettings,
    add_integration,
    capture_error,
    count,
    distribution,
    gauge,
    install,
    set_tag,
    set_trace_rate,
    span,
)
from app.observability.testing import RecordingTransport

from .failing_app import Awkward

SECRET = "hunter2-hunter2"


@pytest.fixture
def sentry_settings(sentry_settings: SentrySettings, rate: float) -> SentrySettings:
    changes = {"sentry_traces_sample_rate": rate, "sentry_untraced_paths": ["/probe"]}
    return sentry_settings.model_copy(update=changes)


@pytest.fixture
def rate() -> float:
    return 1.0


@pytest.fixture
def app(sentry_transport: RecordingTransport, sentry_settings: SentrySettings) -> FastAPI:
    app = FastAPI()
    install(app, sentry_settings)

    @app.get("/{name}")
    async def named(name: str) -> None: ...

    return app


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    return TestClient(app)


def metrics(transport: RecordingTransport) -> list[dict[str, Any]]:
    sentry_sdk.flush()
    return [item for batch in transport.payloads("trace_metric") for item in batch["items"]]


def test_a_span_is_part_of_the_requests_trace(
    app: FastAPI, client: TestClient, sentry_transport: RecordingTransport
) -> None:
    @app.post("/resize")
    async def resize() -> None:
        with span("resize", pixels=300, password=SECRET, awkward=Awkward()):
            pass

    client.post("/resize")
    inner, request = sentry_transport.spans()
    assert (inner["name"], inner["parent_span_id"]) == ("resize", request["span_id"])
    assert inner["attributes"]["pixels"] == 300
    assert inner["attributes"]["password"] == "[Filtered]"
    assert inner["attributes"]["sentry.segment.name"] == "/resize"


def test_a_span_that_an_exception_leaves_has_failed(sentry_transport: RecordingTransport) -> None:
    with pytest.raises(KeyError), span("fails"):
        raise KeyError
    assert [told["status"] for told in sentry_transport.spans()] == ["error"]


def test_without_sentry_nothing_of_it_does_anything() -> None:
    with span("nowhere"):
        count("nothing")
        set_tag("nobody", "here")


def test_metrics_are_told_with_their_tags(sentry_transport: RecordingTransport) -> None:
    count("orders", persona="mentor")
    gauge("queue", 7, token=SECRET)
    distribution("seconds", 0.25, awkward=Awkward())
    told = metrics(sentry_transport)
    assert [(item["name"], item["type"], item["value"]) for item in told] == [
        ("orders", "counter", 1.0),
        ("queue", "gauge", 7.0),
        ("seconds", "distribution", 0.25),
    ]
    assert told[0]["attributes"]["persona"] == {"value": "mentor", "type": "string"}
    assert told[1]["attributes"]["token"]["value"] == "[Filtered]"
    assert told[2]["attributes"]["awkward"]["type"] == "string"
    assert SECRET not in json.dumps(told)


def test_a_tag_lasts_as_long_as_the_request(
    app: FastAPI, client: TestClient, captured_events: list[dict[str, Any]]
) -> None:
    @app.post("/{tenant}")
    async def of_tenant(tenant: str) -> None:
        if tenant == "acme":
            set_tag("tenant", tenant)
        capture_error(ValueError(tenant))

    client.post("/acme")
    client.post("/other")
    assert [event["tags"].get("tenant") for event in captured_events] == ["acme", None]


def test_paths_that_are_never_traced_are_a_setting(
    client: TestClient, sentry_transport: RecordingTransport
) -> None:
    for path in ("/probe", "/healthz", "/probe"):
        client.get(path)
    assert [told["attributes"]["url.path"] for told in sentry_transport.requests()] == ["/healthz"]


@pytest.fixture
def trace_rate() -> Iterator[Callable[..., None]]:
    yield set_trace_rate
    set_trace_rate(lambda method, path: None)


@pytest.mark.parametrize("rate", [0.0])
def test_a_function_says_the_rate_of_a_path(
    client: TestClient, sentry_transport: RecordingTransport, trace_rate: Callable[..., None]
) -> None:
    trace_rate(lambda method, path: 1.0 if path == "/payments" else None)
    client.get("/payments"), client.get("/other"), client.get("/probe")
    [told] = sentry_transport.requests()
    assert told["name"] == "/{name}"
    [trace] = {envelope.headers["trace"]["sample_rate"] for envelope in sentry_transport.envelopes}
    assert trace == "1.0"


@pytest.mark.parametrize("rate", [0.0])
def test_it_is_asked_with_the_method_and_the_span_tells_it(
    app: FastAPI, sentry_transport: RecordingTransport, trace_rate: Callable[..., None]
) -> None:
    @app.websocket("/socket")
    async def talk(socket: WebSocket) -> None:
        await socket.accept()
        await socket.close()

    @app.post("/orders")
    async def order() -> None:
        pass

    asked = []

    def always(method: str, path: str) -> float:
        asked.append((method, path))
        return 1.0

    trace_rate(always)
    client = TestClient(app)
    client.post("/orders")
    with client.websocket_connect("/socket"):
        pass
    assert asked == [("POST", "/orders"), ("websocket", "/socket")]
    told = {span["name"]: span["attributes"] for span in sentry_transport.requests()}
    assert told["/orders"]["http.request.method"] == "POST"
    assert told["/socket"]["http.request.method"] == "GET"


@pytest.mark.parametrize("answer", [2.5, "much", RuntimeError("no")])
def test_a_rate_that_is_none_hurts_nobody(
    client: TestClient,
    sentry_transport: RecordingTransport,
    trace_rate: Callable[..., None],
    answer: object,
) -> None:
    def asked(method: str, path: str) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    trace_rate(asked)
    assert client.get("/somewhere").status_code == 200
    assert len(sentry_transport.requests()) == 1


class _Marks(Integration):
    identifier = "tests.marks"

    @staticmethod
    def setup_once() -> None:
        """Do nothing."""


class TestIntegrations:
    @pytest.fixture(autouse=True)
    def added(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("app.observability.sdk.start._added", [])
        # As in a new process: earlier tests began without it.
        known = sentry_sdk.integrations
        begun = known._processed_integrations - ({"stdlib"} - known._installed_integrations)
        monkeypatch.setattr(known, "_processed_integrations", begun)
        add_integration(_Marks())
        add_integration(StdlibIntegration())

    @pytest.fixture
    def site(self) -> Iterator[int]:
        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(204)
                self.end_headers()

            def log_message(self, *args: Any) -> None: ...

        with HTTPServer(("127.0.0.1", 0), Answers) as server:
            thread = Thread(target=server.serve_forever)
            thread.start()
            yield server.server_port
            server.shutdown()
            thread.join()

    def test_one_that_is_added_is_on(self, sentry_transport: RecordingTransport) -> None:
        assert sentry_sdk.get_client().get_integration(_Marks)

    def test_calls_of_the_standard_library_are_told_and_scrubbed(
        self, client: TestClient, app: FastAPI, site: int, sentry_transport: RecordingTransport
    ) -> None:
        @app.post("/calls")
        def calls() -> None:
            connection = http.client.HTTPConnection("127.0.0.1", site)
            connection.request("GET", f"/there?token={SECRET}&page=2")
            connection.getresponse().read()
            connection.close()
            capture_error(ValueError("after"))

        client.post("/calls")
        [outgoing] = [told for told in sentry_transport.spans() if not told["is_segment"]]
        assert outgoing["name"].startswith(f"GET http://127.0.0.1:{site}/there")
        [crumb] = sentry_transport.events[0]["breadcrumbs"]["values"]
        assert crumb["data"]["http.response.status_code"] == 204
        assert SECRET not in json.dumps([outgoing, crumb])


def test_a_rate_of_nothing_is_none_at_all(
    client: TestClient, sentry_transport: RecordingTransport, trace_rate: Callable[..., None]
) -> None:
    trace_rate(lambda method, path: 0.0)
    client.get("/somewhere")
    assert sentry_transport.requests() == []


def test_a_rate_that_cannot_be_asked_is_logged(
    client: TestClient, trace_rate: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    def asked(method: str, path: str) -> float:
        raise RuntimeError("no rate")

    trace_rate(asked)
    client.get("/somewhere")
    told = "The rate of a trace could not be asked: no rate"
    assert told in {record.getMessage() for record in caplog.records}


def test_a_metrics_tag_is_bounded(sentry_transport: RecordingTransport) -> None:
    count("orders", note="x" * 5000, cents=12)
    sentry_sdk.flush()
    [batch] = sentry_transport.payloads("trace_metric")
    told = batch["items"][0]["attributes"]
    assert len(told["note"]["value"]) == 1024
    assert told["cents"]["value"] == 12
