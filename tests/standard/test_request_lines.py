"""What is logged of a request that failed, and what its event says where nothing was raised."""

import logging
from typing import Any

import pytest
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from fastapi.testclient import TestClient
from starlette.middleware.base import RequestResponseEndpoint
from starlette.types import ASGIApp, Receive, Scope, Send

from app.observability import SentrySettings, ignore_exception, install
from app.observability.errors.severity import POLICY
from app.observability.request.sessions import sessions
from app.observability.testing import RecordingTransport

from .failing_app import DomainError, failing_app

Events = list[dict[str, Any]]
LOGGER = "app.observability.request.middleware"


@pytest.fixture
def client(captured_events: Events, sentry_settings: SentrySettings) -> TestClient:
    return TestClient(failing_app(sentry_settings))


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Any:
    """The lines of the standard itself."""
    caplog.set_level(logging.INFO)
    return lambda: [record for record in caplog.records if record.name == LOGGER]


@pytest.mark.parametrize(
    ("path", "message", "level", "shows_error"),
    [
        ("/async", "Unhandled error", logging.ERROR, True),
        ("/streams", "Failed after its answer began", logging.ERROR, True),
        ("/http_503", "Answered with a failure: 503", logging.WARNING, False),
        ("/answers_500", "Answered with a failure: 500", logging.WARNING, False),
    ],
)
def test_a_failure_is_one_line_that_names_its_event(
    client: TestClient, captured_events: Events, lines: Any, path: str, message: str,
    level: int, shows_error: bool,
) -> None:  # fmt: skip
    client.get(path)
    [event] = captured_events
    [line] = lines()
    assert (line.getMessage(), line.levelno) == (message, level)
    assert line.event_id == event["event_id"]
    shown = line.exc_info[1] if line.exc_info else None
    assert isinstance(shown, ValueError) if shows_error else shown is None


@pytest.mark.parametrize("path", ["/works", "/http_404", "/handler_answers_400"])
def test_what_is_no_failure_is_no_line(client: TestClient, lines: Any, path: str) -> None:
    client.get(path)
    assert lines() == []


def test_what_the_policy_ignores_is_one_line_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, captured_events: Events, sentry_settings: SentrySettings,
    lines: Any,
) -> None:  # fmt: skip
    monkeypatch.setitem(POLICY, DomainError, None)
    ignore_exception(DomainError)
    app = FastAPI()
    install(app, sentry_settings)

    @app.get("/")
    async def fails() -> None:
        raise DomainError

    assert TestClient(app).get("/").status_code == 500
    assert captured_events == []
    [line] = lines()
    assert line.getMessage() == "Unhandled, but no error by the policy: DomainError"
    assert (line.levelno, line.exc_info) == (logging.INFO, None)


def test_without_sentry_the_log_has_every_traceback(lines: Any) -> None:
    client = TestClient(failing_app(SentrySettings(sentry_dsn="")))
    client.get("/async")
    [line] = lines()
    assert isinstance(line.exc_info[1], ValueError)
    assert line.getMessage() == "Unhandled error"


# --- Answers that nothing was raised for ----------------------------------------------------------


def test_a_failure_that_nothing_was_raised_for(client: TestClient, captured_events: Events) -> None:
    client.get("/answers_500")
    [event] = captured_events
    assert event["level"] == "error"
    assert event["logentry"]["message"] == "GET /answers_500 answered 500"
    assert event["transaction_info"] == {"source": "route"}


def test_a_request_without_a_route_says_so(client: TestClient, captured_events: Events) -> None:
    client.get("/in_middleware")
    [event] = captured_events
    assert (event["transaction"], event["transaction_info"]) == (
        "(no route)",
        {"source": "custom"},
    )


def test_a_middleware_that_makes_a_failure_of_a_404_is_reported(
    captured_events: Events, sentry_settings: SentrySettings
) -> None:
    app = FastAPI()
    install(app, sentry_settings)

    @app.middleware("http")
    async def worse(request: Request, call_next: RequestResponseEndpoint) -> Response:
        await call_next(request)
        return JSONResponse({}, 502)

    @app.get("/")
    async def nothing() -> None:
        raise HTTPException(404)

    assert TestClient(app).get("/").status_code == 502
    [event] = captured_events
    assert event["logentry"]["message"] == "GET / answered 502"


class AnswersItsOwnError:
    """A middleware that fails before the application is asked, and answers in its `except`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            raise KeyError("cache")
        except KeyError:
            await PlainTextResponse("no", 503)(scope, receive, send)


def test_the_error_that_a_middleware_answers_is_told(
    captured_events: Events, sentry_settings: SentrySettings
) -> None:
    app = FastAPI()
    install(app, sentry_settings)
    app.add_middleware(AnswersItsOwnError)
    TestClient(app).get("/")
    [event] = captured_events
    assert event["exception"]["values"][-1]["type"] == "KeyError"
    assert event["exception"]["values"][-1]["mechanism"]["handled"] is True


# --- The end --------------------------------------------------------------------------------------


def test_what_was_counted_is_delivered_at_the_shutdown_and_not_before(
    sentry_transport: RecordingTransport, sentry_settings: SentrySettings
) -> None:
    sessions.flush()
    del sentry_transport.envelopes[:]
    sessions.count("exited")
    with TestClient(failing_app(sentry_settings)) as client:
        assert sentry_transport.payloads("sessions") == []
        client.get("/works")
    [sent] = sentry_transport.payloads("sessions")
    assert sum(bucket.get("exited", 0) for bucket in sent["aggregates"]) == 2
