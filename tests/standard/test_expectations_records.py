"""More of the SDK's expectations of logging and of its scrubber: see expectations.py."""

import copy
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import sentry_sdk
from fastapi import FastAPI
from sentry_sdk.traces import start_span

from app.observability import SentrySettings, capture_error, install
from app.observability.testing import RecordingTransport

from .expectations import Row, Seen, Table, heed_events, heed_logs, ignore_events, ignore_logs
from .failing_app import Awkward

table = Table("records")
log = logging.getLogger("tests.records")
UNWANTED = "tests.padded"


@pytest.fixture
def sentry_settings(sentry_settings: SentrySettings) -> SentrySettings:
    changes = {"sentry_log_level": "debug", "sentry_traces_sample_rate": 1.0}
    return sentry_settings.model_copy(update=changes)


@pytest.fixture
def seen(sentry_transport: RecordingTransport, sentry_settings: SentrySettings) -> Iterator[Seen]:
    log.setLevel(logging.DEBUG)
    app = FastAPI()
    install(app, sentry_settings)
    yield Seen(app, sentry_transport)
    for name in (UNWANTED, f"{UNWANTED}.*"):
        heed_events(name)
        heed_logs(name)


def logs(seen: Seen) -> list[dict[str, Any]]:
    sentry_sdk.flush()
    items = [item for batch in seen.transport.payloads("log") for item in batch["items"]]
    for item in items:
        item["attributes"] = {n: told["value"] for n, told in item["attributes"].items()}
    return [item for item in items if item["attributes"]["logger.name"].strip() != "asyncio"]


@table.met
def padding_ignores_a_logger_too(seen: Seen) -> None:
    """A logger's name with blanks around is ignored as the one without."""
    ignore_events(UNWANTED)
    logging.getLogger(f"  {UNWANTED} ").error("hi")
    assert seen.events == []


@table.met
def a_pattern_ignores_loggers(seen: Seen) -> None:
    """The pattern `a.*` ignores the loggers below, and no others."""
    ignore_events(f"{UNWANTED}.*")
    logging.getLogger(f"{UNWANTED}.below").error("bye")
    log.error("hi")
    assert seen.event["logentry"]["message"] == "hi"


@table.differs("what the arguments do to a message is no reason to lose it")
def a_log_that_cannot_be_formatted_is_kept(seen: Seen) -> None:
    """A record whose message can't be made leaves no log."""
    log.propagate = False  # pytest's own handler fails for it
    try:
        for arguments in ((Awkward(),), (1, 2)):
            log.warning("password=%s of", *arguments)
    finally:
        log.propagate = True
    assert [item["body"] for item in logs(seen)] == ["password=%s of"] * 2


@table.met
def logs_of_a_logger_can_be_ignored(seen: Seen) -> None:
    """Ignoring a logger's logs stops those, not its events."""
    ignore_logs(UNWANTED)
    logging.getLogger(UNWANTED).error("hi")
    assert logs(seen) == []
    assert seen.event["logentry"]["message"] == "hi"


@table.met
def the_level_is_told(seen: Seen) -> None:
    """A log has its level as text and number; DEBUG is sent where that is wanted."""
    log.debug("fine")
    log.warning("oh")
    told = [
        (item["attributes"]["sentry.severity_text"], item["attributes"]["sentry.severity_number"])
        for item in logs(seen)
    ]
    assert told == [("debug", 5), ("warn", 13)]


@table.met
def an_exception_as_message_is_told(seen: Seen) -> None:
    """An exception as message, or as argument, is an event and a log."""
    log.error(Exception("test exc 1"))
    log.error("error is %s", Exception("test exc 2"))
    assert [event["level"] for event in seen.events] == ["error", "error"]
    assert [event["logentry"]["formatted"] for event in seen.events] == [
        "test exc 1",
        "error is test exc 2",
    ]
    first, second = (item["attributes"] for item in logs(seen))
    assert "sentry.message.template" not in first
    assert second["sentry.message.template"] == "error is %s"
    assert second["sentry.message.parameter.0"] == "Exception('test exc 2')"


