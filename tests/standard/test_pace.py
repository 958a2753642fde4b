"""Many requests: traces are begun at a pace, told at their rate, and leave nothing to collect."""

import asyncio
import gc
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.observability import SentrySettings, install
from app.observability.request import traces
from app.observability.request.traces import MOST_A_SECOND, Pace
from app.observability.sdk import spans
from app.observability.testing import RecordingTransport


class Clock:
    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    monkeypatch.setattr(traces, "time", clock := Clock())
    return clock


def begun(pace: Pace, clock: Clock, requests: int, rate: float) -> float:
    """Return how many traces a second of so many requests begins, on average."""
    expected = 0.0
    for _ in range(requests):
        clock.now += 1 / requests
        expected += rate * pace.share(rate)
    return expected


@pytest.mark.parametrize(("requests", "rate"), [(10, 1.0), (199, 0.1), (19, 1.0), (1000, 0.01)])
def test_below_the_pace_every_drawn_trace_is_begun(
    clock: Clock, requests: int, rate: float
) -> None:
    pace = Pace()
    for _ in range(5):
        assert begun(pace, clock, requests, rate) == pytest.approx(requests * rate)


@pytest.mark.parametrize(("requests", "rate"), [(5000, 0.1), (300, 1.0), (20_000, 1.0)])
def test_above_it_so_many_a_second_are(clock: Clock, requests: int, rate: float) -> None:
    pace = Pace()
    first = begun(pace, clock, requests, rate)  # of a burst that nobody knew of
    assert MOST_A_SECOND < first < MOST_A_SECOND * 9
    for _ in range(5):
        assert begun(pace, clock, requests, rate) == pytest.approx(MOST_A_SECOND, rel=0.05)
    clock.now += 2.1  # seconds, in which nobody asks
    assert begun(pace, clock, 10, 1.0) == pytest.approx(10)


@pytest.mark.parametrize(("seconds", "share"), [(1.5, 0.03), (1.9, 0.038), (2.1, 1.0)])
def test_what_was_wanted_is_forgotten_when_nobody_asks_for_a_while(
    clock: Clock, seconds: float, share: float
) -> None:
    pace = Pace()
    for _ in range(1000):
        pace.share(1.0)
    clock.now += seconds
    assert pace.share(1.0) == pytest.approx(share)


@pytest.fixture
def sentry_settings(sentry_settings: SentrySettings) -> SentrySettings:
    return sentry_settings.model_copy(update={"sentry_traces_sample_rate": 1.0})


@pytest.fixture
def app(sentry_transport: RecordingTransport, sentry_settings: SentrySettings) -> Iterator[FastAPI]:
    app = FastAPI()
    install(app, sentry_settings)

    @app.get("/ok")
    async def ok() -> dict[str, str]:
        return {}

    yield app


async def ask(app: Any, times: int) -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        pass

    for _ in range(times):
        scope = {
            **{"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1"},
            **{"method": "GET", "scheme": "http", "path": "/ok", "raw_path": b"/ok"},
            **{"query_string": b"", "root_path": "", "headers": [(b"host", b"h")]},
            **{"client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2)},
        }
        await app(scope, receive, send)


def test_the_rate_that_is_told_counts_up_to_all_requests(
    app: FastAPI,
    sentry_transport: RecordingTransport,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spans._ids.seed(7)
    monkeypatch.setattr(traces, "pace", Pace())
    monkeypatch.setattr(traces, "MOST_A_SECOND", 10)
    for _ in range(40):  # seconds, of 50 requests each
        asyncio.run(ask(app, 50))
        clock.now += 1
    told = sentry_transport.requests()
    assert 350 < len(told) < 550
    rates = [
        float(envelope.headers["trace"]["sample_rate"])
        for envelope in sentry_transport.envelopes
        if any(item.type == "span" for item in envelope.items)
    ]
    assert len(rates) == len(told)
    assert min(rates) == pytest.approx(0.2, rel=0.05)
    assert sum(1 / rate for rate in rates) == pytest.approx(2000, rel=0.1)


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_a_request_leaves_nothing_to_the_garbage_collector(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch, rate: float
) -> None:
    most = 1e9 if rate else 1e-9
    monkeypatch.setattr(traces, "MOST_A_SECOND", most)
    asyncio.run(ask(app, 20))
    gc.collect()
    gc.disable()
    try:
        asyncio.run(ask(app, 100))
        found = gc.collect()
    finally:
        gc.enable()
    assert found < 100, f"{found} objects of 100 requests"


def test_what_is_there_at_start_up_is_not_collected_until_the_end(app: FastAPI) -> None:
    assert gc.get_freeze_count() == 0
    with TestClient(app):
        assert gc.get_freeze_count() > 1000
    assert gc.get_freeze_count() == 0
