"""Which requests are traced, and that nobody outside decides it."""

import re
import subprocess
import sys
import threading
import time
from collections import Counter
from random import Random
from typing import Any

import pytest
import sentry_sdk
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sentry_sdk.traces import continue_trace, start_span

from app.observability import SentrySettings
from app.observability.request import traces
from app.observability.request.outcome import Outcome
from app.observability.request.sessions import SessionCounter, sessions
from app.observability.request.traces import propagation_targets
from app.observability.sdk.spans import draw_of
from app.observability.testing import RecordingTransport

from .failing_app import failing_app

TRACE = "0af7651916cd43dd8448eb211c80319c"
STRANGER = {
    "sentry-trace": f"{TRACE}-b7ad6b7169203331-1",
    "baggage": f"sentry-trace_id={TRACE},sentry-sample_rate=1,sentry-sample_rand=0.000001,"
    "sentry-sampled=true,sentry-transaction=POISON,sentry-environment=POISON,sentry-release=POISON",
}


OUTCOMES = {
    "/works": Outcome.ANSWERED,
    "/http_404": Outcome.ANSWERED,
    "/wants_a_number?number=many": Outcome.ANSWERED,
    "/captures_a_handled_one": Outcome.ANSWERED,
    "/http_503": Outcome.FAILED,
    "/answers_500": Outcome.FAILED,
    "/handler_answers_503": Outcome.FAILED,
    "/middleware_answers_500": Outcome.FAILED,
    "/async": Outcome.CRASHED,
    "/awaits_a_cancelled_task": Outcome.CRASHED,
    "/mounted/fails/7": Outcome.CRASHED,
    "/streams": Outcome.FAILED_AFTERWARDS,
    "/in_background": Outcome.FAILED_AFTERWARDS,
    "/dependency_teardown": Outcome.FAILED_AFTERWARDS,
}


@pytest.fixture(autouse=True)
def without_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    """More requests a second than a process traces of real ones."""
    monkeypatch.setattr(traces, "MOST_A_SECOND", 1e9)


@pytest.fixture
def rate() -> float:
    return 1.0


@pytest.fixture
def sentry_settings(sentry_settings: SentrySettings, rate: float) -> SentrySettings:
    rates = {"sentry_traces_sample_rate": rate, "sentry_profile_session_sample_rate": rate}
    return sentry_settings.model_copy(update=rates)


@pytest.fixture
def app(sentry_transport: RecordingTransport, sentry_settings: SentrySettings) -> FastAPI:
    return failing_app(sentry_settings)


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    return TestClient(app)


def test_a_trace_is_named_by_its_route(
    client: TestClient, sentry_transport: RecordingTransport
) -> None:
    client.get("/works?token=hunter2")
    client.get("/mounted/fails/7")
    client.get("/has_a_span")
    works, fails, inner, outer = sentry_transport.spans()
    told = works["attributes"]
    assert (works["name"], works["status"]) == ("/works", "ok")
    assert told["sentry.segment.name.source"] == "route"
    assert told["sentry.op"] == "http.server"
    assert (told["http.route"], told["http.response.status_code"]) == ("/works", 200)
    assert (fails["name"], fails["status"]) == ("/mounted/fails/{number}", "error")
    assert inner["attributes"]["sentry.segment.name"] == outer["name"] == "/has_a_span"
    assert "process.command_args" not in told


@pytest.mark.parametrize("path", OUTCOMES)
def test_a_trace_ends_as_the_request_did(
    client: TestClient, sentry_transport: RecordingTransport, path: str
) -> None:
    client.get(path)
    [request] = sentry_transport.requests()
    assert request["status"] == OUTCOMES[path].trace


def test_a_background_task_is_no_part_of_the_requests_time(
    client: TestClient, sentry_transport: RecordingTransport
) -> None:
    client.get("/in_background_with_a_span")
    span, request = sentry_transport.spans()
    assert request["end_timestamp"] <= span["start_timestamp"]
    assert span["parent_span_id"] == request["span_id"]


def test_paths_that_do_not_exist_share_one_name(
    client: TestClient, sentry_transport: RecordingTransport
) -> None:
    for number in range(5):
        client.get(f"/admin/{number}.php")
    assert {request["name"] for request in sentry_transport.requests()} == {"(no route)"}


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_checks_are_not_traced_and_not_counted(
    app: FastAPI, client: TestClient, sentry_transport: RecordingTransport, path: str
) -> None:
    def route() -> None:
        with start_span("SELECT 1", {"sentry.op": "db"}):
            pass

    app.get(path)(route)
    assert client.get(path).status_code == 200
    sessions.flush()
    assert sentry_transport.payloads("sessions") == []
    client.head("/works")
    client.options("/works")
    assert sentry_transport.spans() == []


