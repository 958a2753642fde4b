"""Which requests are traced, and that nobody outside decides it."""

import re
from collections import Counter
from typing import Any

import pytest
import sentry_sdk
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.observability import SentrySettings
from app.observability.sessions import sessions
from app.observability.testing import RecordingTransport
from app.observability.tracing import propagation_targets

from .failing_app import failing_app

TRACE = "0af7651916cd43dd8448eb211c80319c"
STRANGER = {
    "sentry-trace": f"{TRACE}-b7ad6b7169203331-1",
    "baggage": f"sentry-trace_id={TRACE},sentry-sample_rate=1,sentry-sample_rand=0.000001,"
    "sentry-sampled=true,sentry-transaction=POISON,sentry-environment=POISON,sentry-release=POISON",
}


def transactions(transport: RecordingTransport) -> list[dict[str, Any]]:
    found = [envelope.get_transaction_event() for envelope in transport.envelopes]
    return [dict(transaction) for transaction in found if transaction]


@pytest.fixture
def rate() -> float:
    return 1.0


@pytest.fixture
def sentry_settings(sentry_settings: SentrySettings, rate: float) -> SentrySettings:
    return sentry_settings.model_copy(update={"sentry_traces_sample_rate": rate})


@pytest.fixture
def app(sentry_transport: RecordingTransport, sentry_settings: SentrySettings) -> FastAPI:
    return failing_app(sentry_settings)


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    return TestClient(app)


def test_a_transaction_is_named_by_its_route(
    client: TestClient, sentry_transport: RecordingTransport
) -> None:
    client.get("/works?token=hunter2")
    client.get("/mounted/fails/7")
    works, fails = transactions(sentry_transport)
    assert works["transaction"] == "/works"
    assert works["transaction_info"] == {"source": "route"}
    assert works["contexts"]["trace"]["op"] == "http.server"
    assert works["contexts"]["trace"]["status"] == "ok"
    assert fails["transaction"] == "/mounted/fails/{number}"
    assert fails["contexts"]["trace"]["status"] == "internal_error"


def test_paths_that_do_not_exist_share_one_name(
    client: TestClient, sentry_transport: RecordingTransport
) -> None:
    for number in range(5):
        client.get(f"/admin/{number}.php")
    names = {transaction["transaction"] for transaction in transactions(sentry_transport)}
    assert names == {"(no route)"}


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_checks_are_not_traced(
    app: FastAPI, client: TestClient, sentry_transport: RecordingTransport, path: str
) -> None:
    app.get(path)(lambda: "ok")
    assert client.get(path).status_code == 200
    client.head("/works")
    client.options("/works")
    assert transactions(sentry_transport) == []


def test_a_callers_trace_is_continued_and_nothing_else_believed(
    client: TestClient, sentry_transport: RecordingTransport
) -> None:
    client.get("/async", headers=STRANGER)
    for envelope in sentry_transport.envelopes:
        assert "POISON" not in str(envelope.headers) + str([i.payload for i in envelope.items])
    [transaction] = transactions(sentry_transport)
    [event] = sentry_transport.events
    assert event["contexts"]["trace"]["trace_id"] == TRACE
    assert transaction["contexts"]["trace"]["trace_id"] == TRACE


@pytest.mark.parametrize("rate", [0.0])
def test_a_stranger_cannot_switch_tracing_on(
    client: TestClient, sentry_transport: RecordingTransport
) -> None:
    for _ in range(20):
        client.get("/works", headers=STRANGER)
    assert transactions(sentry_transport) == []


@pytest.mark.parametrize("rate", [0.3])
def test_the_rate_is_told_as_it_is(
    client: TestClient, sentry_transport: RecordingTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter([0.1, 0.2999999, 0.3, 0.9])
    monkeypatch.setattr("random.random", lambda: next(drawn))
    for _ in range(4):
        client.get("/works")
    told = [e.headers["trace"] for e in sentry_transport.envelopes if e.get_transaction_event()]
    assert [trace["sample_rand"] for trace in told] == ["0.100000", "0.299999"]
    assert {trace["sample_rate"] for trace in told} == {"0.3"}


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


def test_sessions_tell_how_requests_went(
    client: TestClient, sentry_transport: RecordingTransport
) -> None:
    for path in ("/works", "/works", "/http_404", "/http_503", "/async"):
        client.get(path)
    sessions.flush()
    [item] = [i for e in sentry_transport.envelopes for i in e.items if i.type == "sessions"]
    sent: Any = item.payload.json
    assert sent["attrs"] == {"release": client_release(), "environment": "test"}
    total: Counter[str] = Counter()
    for bucket in sent["aggregates"]:
        bucket.pop("started")
        total.update(bucket)
    assert total == {"exited": 3, "errored": 1, "crashed": 1}


def client_release() -> str:
    return str(sentry_sdk.get_client().options["release"])
