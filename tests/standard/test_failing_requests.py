"""What a request logged and captured before it failed; which event tells of its failure."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Route

from app.observability import SentrySettings, Severity, capture_error, spawn
from app.observability.request.sessions import sessions
from app.observability.testing import DSN, RecordingTransport

Events = list[dict[str, Any]]
log = logging.getLogger("tests.failing_requests")


def capture_another() -> None:
    try:
        raise KeyError("handled")
    except KeyError as error:
        capture_error(error, severity=Severity.P4)


def kinds(events: Events) -> list[str]:
    return [
        event["exception"]["values"][-1]["type"]
        if "exception" in event
        else event["logentry"]["message"]
        for event in events
    ]


@pytest.mark.parametrize(
    ("end", "told"),
    [
        (lambda: None, ["KeyError", "disk is full"]),
        (lambda: HTTPException(409), ["KeyError", "disk is full"]),
        (lambda: HTTPException(503), ["KeyError", "HTTPException"]),
        (lambda: ValueError("down"), ["KeyError", "ValueError"]),
    ],
)
def test_a_handled_error_takes_no_log_line_with_it(
    app: FastAPI, captured_events: Events, end: Callable[[], Exception | None], told: list[str]
) -> None:
    @app.get("/")
    async def ends() -> None:
        log.critical("disk is full")
        capture_another()
        if error := end():
            raise error

    TestClient(app).get("/")
    assert kinds(captured_events) == told
    assert "disk is full" in str(captured_events[-1])


def test_a_captured_error_that_is_answered_by_a_failure_has_the_log_line(
    app: FastAPI, captured_events: Events, caplog: pytest.LogCaptureFixture
) -> None:
    @app.get("/")
    async def answers() -> Response:
        log.error("disk is full")
        capture_another()
        return PlainTextResponse("no", 503)

    TestClient(app).get("/")
    assert kinds(captured_events) == ["KeyError"]
    [line] = [one for one in caplog.records if one.getMessage().startswith("Answered with")]
    assert line.__dict__["event_id"] == captured_events[0]["event_id"]


def test_the_answer_names_the_event_of_the_failure_alone(
    app: FastAPI, captured_events: Events, caplog: pytest.LogCaptureFixture
) -> None:
    @app.get("/")
    async def fails() -> None:
        log.error("before")
        await spawn(crash(), name="crash")

    async def crash() -> None:
        raise ValueError("in a task")

    answer = TestClient(app).get("/").json()
    [event] = captured_events
    assert answer["event_id"] == event["event_id"]
    [line] = [one for one in caplog.records if one.getMessage() == "Unhandled error"]
    assert line.__dict__["event_id"] == event["event_id"]


class TestHeldBack:
    @pytest.fixture
    def sentry_settings(self) -> SentrySettings:
        return SentrySettings(environment="test", sentry_dsn=DSN, sentry_max_errors_per_minute=1)

    def test_a_failure_that_is_held_back_names_no_other_event(
        self, app: FastAPI, captured_events: Events
    ) -> None:
        @app.get("/")
        async def fails() -> None:
            log.error("before")
            capture_another()
            raise ValueError("down")

        answers = [TestClient(app).get("/").json() for _ in range(2)]
        assert kinds(captured_events) == ["KeyError", "ValueError"]
        assert answers[0]["event_id"] == captured_events[-1]["event_id"]
        assert "event_id" not in answers[1]


def test_what_a_teams_handler_of_all_exceptions_answers_is_answered(
    app: FastAPI, sentry_transport: RecordingTransport, caplog: pytest.LogCaptureFixture
) -> None:
    @app.exception_handler(Exception)
    async def answer(request: Request, error: Exception) -> Response:
        return JSONResponse({"our": "own"}, 500)

    @app.get("/")
    async def fails() -> None:
        raise ValueError("down")

    given = TestClient(app, raise_server_exceptions=False).get("/")
    assert given.json() == {"our": "own"}
    [event] = sentry_transport.events
    assert event["exception"]["values"][-1]["mechanism"]["handled"] is True
    assert "Answered with a failure: 500" in caplog.messages
    sessions.flush()
    [counted] = sentry_transport.payloads("sessions")
    assert [(one.get("errored"), one.get("crashed")) for one in counted["aggregates"]] == [
        (1, None)
    ]


def test_a_mounted_application_is_answered_for_whatever_is_around_it(
    app: FastAPI, captured_events: Events
) -> None:
    def crash(request: Request) -> Response:
        raise ValueError("down")

    inside = Starlette(routes=[Route("/", crash)])
    app.mount("/cors", CORSMiddleware(GZipMiddleware(inside), allow_origins=["*"]))
    answer = TestClient(app).get("/cors/")
    [event] = captured_events
    assert answer.json()["event_id"] == event["event_id"]
    assert event["exception"]["values"][-1]["mechanism"]["handled"] is False