def test_a_statement_outside_of_requests_is_no_trace(sentry_transport: RecordingTransport) -> None:
    with start_span("SELECT 1", {"sentry.op": "db"}):
        pass
    with start_span("nightly", {"sentry.op": "task"}):
        pass
    [nightly] = sentry_transport.spans()
    assert nightly["name"] == "nightly"


def test_a_trace_of_its_own_within_a_request_keeps_its_name(
    app: FastAPI, client: TestClient, sentry_transport: RecordingTransport
) -> None:
    @app.get("/begins_another")
    async def begins_another() -> None:
        with start_span("nightly", {"sentry.op": "task"}, parent_span=None), start_span("step"):
            pass

    client.get("/begins_another")
    named = [
        (span["name"], span["attributes"]["sentry.segment.name"])
        for span in sentry_transport.spans()
    ]
    assert named == [
        ("step", "nightly"),
        ("nightly", "nightly"),
        ("/begins_another", "/begins_another"),
    ]


def test_a_callers_trace_is_continued_and_nothing_else_believed(
    client: TestClient, sentry_transport: RecordingTransport
) -> None:
    client.get("/async", headers=STRANGER)
    [request] = sentry_transport.requests()
    [event] = sentry_transport.events
    for envelope in sentry_transport.envelopes:
        assert "POISON" not in str(envelope.headers) + str([i.payload for i in envelope.items])
    assert event["contexts"]["trace"]["trace_id"] == TRACE
    assert request["trace_id"] == TRACE


@pytest.mark.parametrize("rate", [0.0])
def test_a_stranger_cannot_switch_tracing_on(
    client: TestClient, sentry_transport: RecordingTransport
) -> None:
    for _ in range(20):
        client.get("/works", headers=STRANGER)
    assert sentry_transport.spans() == []


@pytest.mark.parametrize("rate", [0.1])
def test_what_is_drawn_can_neither_be_chosen_nor_told_from_the_id(
    sentry_transport: RecordingTransport,
) -> None:
    for number in range(2000):
        trace = f"{number:032x}"
        baggage = STRANGER["baggage"].replace(TRACE, trace)
        continue_trace({"sentry-trace": f"{trace}-b7ad6b7169203331-1", "baggage": baggage})
        with start_span("own"):
            pass
    sampled = sentry_transport.spans()
    assert 140 < len(sampled) < 260
    by_the_sdks_own_draw = {n for n in range(2000) if Random(f"{n:032x}").randrange(10**6) < 10**5}
    chosen = {int(span["trace_id"], 16) for span in sampled}
    assert len(chosen & by_the_sdks_own_draw) < 50


@pytest.mark.parametrize("rate", [0.3])
def test_all_services_draw_the_same_for_a_trace_and_tell_their_rate(
    client: TestClient, sentry_transport: RecordingTransport
) -> None:
    traces = [f"{number:032x}" for number in range(1, 101)]
    for trace in traces:
        client.get("/works", headers={"sentry-trace": f"{trace}-b7ad6b7169203331-0"})
    requests = sentry_transport.requests()
    draw = draw_of("sentry.invalid")
    assert [r["trace_id"] for r in requests] == [t for t in traces if draw(t) < 0.3]
    told = [e.headers["trace"] for e in sentry_transport.envelopes if e.items[0].type == "span"]
    assert {trace["sample_rate"] for trace in told} == {"0.3"}
    assert all(float(trace["sample_rand"]) < 0.3 for trace in told)


@pytest.mark.parametrize(("rate", "flag"), [(0.0, "0"), (1.0, "1")])
def test_callees_are_told_the_trace_and_what_was_decided(client: TestClient, flag: str) -> None:
    headers = client.get("/tells_its_trace", headers=STRANGER).json()
    trace, span, decided = headers["sentry-trace"].split("-")
    assert (trace, len(span), decided) == (TRACE, 16, flag)
    assert "POISON" not in headers["baggage"]


def test_a_full_line_lowers_the_rate(client: TestClient, sentry_transport: Any) -> None:
    sentry_transport.share = lambda: 0.25
    for number in range(1, 201):
        client.get("/works", headers={"sentry-trace": f"{number:032x}-b7ad6b7169203331-0"})
    assert 25 < len(sentry_transport.requests()) < 75
    traces = [e for e in sentry_transport.envelopes if e.items[0].type == "span"]
    told = {envelope.headers["trace"]["sample_rate"] for envelope in traces}
    assert told == {"0.25"}


def test_nothing_is_profiled_where_that_can_stop_the_process(client: TestClient) -> None:
    client.get("/works")
    profiler = [thread for thread in threading.enumerate() if "profiler" in thread.name.lower()]
    assert bool(profiler) == (sys.version_info >= (3, 12))


