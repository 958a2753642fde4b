"""What an event says: enough for a developer who was paged, and no more than fits."""

import asyncio
import logging
import pickle
import platform
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi import FastAPI, HTTPException, Request
from fastapi.testclient import TestClient

from app.observability import (
    SentrySettings,
    Severity,
    capture_error,
    capture_message,
    error_scope,
    set_user,
)

from .expectations import ignore_events
from .failing_app import Awkward, Interrupting, failing_app

Events = list[dict[str, Any]]
log = logging.getLogger("tests.events")


@pytest.fixture
def app(captured_events: Events, sentry_settings: SentrySettings) -> FastAPI:
    return failing_app(sentry_settings)


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    return TestClient(app)


def frames(event: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = event["exception"]["values"][-1]["stacktrace"]["frames"]
    return found


def test_a_logged_error_says_what_its_call_said(captured_events: Events) -> None:
    log.error("order %s failed", 17, extra={"order": {"lines": [1, 2]}}, stack_info=True)
    [event] = captured_events
    assert event["logger"] == "tests.events"
    assert event["logentry"]["message"] == "order %s failed"
    assert event["logentry"]["formatted"] == "order 17 failed"
    assert event["logentry"]["params"] == [17]
    assert event["extra"] == {"order": {"lines": [1, 2]}}
    place = event["contexts"]["log"]
    assert place["file"] == "tests/standard/test_events.py"
    assert place["function"] == "test_a_logged_error_says_what_its_call_said"
    assert place["line"] > 1
    assert "Stack (most recent call last)" in place["stack"]


def test_a_logged_exception_says_both(captured_events: Events) -> None:
    try:
        raise LookupError("nobody")
    except LookupError:
        log.exception("order %s failed", 17, extra={"order": 17})
    [event] = captured_events
    assert event["logentry"]["formatted"] == "order 17 failed"
    assert event["extra"] == {"order": 17}
    assert event["exception"]["values"][-1]["type"] == "LookupError"


def test_an_ignored_logger_is_silent(captured_events: Events) -> None:
    ignore_events("tests.ignored")
    logging.getLogger("tests.ignored").error("nobody wants this")
    assert captured_events == []


def test_log_handlers_may_change_at_any_time(captured_events: Events) -> None:
    root = logging.getLogger()
    before, root.handlers = root.handlers, []
    try:
        log.error("heard")
    finally:
        root.handlers = before
    assert len(captured_events) == 1


def test_the_standards_own_log_lines_are_not_told(captured_events: Events) -> None:
    for name in ("app.observability", "app.observability.request.middleware", "sentry_sdk.errors"):
        logging.getLogger(name).error("about Sentry itself")
    capture_message("after")
    [event] = captured_events
    assert not event.get("breadcrumbs", {}).get("values")


def test_an_error_is_not_its_own_breadcrumb(client: TestClient, captured_events: Events) -> None:
    log.info("before")
    client.get("/logs_before_it_fails")
    [event] = captured_events
    crumbs = [crumb["message"] for crumb in event["breadcrumbs"]["values"]]
    assert crumbs == ["about to fail"]
    log.error("only this")
    assert "only this" not in str(captured_events[-1].get("breadcrumbs"))
    client.get("/only_logs")  # which is told at its answer
    assert captured_events[-1]["logentry"]["params"] == ["work"]
    assert "all is lost" not in str(captured_events[-1].get("breadcrumbs"))


def test_breadcrumbs_are_the_newest_that_fit(
    captured_events: Events, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for number in range(100):
        log.info("%s %s", number, "x" * 5000)
    capture_message("after")
    crumbs = captured_events[0]["breadcrumbs"]["values"]
    assert crumbs[-1]["message"].startswith("99 xxx")
    assert 10 < len(crumbs) < 100
    assert sum(len(crumb["message"]) for crumb in crumbs) < 30_000


def test_python_and_the_request_are_told(client: TestClient, captured_events: Events) -> None:
    headers = {"x-request-id": "7f3", "x-custom": "no", "authorization": "no"}
    client.get("/async?page=2&sort=name", headers=headers)
    [event] = captured_events
    assert event["contexts"]["runtime"]["version"] == platform.python_version()
    assert event["request"]["headers"]["x-request-id"] == "7f3"
    assert not {"x-custom", "authorization"} & set(event["request"]["headers"])
    assert event["request"]["query_string"] == "page=2&sort=name"


def test_a_long_body_says_why_it_is_cut(app: FastAPI, captured_events: Events) -> None:
    @app.post("/takes")
    async def takes(body: dict[str, str]) -> None:
        raise RuntimeError

    TestClient(app).post("/takes", json={"lorem": "ipsum " * 20_000})
    [event] = captured_events
    assert event["request"]["data"].startswith('(the first 65536 of 120012 bytes) {"lorem":"ipsum')


def test_answered_failures_are_grouped_by_method_and_route(
    app: FastAPI, client: TestClient, captured_events: Events
) -> None:
    app.post("/answers_500")(lambda: Any)
    client.get("/answers_500")
    [event] = captured_events
    assert event["fingerprint"] == ["ion-answered", "GET", "/answers_500", "500"]


def test_frames_begin_with_the_services_own(client: TestClient, captured_events: Events) -> None:
    client.get("/async")
    [event] = captured_events
    assert [frame["function"] for frame in frames(event)] == ["middleware", "boom_later", "boom"]
    assert all("abs_path" not in frame for frame in frames(event))


def test_a_nested_class_has_source_and_variables(
    client: TestClient, captured_events: Events
) -> None:
    client.get("/nested_class")
    [event] = captured_events
    assert event["exception"]["values"][-1]["type"] == "Model.DoesNotExist"
    assert frames(event)[-1]["context_line"] == "    raise Model.DoesNotExist"


def test_a_recursion_keeps_its_ends(captured_events: Events) -> None:
    def deeper(number: int) -> None:
        text = "x" * 600
        deeper(number + 1)
        assert text

    try:
        deeper(0)
    except RecursionError as error:
        capture_error(error)
    [event] = captured_events
    assert len(frames(event)) == 100
    assert frames(event)[0]["function"] == "test_a_recursion_keeps_its_ends"
    assert "vars" in frames(event)[-1] and "vars" not in frames(event)[1]
    assert len(str(event)) < 100_000


def test_the_chain_says_how_its_errors_hang_together(captured_events: Events) -> None:
    try:
        try:
            raise KeyError("inner")
        except KeyError as inner:
            raise ExceptionGroup("both", [ValueError("a"), OSError("b")]) from inner
    except ExceptionGroup as error:
        capture_error(error)
    [event] = captured_events
    *others, last = event["exception"]["values"]
    assert last["mechanism"] == {
        "type": "ion",
        "handled": True,
        "exception_id": 0,
        "is_exception_group": True,
    }
    told = {(v["type"], v["mechanism"]["source"], v["mechanism"]["parent_id"]) for v in others}
    assert told == {
        ("KeyError", "__cause__", 0),
        ("ValueError", "exceptions[0]", 0),
        ("OSError", "exceptions[1]", 0),
    }


def test_every_members_scope_is_told(captured_events: Events) -> None:
    def member(name: str) -> Exception:
        try:
            with error_scope(tags={name: "yes"}):
                raise ValueError(name)
        except ValueError as error:
            return error

    capture_error(ExceptionGroup("both", [member("first"), member("second")]))
    [event] = captured_events
    assert {"first": "yes", "second": "yes"}.items() <= event["tags"].items()


class Row:
    """Counts how often it is looked at."""

    shown = 0

    def __repr__(self) -> str:
        Row.shown += 1
        return f"<row {Row.shown}>"


@dataclass
class Table:
    rows: list[Row]


def test_no_more_of_a_variable_is_read_than_is_shown(captured_events: Events) -> None:
    table = Table([Row() for _ in range(10_000)])
    nested: Any = []
    for _ in range(30):
        nested = [nested, nested]
    try:
        raise ValueError
    except ValueError as error:
        capture_error(error, contexts={"table": {"rows": table.rows, "nested": nested}})
    [event] = captured_events
    assert frames(event)[-1]["vars"]["table"].startswith("Table(rows=[<row ")
    assert Row.shown < 500
    assert len(str(event)) < 100_000


EVIL = Awkward()


def test_nothing_that_a_teams_objects_do_is_their_callers_trouble(
    captured_events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    evil, quiet = EVIL, logging.getLogger("tests.quiet")
    quiet.setLevel(logging.INFO)
    # A handler would raise, not the standard.
    monkeypatch.setattr(quiet, "propagate", False)
    monkeypatch.setattr(quiet, "handlers", [])
    tags: Any = {"evil": evil, evil: "name"}
    contexts: Any = {"evil": {"in": evil}, "none": None, "list": [1]}
    with error_scope(tags=tags, contexts=contexts):
        capture_error(ValueError(evil), tags=tags)
        capture_error(evil)
        quiet.error("%s and %s", evil, "more", extra={"evil": evil})
        quiet.error("%d", "no number")
        quiet.info("crumb %s", evil)
        capture_message(evil)  # type: ignore[arg-type]
        capture_error("no error")  # type: ignore[arg-type]
    assert len(captured_events) == 5
    assert evil.args == ()


@pytest.mark.parametrize(
    "raised", [asyncio.CancelledError, GeneratorExit, KeyboardInterrupt, SystemExit]
)
def test_nor_is_what_interrupts(captured_events: Events, raised: type[BaseException]) -> None:
    job = Interrupting(raised)
    told = f"<Interrupting: {raised.__name__}>"
    try:
        raise ValueError(job)
    except ValueError as error:
        capture_error(error)
    log.error("failed", extra={"job": job})
    captured, logged = captured_events
    assert captured["exception"]["values"][-1]["value"] == f"<ValueError: {raised.__name__}>"
    assert frames(captured)[-1]["vars"]["job"] == told
    assert logged["extra"] == {"job": told}


def test_nor_is_a_context_that_does(captured_events: Events) -> None:
    class Job:
        def __getattr__(self, name: str) -> object:
            raise asyncio.CancelledError

    job: Any = Job()
    with error_scope(contexts={"job": job}):
        capture_error(ValueError(), contexts={"job": job})
    assert len(captured_events) == 1


def test_it_costs_no_request_its_answer(
    captured_events: Events, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    job: Any = Interrupting()

    @app.get("/logs_it")
    async def logs_it() -> None:
        logging.getLogger("tests.events").warning("begun", extra={"job": job})

    @app.get("/refuses_it")
    async def refuses_it() -> None:
        raise HTTPException(500, job)

    @app.get("/holds_it")
    async def holds_it() -> None:
        held = job
        raise ValueError(held)

    class ShowsVariables(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            repr(job)

    monkeypatch.setattr(logging.getLogger("app.observability"), "handlers", [ShowsVariables()])
    client = TestClient(app)
    assert client.get("/logs_it").status_code == 200
    assert captured_events == []
    for path in ("/refuses_it", "/holds_it"):
        assert client.get(path).json()["event_id"] == captured_events[-1]["event_id"]


def test_a_severity_that_raises_is_the_usual_one(captured_events: Events) -> None:
    capture_error(EVIL)
    assert captured_events[0]["tags"]["priority"] == "P2"


def test_a_reported_exception_is_as_it_was(captured_events: Events) -> None:
    error = ValueError("x")
    with pytest.raises(ValueError), error_scope(contexts={"holds": {"a function": lambda: 1}}):
        raise error
    capture_error(error)
    assert error.__dict__ == {}
    assert pickle.loads(pickle.dumps(error)).args == ("x",)


def test_what_a_scope_said_of_one_is_not_said_of_another(captured_events: Events) -> None:
    shared = RuntimeError("a module's only instance")
    for name in ("alice", "bob", None):
        try:
            if name is None:
                raise shared
            with error_scope(user={"id": name}, tags={"who": name}):
                raise shared
        except RuntimeError:
            log.info("swallowed")
    with pytest.raises(RuntimeError), error_scope(user={"id": "carol"}):
        raise shared
    capture_error(shared)
    [event] = captured_events
    assert event["user"] == {"id": "carol"}
    assert "who" not in event["tags"]


def test_nor_is_it_in_a_task(captured_events: Events) -> None:
    shared = RuntimeError("a module's only instance")

    async def main() -> None:
        for name in ("alice", "bob"):
            with suppress(RuntimeError), error_scope(tags={name: "yes"}):
                raise shared

    asyncio.run(main())
    capture_error(shared)
    assert captured_events[0]["tags"] == {"bob": "yes", "priority": "P2"}


def test_a_scope_decorates_functions(captured_events: Events, client: TestClient) -> None:
    @error_scope(severity=Severity.P1, tags={"how": "decorated"})
    async def fails() -> None:
        raise ValueError

    app: Any = client.app
    app.get("/decorated")(fails)
    client.get("/decorated")
    client.get("/async")
    first, second = captured_events
    assert (first["tags"]["how"], first["level"]) == ("decorated", "fatal")
    assert "how" not in second["tags"]

    def generator() -> Iterator[int]:
        yield 1

    async def async_generator() -> AsyncIterator[int]:
        yield 1

    for wrong in (generator, async_generator):
        with pytest.raises(TypeError, match="generator"):
            error_scope()(wrong)


def test_an_explicit_severity_is_not_its_causes(captured_events: Events) -> None:
    class Important(Exception):
        severity = Severity.P1

    class Minor(Exception):
        severity = Severity.P2

    error = Minor()
    error.__cause__ = Important()
    capture_error(error)
    assert captured_events[0]["tags"]["priority"] == "P2"


def test_the_user_of_a_request_is_of_no_other(
    app: FastAPI, client: TestClient, captured_events: Events
) -> None:
    @app.get("/of/{user}")
    async def of(user: str) -> None:
        set_user(user)
        raise ValueError

    client.get("/of/u1")
    client.get("/async")
    first, second = captured_events
    assert first["user"] == {"id": "u1"}
    assert "user" not in second


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data; boundary=x", b"--x\r\n\r\n" * 9_000),
        ("application/x-www-form-urlencoded", b"a&" * 30_000),
        ("application/json", b"[" * 60_000),
        ("application/json", b"1" * 60_000),
    ],
)
def test_a_body_that_is_too_much_is_not_taken_apart(
    app: FastAPI, captured_events: Events, content_type: str, body: bytes
) -> None:
    @app.post("/takes")
    async def takes(request: Request) -> None:
        await request.body()
        raise RuntimeError

    TestClient(app).post("/takes", content=body, headers={"content-type": content_type})
    [event] = captured_events
    assert isinstance(event["request"]["data"], str)
