"""Every failure is reported once; what a client did wrong isn't reported."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.types import Message
from starlette.websockets import WebSocketDisconnect

from app.observability import SentrySettings, Severity, ignore_exception, set_severity
from app.observability.errors.severity import POLICY

from .failing_app import DomainError, failing_app

Events = list[dict[str, Any]]
COUNTS = {
    "/sync": 1,
    "/async": 1,
    "/answers_500": 1,
    "/awaits_a_cancelled_task": 1,
    "/awkward": 1,
    "/breaks_its_promise": 1,
    "/captures_a_handled_one": 1,
    "/captures_and_answers_500": 1,
    "/captures_another_one_and_fails": 2,
    "/captures_and_fails_to_clean_up": 2,
    "/captures_and_raises": 1,
    "/captures_the_inner_and_raises_the_outer": 1,
    "/captures_the_inner_and_raises_without_from": 1,
    "/captures_with_the_sdk_and_raises": 1,
    "/clean_up_of_c_code_fails": 2,
    "/dependency_teardown": 1,
    "/gathers": 1,
    "/handler_answers_400": 0,
    "/handler_answers_503": 1,
    "/http_204": 0,
    "/http_304": 0,
    "/http_404": 0,
    "/http_499": 0,
    "/http_500": 1,
    "/http_503": 1,
    "/http_599": 1,
    "/in_background": 1,
    "/in_background_async": 1,
    "/in_middleware": 1,
    "/logs_and_raises": 1,
    "/logs_and_raises_in_a_thread": 1,
    "/logs_apart": 1,
    "/logs_before_it_fails": 1,
    "/logs_its_404": 0,
    "/logs_many": 10,
    "/logs_two_in_a_handler": 2,
    "/logs_what_it_swallows": 1,
    "/middleware_answers_404": 0,
    "/middleware_answers_500": 1,
    "/mounted/deep/acme/leaf/7": 1,
    "/mounted/fails/7": 1,
    "/mounted/refuses": 1,
    "/nameless": 1,
    "/nested_class": 1,
    "/nowhere": 0,
    "/only_logs": 1,
    "/only_says": 1,
    "/raises_the_same_again": 1,
    "/reports_its_clean_up_and_crashes": 2,
    "/scope_in_a_dependency": 0,
    "/scope_in_a_dependency_of_a_failure": 1,
    "/spawns": 1,
    "/spawns_and_awaits": 1,
    "/streams": 1,
    "/streams_and_fails_in_background": 1,
    "/streams_in_a_scope": 0,
    "/task_group": 1,
    "/wants_a_number?number=many": 0,
    "/works": 0,
}


@pytest.fixture
def app(captured_events: Events, sentry_settings: SentrySettings) -> FastAPI:
    return failing_app(sentry_settings)


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    return TestClient(app)


@pytest.mark.parametrize("path", COUNTS)
def test_the_right_number_of_events(client: TestClient, captured_events: Events, path: str) -> None:
    client.get(path)
    assert len(captured_events) == COUNTS[path], [
        (event.get("logentry"), event.get("exception")) for event in captured_events
    ]


@pytest.mark.parametrize(
    ("path", "count"),
    [
        ("/websocket_fails", 1),
        ("/websocket_fails_before_it_accepts", 1),
        ("/websocket_client_leaves", 0),
    ],
)
def test_websockets(client: TestClient, captured_events: Events, path: str, count: int) -> None:
    try:
        with client.websocket_connect(path) as socket:
            if count:
                socket.receive_text()
    except WebSocketDisconnect:
        assert count
    assert len(captured_events) == count


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/async", 500),
        ("/http_503", 503),
        ("/in_middleware", 500),
        ("/mounted/fails/7", 500),
        ("/mounted/deep/acme/leaf/7", 500),
    ],
)
def test_the_answer_names_its_event(
    client: TestClient, captured_events: Events, path: str, status: int
) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["event_id"] == captured_events[0]["event_id"]


def test_an_answer_keeps_its_headers(client: TestClient) -> None:
    assert client.get("/http_503").headers["retry-after"] == "7"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/async", "/async"),
        ("/mounted/fails/7", "/mounted/fails/{number}"),
        ("/mounted/deep/acme/leaf/7", "/mounted/deep/{tenant}/leaf/{number}"),
        ("/mounted/refuses", "/mounted/refuses"),
        ("/answers_500", "/answers_500"),
    ],
)
def test_an_event_is_named_by_its_whole_route(
    client: TestClient, captured_events: Events, path: str, name: str
) -> None:
    client.get(path)
    [event] = captured_events
    assert event["transaction"] == name


def test_the_same_exception_in_another_request_is_reported_again(
    client: TestClient, captured_events: Events
) -> None:
    client.get("/raises_the_same_again")
    client.get("/raises_the_same_again")
    assert len(captured_events) == 2


def test_a_client_that_leaves_is_no_error(app: FastAPI, captured_events: Events) -> None:
    @app.post("/reads")
    async def reads(body: dict[str, str]) -> None:
        return None

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        raise OSError("nobody there")

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/reads",
        "raw_path": b"/reads",
        "query_string": b"",
        "scheme": "http",
        "headers": [(b"content-type", b"application/json"), (b"content-length", b"100")],
    }
    asyncio.run(app(scope, receive, send))
    assert captured_events == []


@pytest.mark.parametrize("when", ["start-up", "shutdown"])
def test_a_failing_lifespan_is_one_event(
    captured_events: Events, sentry_settings: SentrySettings, when: str
) -> None:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if when == "start-up":
            raise RuntimeError(when)
        yield
        raise RuntimeError(when)

    app = failing_app(sentry_settings, lifespan=lifespan)
    with pytest.raises(RuntimeError, match=when), TestClient(app):
        pass
    [event] = captured_events
    assert event["exception"]["values"][-1]["value"] == when
    assert event["exception"]["values"][-1]["mechanism"]["handled"] is False


@pytest.fixture
def policy() -> Iterator[None]:
    before = dict(POLICY)
    yield
    POLICY.clear()
    POLICY.update(before)


def test_a_foreign_exception_has_the_severity_that_was_registered(
    client: TestClient, captured_events: Events, policy: None
) -> None:
    set_severity(ArithmeticError, Severity.P1)
    set_severity(ValueError, Severity.P3)
    client.get("/async")
    client.get("/captures_and_fails_to_clean_up")
    assert [event["tags"]["priority"] for event in captured_events] == ["P3", "P3", "P3"]


def test_an_ignored_exception_is_not_reported(
    client: TestClient, captured_events: Events, policy: None
) -> None:
    ignore_exception(ValueError)
    assert client.get("/async").status_code == 500
    assert captured_events == []


def test_a_domain_error_carries_its_severity(
    client: TestClient, captured_events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DomainError, "severity", Severity.P1, raising=False)
    client.get("/handler_answers_503")
    [event] = captured_events
    assert (event["level"], event["tags"]["priority"]) == ("fatal", "P1")


class TestOtherStatusCodes:
    @pytest.fixture
    def sentry_settings(self, sentry_settings: SentrySettings) -> SentrySettings:
        return sentry_settings.model_copy(
            update={"sentry_failed_request_status_codes": frozenset({404, 500})}
        )

    @pytest.mark.parametrize(
        ("path", "count"), [("/http_404", 1), ("/http_500", 1), ("/http_503", 0)]
    )
    def test_they_decide(
        self, client: TestClient, captured_events: Events, path: str, count: int
    ) -> None:
        client.get(path)
        assert len(captured_events) == count