def test_a_def_endpoint_is_profiled_in_its_own_thread(
    client: TestClient, sentry_transport: RecordingTransport
) -> None:
    thread = client.get("/tells_its_thread").json()
    [request] = sentry_transport.requests()
    assert request["attributes"]["thread.id"] == str(thread)


@pytest.mark.parametrize("headers", [{}, STRANGER, {"sentry-trace": "x" * 10_000}])
def test_every_error_has_a_trace(
    client: TestClient, sentry_transport: RecordingTransport, headers: dict[str, str]
) -> None:
    client.get("/async", headers=headers)
    client.get("/async", headers=headers)
    ids = Counter(event["contexts"]["trace"]["trace_id"] for event in sentry_transport.events)
    assert len(ids) == (1 if headers is STRANGER else 2)


@pytest.mark.parametrize(
    ("url", "listed"),
    [
        ("https://api.example.com/x", True),
        ("http://api.example.com:8080", True),
        ("https://eu.api.example.com/", True),
        ("https://evil.com/?x=api.example.com", False),
        ("https://api.example.com.evil.com/", False),
        ("https://api.example.com@evil.com/", False),
        ("https://notapi.example.com/", False),
        ("https://apixexample.com/", False),
    ],
)
def test_trace_headers_go_to_listed_hosts_only(url: str, listed: bool) -> None:
    [pattern] = propagation_targets(["api.example.com"])
    assert bool(re.search(pattern, url)) is listed


@pytest.mark.parametrize("path", OUTCOMES)
def test_sessions_tell_how_requests_went(
    client: TestClient, sentry_transport: RecordingTransport, path: str
) -> None:
    client.get(path)
    sessions.flush()
    [sent] = sentry_transport.payloads("sessions")
    assert sent["attrs"] == {"release": client_release(), "environment": "test"}
    [bucket] = sent["aggregates"]
    bucket.pop("started")
    is_handled = path == "/captures_a_handled_one"
    assert bucket == {"errored" if is_handled else OUTCOMES[path].session: 1}


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="Windows has no such function")
def test_sessions_are_counted_in_utc(
    sentry_transport: RecordingTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Seoul")
        time.tzset()
        patch.setattr("app.observability.request.sessions.time.time", lambda: 1_800_000_030.0)
        counter = SessionCounter()
        counter.count("exited")
        counter.flush()
    time.tzset()
    [sent] = sentry_transport.payloads("sessions")
    assert sent["aggregates"] == [{"started": "2027-01-15T08:00:00.000000Z", "exited": 1}]


def client_release() -> str:
    return str(sentry_sdk.get_client().options["release"])


def test_another_key_draws_otherwise_and_within_what_is_asked() -> None:
    assert len({draw_of(key)(TRACE) for key in ("", "a", "b")}) == 3
    drawn = [draw_of("a")(f"{number:032x}", interval=(0.5, 0.6)) for number in range(100)]
    assert 0.5 <= min(drawn) < 0.52 and 0.58 < max(drawn) < 0.6


def test_a_trace_that_begins_here_has_an_id_of_its_own(client: TestClient) -> None:
    ids = {client.get("/tells_its_trace").json()["sentry-trace"].split("-")[0] for _ in range(5)}
    assert len(ids) == 5
    assert all(re.fullmatch("[0-9a-f]{32}", trace) for trace in ids)


def test_what_no_route_answers_has_a_name_of_ours(
    client: TestClient, sentry_transport: RecordingTransport
) -> None:
    client.get("/nowhere")
    [request] = sentry_transport.requests()
    assert request["attributes"]["sentry.segment.name.source"] == "custom"


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_callees_are_told_the_rate_and_no_name(client: TestClient, rate: float) -> None:
    baggage = client.get("/tells_its_trace").json()["baggage"]
    told = dict(part.split("=", 1) for part in baggage.split(","))
    assert float(told["sentry-sample_rate"]) == rate
    assert "sentry-transaction" not in told


FORKS = """
import os, random
import sentry_sdk
from app.observability.sdk.spans import new_trace

def trace():
    random.seed(0)
    scope = sentry_sdk.Scope()
    new_trace(scope)
    return scope.get_active_propagation_context().trace_id

for _ in range(3):
    if os.fork() == 0:
        print(trace(), flush=True)
        os._exit(0)
    os.wait()
print(trace(), trace())
"""


def test_no_two_processes_begin_the_same_trace() -> None:
    done = subprocess.run([sys.executable, "-c", FORKS], capture_output=True, text=True, check=True)
    assert len(set(done.stdout.split())) == 5
