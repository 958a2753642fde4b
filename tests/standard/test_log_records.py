"""What log calls become: events with what their call said, breadcrumbs, and no loop."""

import logging
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
import sentry_sdk
from fastapi import BackgroundTasks, FastAPI, WebSocket
from fastapi.testclient import TestClient
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.observability import (
    SentrySettings,
    add_trace_id,
    capture_message,
    error_scope,
    ignore_exception,
    init_sentry,
    install,
    span,
)
from app.observability.errors.severity import POLICY
from app.observability.request.sessions import sessions
from app.observability.testing import RecordingTransport, recording

from .failing_app import Awkward, Interrupting, boom, failing_app

Events = list[dict[str, Any]]
log = logging.getLogger("tests.log_records")
EVIL = Awkward()


class Talkative:
    """Logs an error whenever it is shown."""

    def __repr__(self) -> str:
        log.error("shown")
        return "talkative"


class Template:
    """A message that is no text, as some libraries log it."""

    def __str__(self) -> str:
        return "order %s"


class State(StrEnum):
    PAID = "paid"


@pytest.fixture(autouse=True)
def everything_is_logged() -> Iterator[None]:
    log.setLevel(logging.INFO)
    yield
    log.setLevel(logging.NOTSET)


@pytest.fixture
def sentry_settings(sentry_settings: SentrySettings) -> SentrySettings:
    return sentry_settings.model_copy(update={"sentry_log_level": "warning"})


@pytest.fixture
def app(captured_events: Events, sentry_settings: SentrySettings) -> FastAPI:
    return failing_app(sentry_settings)


def messages(events: Events) -> list[str]:
    return [event["logentry"]["formatted"] for event in events]


def breadcrumb(events: Events) -> str:
    capture_message("after")
    return str(events[-1]["breadcrumbs"]["values"][-1]["message"])


def session(transport: RecordingTransport) -> dict[str, int]:
    sessions.flush()
    [bucket] = transport.payloads("sessions")[-1]["aggregates"]
    bucket.pop("started")
    return dict(bucket)


def test_what_is_logged_while_an_error_is_reported_is_no_event(captured_events: Events) -> None:
    def fails(shown: object) -> None:
        raise ValueError

    try:
        fails(Talkative())
    except ValueError:
        log.exception("told")
    [event] = captured_events
    [*_, last] = event["exception"]["values"][-1]["stacktrace"]["frames"]
    assert last["vars"]["shown"] == "talkative"
    log.error("next")
    assert messages(captured_events) == ["told", "next"]


@pytest.mark.parametrize("args", [(), ("x",)])
def test_an_error_that_a_log_call_names_is_its_exception(
    captured_events: Events, args: tuple[object, ...]
) -> None:
    try:
        boom()
    except ValueError as error:
        log.error("failed: %s" + "%s" * len(args), error, *args)
    [event] = captured_events
    assert event["exception"]["values"][-1]["value"] == "boom"
    assert event["logentry"]["message"].startswith("failed: ")


def test_an_error_that_is_handled_meanwhile_is_not(captured_events: Events) -> None:
    try:
        boom()
    except ValueError:
        log.error("order %s failed", 17)
    log.error("order %s failed", 18)
    assert messages(captured_events) == ["order 17 failed", "order 18 failed"]
    assert not any("exception" in event for event in captured_events)


@pytest.mark.parametrize(
    ("level", "told"), [(logging.ERROR, "error"), (49, "error"), (logging.CRITICAL, "fatal")]
)
def test_critical_is_fatal(captured_events: Events, level: int, told: str) -> None:
    log.log(level, "told")
    assert captured_events[0]["level"] == told


def test_extra_of_a_librarys_own_is_not_told(captured_events: Events) -> None:
    log.error("told", extra={"_private": 1, "_": 2, "kept": 3})
    assert captured_events[0]["extra"] == {"kept": 3}


