"""How bad an error is: the policy, and what goes before it."""

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI, HTTPException
from fastapi.testclient import TestClient

from app.observability import (
    SentrySettings,
    Severity,
    capture_error,
    ignore_exception,
    install,
    set_severity,
)
from app.observability.errors.severity import POLICY

from .failing_app import Awkward

Events = list[dict[str, Any]]


class Important(Exception):
    severity = Severity.P1


@pytest.fixture(autouse=True)
def policy() -> Iterator[None]:
    before = dict(POLICY)
    yield
    POLICY.clear()
    POLICY.update(before)


def priority(error: BaseException, events: Events) -> str | None:
    capture_error(error)
    return str(events[-1]["tags"]["priority"]) if events else None


def test_a_class_holds_for_what_is_derived_from_it(captured_events: Events) -> None:
    set_severity(OSError, Severity.P1)
    assert priority(FileNotFoundError(), captured_events) == "P1"


def test_the_nearest_class_decides(captured_events: Events) -> None:
    set_severity(OSError, Severity.P1)
    set_severity(FileNotFoundError, Severity.P4)
    assert priority(FileNotFoundError(), captured_events) == "P4"


def test_what_is_derived_from_an_ignored_class_is_ignored(captured_events: Events) -> None:
    ignore_exception(LookupError)
    assert priority(KeyError(), captured_events) is None


def test_a_function_that_has_nothing_to_say_leaves_it_to_the_next(captured_events: Events) -> None:
    set_severity(OSError, Severity.P3)
    set_severity(FileNotFoundError, lambda error: Severity.P1 if error.args else None)
    assert priority(FileNotFoundError("gone"), captured_events) == "P1"
    assert priority(FileNotFoundError(), captured_events) == "P3"


def test_an_error_takes_the_severity_of_its_cause(captured_events: Events) -> None:
    error = RuntimeError()
    error.__cause__ = Important()
    assert priority(error, captured_events) == "P1"


@pytest.mark.parametrize("severity", Severity)
def test_what_its_class_was_given_goes_before_its_cause(
    captured_events: Events, severity: Severity
) -> None:
    set_severity(LookupError, severity)
    error = KeyError()
    error.__cause__ = Important()
    assert priority(error, captured_events) == severity.name


def test_a_group_is_as_bad_as_its_worst_member(captured_events: Events) -> None:
    group = ExceptionGroup("all", [ValueError(), Important(), HTTPException(404)])
    assert priority(group, captured_events) == "P1"


class Batch(ExceptionGroup[Exception]):
    pass


class Down(Batch):
    severity = Severity.P1


def test_what_is_said_of_a_groups_own_class_goes_before_its_members(
    captured_events: Events,
) -> None:
    assert priority(Down("all", [HTTPException(404)]), captured_events) == "P1"
    set_severity(Batch, Severity.P3)
    assert priority(Batch("all", [Important()]), captured_events) == "P3"
    ignore_exception(Batch)
    assert capture_error(Batch("all", [Important()])) is None
    assert len(captured_events) == 2


def test_what_is_said_of_all_exceptions_goes_behind_its_members(captured_events: Events) -> None:
    set_severity(Exception, Severity.P3)
    set_severity(BaseException, Severity.P4)
    assert priority(ExceptionGroup("all", [ValueError()]), captured_events) == "P3"
    assert priority(ExceptionGroup("all", [ValueError(), Important()]), captured_events) == "P1"


def test_members_of_a_cause_do_not_count(captured_events: Events) -> None:
    error = RuntimeError()
    error.__cause__ = ExceptionGroup("all", [Important()])
    assert priority(error, captured_events) == "P2"


def test_a_group_of_nothing_but_refusals_is_none(
    captured_events: Events, sentry_settings: SentrySettings, caplog: pytest.LogCaptureFixture
) -> None:
    group = ExceptionGroup("all", [HTTPException(404), HTTPException(403)])
    assert capture_error(group) is None
    assert not caplog.records
    app = FastAPI()
    install(app, sentry_settings)

    @app.get("/refuses")
    async def refuses() -> None:
        raise group

    assert TestClient(app).get("/refuses").status_code == 500
    assert captured_events == []


def test_a_severity_that_cannot_be_told_is_logged(
    captured_events: Events, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    assert priority(Awkward(), captured_events) == "P2"
    told = "The severity of Awkward can't be told: no severity"
    assert told in {record.getMessage() for record in caplog.records}


def test_a_severity_that_interrupts_is_the_usual_one(captured_events: Events) -> None:
    class Interrupted(Exception):
        @property
        def severity(self) -> Severity:
            raise asyncio.CancelledError

    assert priority(Interrupted(), captured_events) == "P2"