@table.met
def arguments_by_name_are_parameters(seen: Seen) -> None:
    """Named arguments are parameters by their names; numbers stay numbers."""
    log.info(
        "%(source)s cost $%(cost).4f, %(tries)i tries", {"source": "a", "cost": 0.5, "tries": 3}
    )
    [item] = logs(seen)
    told = item["attributes"]
    assert item["body"] == "a cost $0.5000, 3 tries"
    names = ("source", "cost", "tries")
    assert [told[f"sentry.message.parameter.{name}"] for name in names] == ["a", 0.5, 3]


@table.met
def structures_among_them_are_text(seen: Seen) -> None:
    """A structure as named argument, or in `extra`, is told as text."""
    value = {"nested": {"data": [1, 2, 3]}}
    log.warning("Processing %(complex)s", {"complex": value}, extra={"more": value, "numeric": 42})
    told = logs(seen)[0]["attributes"]
    assert "nested" in told["sentry.message.parameter.complex"]
    assert "nested" in told["more"] and told["numeric"] == 42


@table.met
def a_log_tells_where_it_is_from(seen: Seen) -> None:
    """A log has release, environment, host, thread, process, file, line and function."""
    log.warning("plain")
    told = logs(seen)[0]["attributes"]
    assert told["sentry.origin"] == "auto.log.stdlib"
    assert told["sentry.environment"] == "test"
    assert told["code.function.name"] == "a_log_tells_where_it_is_from"
    assert isinstance(told["code.line.number"], int) and isinstance(told["process.pid"], int)
    assert {"sentry.release", "server.address", "thread.id", "thread.name"} <= told.keys()


@table.met
def a_file_has_no_folders_of_the_machine(seen: Seen) -> None:
    """The path of a log's file begins below the project's root."""
    log.warning("plain")
    told = logs(seen)[0]["attributes"]
    assert told["code.file.path"] == "tests/standard/test_expectations_records.py"


@table.met
def a_log_belongs_to_its_trace(seen: Seen) -> None:
    """A log within a span has its trace."""
    with start_span("outer") as span:
        log.info("within")
    assert logs(seen)[0]["trace_id"] == span.trace_id


@table.met
def a_template_that_does_not_fit_loses_nothing(seen: Seen) -> None:
    """Arguments that don't fit the template lose neither event nor call."""
    before, logging.raiseExceptions = logging.raiseExceptions, False
    try:
        log.error("%s and %s", "only one")
    finally:
        logging.raiseExceptions = before
    assert seen.event["logentry"]["message"] == "%s and %s"


@table.met
def a_logged_exception_is_its_event(seen: Seen) -> None:
    """`log.exception` is one event: the exception with its frames, and the message."""
    try:
        raise ValueError("cause")
    except ValueError:
        log.exception("could not do %s", "this")
    assert seen.event["exception"]["values"][-1]["value"] == "cause"
    assert seen.event["logentry"]["formatted"] == "could not do this"
    assert seen.event["logger"] == "tests.records"


@table.met
def spans_are_scrubbed(seen: Seen) -> None:
    """A span's data under a secret name is filtered."""
    with start_span("outer") as span:
        span.set_attribute("password", "ohno")
        span.set_attribute("kept", "yes")
    told = seen.transport.spans()[0]["attributes"]
    assert (told["password"], told["kept"]) == ("[Filtered]", "yes")


@table.met
def at_any_depth_and_in_lists(seen: Seen) -> None:
    """Secret names are found at any depth of variables, in lists, too."""
    deep = {"a": [{"b": {"password": "secret-ohno", "kept": 1}}]}
    try:
        raise ValueError(len(deep))
    except ValueError as error:
        capture_error(error)
    shown = seen.event["exception"]["values"][0]["stacktrace"]["frames"][-1]["vars"]["deep"]
    assert shown == {"a": [{"b": {"password": "[Filtered]", "kept": "1"}}]}


@table.met
def the_original_stays_as_it_was(seen: Seen) -> None:
    """Scrubbing changes nothing of what the program gave."""
    own = {"password": "secret-ohno", "deep": [{"api_key": "secret-ohno"}]}
    before = copy.deepcopy(own)
    sentry_sdk.set_context("own", own)
    sentry_sdk.get_isolation_scope().set_extra("own", own)
    log.error("told", extra={"own": own})
    assert own == before and "ohno" not in str(seen.event)


@pytest.mark.parametrize("row", table.rows)
def test_expectation(seen: Seen, row: Row) -> None:
    row(seen)