def test_a_log_call_that_cannot_be_told_of_does_not_fail(
    captured_events: Events, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet = logging.getLogger("tests.quiet_records")
    monkeypatch.setattr(quiet, "propagate", False)  # a handler would raise, not the standard
    monkeypatch.setattr(quiet, "handlers", [logging.NullHandler()])
    quiet.error("told", exc_info=("no exception",))  # type: ignore[arg-type]
    [record] = caplog.records
    assert record.name == "app.observability.sdk.integrations"
    assert record.getMessage() == "A log record could not be told of"
    assert captured_events == []


@pytest.mark.parametrize(
    ("said", "body"),
    [
        ((EVIL,), "<Awkward: RuntimeError>"),
        ((Interrupting(),), "<Interrupting: CancelledError>"),
        (("got %s", Interrupting()), "got %s"),
        (("password=%s of %s", "x", Interrupting()), "password=%s of %s"),
    ],
)
def test_a_message_that_cannot_be_told_is_a_log_nevertheless(
    sentry_transport: RecordingTransport,
    monkeypatch: pytest.MonkeyPatch,
    said: tuple[Any, ...],
    body: str,
) -> None:
    quiet = logging.getLogger("tests.quiet_records")
    monkeypatch.setattr(quiet, "propagate", False)
    monkeypatch.setattr(quiet, "handlers", [logging.NullHandler()])
    quiet.warning(*said)
    sentry_sdk.flush()
    [batch] = sentry_transport.payloads("log")
    assert [item["body"] for item in batch["items"]] == [body]
    assert breadcrumb(sentry_transport.events) == body


def test_an_extra_that_interrupts_loses_no_log(sentry_transport: RecordingTransport) -> None:
    job = Interrupting()
    plain = {"lines": [1, 2], "order": {"id": 7}, "state": State.PAID}
    log.warning("told", extra={"job": job, "jobs": [job], **plain})
    sentry_sdk.flush()
    [batch] = sentry_transport.payloads("log")
    told = batch["items"][0]["attributes"]
    assert told["job"]["value"] == "<Interrupting: CancelledError>"
    assert told["jobs"]["value"] == "[<list: CancelledError>"
    assert [told[name]["value"] for name in plain] == [[1, 2], "{'id': 7}", "paid"]


@pytest.mark.parametrize("name", ["app.observability", "app.observability.plain", "sentry_sdk.x"])
def test_what_the_standard_says_of_its_own_work_is_told_nowhere(
    sentry_transport: RecordingTransport, name: str
) -> None:
    logging.getLogger(name).error("told")
    capture_message("after")
    sentry_sdk.flush()
    [event] = sentry_transport.events
    assert event["message"] == "after"
    assert "told" not in str(event)
    assert sentry_transport.payloads("log") == []


@pytest.mark.parametrize("name", ["app.observability_reports", "sentry_sdk_of_ours"])
def test_what_only_begins_alike_is_told(captured_events: Events, name: str) -> None:
    logging.getLogger(name).error("told")
    assert [event["logger"] for event in captured_events] == [name]


def test_a_breadcrumb_has_its_arguments_but_for_the_secret_ones(captured_events: Events) -> None:
    log.info("the password is %s", "correct horse")
    assert breadcrumb(captured_events) == "the password is [Filtered]"
    log.info("order %s", 17)
    assert breadcrumb(captured_events) == "order 17"


def test_a_breadcrumb_is_what_the_log_line_says(captured_events: Events) -> None:
    log.info("100%% sure")
    assert breadcrumb(captured_events) == "100%% sure"
    log.info(Template(), 17)
    assert breadcrumb(captured_events) == "order 17"


# In a request


def test_what_a_request_logs_has_the_scope_of_its_call(
    app: FastAPI, captured_events: Events
) -> None:
    @app.get("/logs_in_a_scope")
    async def logs_in_a_scope() -> None:
        with error_scope(tags={"where": "inside"}):
            log.error("inside")
        log.error("outside")

    TestClient(app).get("/logs_in_a_scope")
    inside, outside = captured_events
    assert inside["tags"]["where"] == "inside"
    assert "where" not in outside["tags"]


def test_an_answer_names_the_event_that_was_logged(app: FastAPI, captured_events: Events) -> None:
    before = dict(POLICY)
    ignore_exception(ValueError)
    try:
        answer = TestClient(app).get("/logs_before_it_fails").json()
    finally:
        POLICY.clear()
        POLICY.update(before)
    [event] = captured_events
    assert answer["event_id"] == event["event_id"]


def test_a_request_that_logs_an_error_went_wrong(
    app: FastAPI, sentry_transport: RecordingTransport
) -> None:
    TestClient(app).get("/only_logs")
    assert session(sentry_transport) == {"errored": 1}


def test_so_did_one_that_logs_it_after_its_answer(
    app: FastAPI, sentry_transport: RecordingTransport
) -> None:
    @app.get("/logs_later")
    async def logs_later(tasks: BackgroundTasks) -> None:
        tasks.add_task(log.error, "later")

    TestClient(app).get("/logs_later")
    assert messages(sentry_transport.events) == ["later"]
    assert session(sentry_transport) == {"errored": 1}


def test_and_a_websocket(app: FastAPI, sentry_transport: RecordingTransport) -> None:
    @app.websocket("/logs")
    async def logs(socket: WebSocket) -> None:
        await socket.accept()
        log.error("heard")
        await socket.send_text(str(len(sentry_transport.events)))

    with TestClient(app).websocket_connect("/logs") as socket:
        assert socket.receive_text() == "1", "it is sent at once"
    assert session(sentry_transport) == {"errored": 1}


def test_that_nobody_could_be_answered_is_no_error_whoever_logs_it(
    captured_events: Events, sentry_settings: SentrySettings
) -> None:
    class Logs:
        def __init__(self, app: ASGIApp) -> None:
            self.app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await self.app(scope, receive, send)
            except OSError:
                log.exception("no answer")
                raise

    app = FastAPI()
    install(app, sentry_settings)
    app.add_middleware(Logs)
    app.get("/")(lambda: "told")

    def connection_is_gone(send: Send) -> Send:
        async def fails(message: Message) -> None:
            raise OSError("nobody there")

        return fails

    async def server(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, connection_is_gone(send))

    TestClient(server, raise_server_exceptions=False).get("/")
    assert captured_events == []


def test_a_line_of_the_teams_own_log_has_the_traces_id(captured_events: Events) -> None:
    sentry_sdk.get_isolation_scope().set_new_propagation_context()
    line = add_trace_id(None, "info", {"event": "told"})
    trace = sentry_sdk.get_isolation_scope().get_active_propagation_context().trace_id
    assert line == {"event": "told", "trace_id": trace}
    with span("in a trace"):
        assert len(add_trace_id(None, "info", {})["trace_id"]) == 32


def test_without_sentry_a_line_has_no_trace() -> None:
    assert add_trace_id(None, "info", {"event": "told"}) == {"event": "told"}


def test_a_record_names_its_file_wherever_the_service_was_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, sentry_settings: SentrySettings
) -> None:
    monkeypatch.chdir(tmp_path)
    init_sentry(sentry_settings)
    with recording() as transport:
        log.warning("here")
        sentry_sdk.flush()
        [[record]] = [batch["items"] for batch in transport.payloads("log")]
    place = record["attributes"]["code.file.path"]["value"]
    assert place == "tests/standard/test_log_records.py"
