"""The SDK's expectations of logging, and of its scrubber: see expectations.py."""

import logging
import warnings
from typing import Any

import pytest
import sentry_sdk
from fastapi import FastAPI

from app.observability import SentrySettings, capture_error, install
from app.observability.testing import RecordingTransport

from .expectations import Row, Seen, Table, ignore_events

table = Table("logs")
log = logging.getLogger("tests.expected")


@pytest.fixture
def sentry_settings(sentry_settings: SentrySettings) -> SentrySettings:
    return sentry_settings.model_copy(update={"sentry_log_level": "warning"})


@pytest.fixture
def seen(sentry_transport: RecordingTransport, sentry_settings: SentrySettings) -> Seen:
    log.setLevel(logging.DEBUG)
    app = FastAPI()
    install(app, sentry_settings)
    return Seen(app, sentry_transport)


def logs(seen: Seen) -> list[dict[str, Any]]:
    sentry_sdk.flush()
    return [item for batch in seen.transport.payloads("log") for item in batch["items"]]


@table.met
def any_logger_works(seen: Seen) -> None:
    """An error of any logger, the root's too, is an event; critical ones are fatal."""
    for logger in (log, logging.getLogger(), logging.getLogger("foo.bar")):
        logger.critical("LOL")
        assert seen.events[-1]["level"] == "fatal"
        assert not seen.events[-1]["logentry"].get("params")
        assert seen.events[-1]["logentry"]["message"] == "LOL"


@table.met
def lower_levels_are_breadcrumbs(seen: Seen) -> None:
    """INFO and above are breadcrumbs with level, category and message; DEBUG is none."""
    log.debug("fine")
    log.info("bread")
    log.warning("crumbs")
    log.critical("LOL")
    crumbs = seen.event["breadcrumbs"]["values"]
    told = [(crumb["level"], crumb["category"], crumb["message"]) for crumb in crumbs]
    assert told == [
        ("info", "tests.expected", "bread"),
        ("warning", "tests.expected", "crumbs"),
    ]
    assert {crumb["type"] for crumb in crumbs} == {"log"}


@table.met
def extra_is_told(seen: Seen) -> None:
    """`extra` is in the breadcrumb's data and the event's extra."""
    log.info("bread", extra={"foo": 42})
    log.critical("LOL", extra={"bar": 69})
    assert seen.event["extra"] == {"bar": 69}
    assert seen.event["breadcrumbs"]["values"][0]["data"] == {"foo": 42}


@table.met
def integer_keys_of_extra_are_text(seen: Seen) -> None:
    """A key of `extra` that is no text becomes one."""
    log.critical("integer in extra keys", extra={1: 1})  # type: ignore[dict-item]
    assert seen.event["extra"] == {"1": 1}


@table.differs("a stack of the logging call says less than its file and line, and costs more")
def a_stack_is_told_on_demand(seen: Seen) -> None:
    """`stack_info=True` adds the stack as a thread."""
    log.error("first", exc_info=True)
    log.error("second", stack_info=True)
    assert "exception" not in seen.events[0]
    assert "Stack (most recent call last)" in seen.events[1]["contexts"]["log"]["stack"]


@table.met
def a_loggers_level_holds(seen: Seen) -> None:
    """What a logger's own level drops is no event."""
    log.setLevel(logging.CRITICAL)
    log.error("hi")
    assert seen.events == []


@table.differs("Sentry knows five levels: a level of one's own counts as the one below it")
def levels_of_ones_own_keep_their_names(seen: Seen) -> None:
    """A level with a name of its own is a breadcrumb of that name."""
    logging.addLevelName(25, "notice")
    log.log(25, "bread")
    log.critical("LOL")
    assert seen.event["breadcrumbs"]["values"][0]["level"] == "info"


@table.met
def filters_hold(seen: Seen) -> None:
    """What a logger's filter drops is no event."""

    class Never(logging.Filter):
        def filter(self, record: logging.LogRecord) -> bool:
            return False

    never = Never()
    log.addFilter(never)
    try:
        log.error("hi")
    finally:
        log.removeFilter(never)
    assert seen.events == []


@table.met
def captured_warnings_are_told(seen: Seen) -> None:
    """With `logging.captureWarnings` a warning is a breadcrumb."""
    logging.captureWarnings(True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("first", stacklevel=1)
    finally:
        logging.captureWarnings(False)
    log.critical("LOL")
    assert "UserWarning: first" in seen.event["breadcrumbs"]["values"][0]["message"]


@table.met
def ignored_loggers_are_silent(seen: Seen) -> None:
    """Ignoring a logger stops events and breadcrumbs of that logger."""
    ignore_events("tests.unwanted")
    logging.getLogger("tests.unwanted").error("hi")
    log.error("told")
    assert "breadcrumbs" not in seen.event or not seen.event["breadcrumbs"]["values"]


@table.met
def ignored_loggers_still_log(seen: Seen) -> None:
    """Ignoring a logger's events does not stop Sentry Logs."""
    ignore_events("tests.unwanted")
    logging.getLogger("tests.unwanted").error("hi")
    assert [item["body"] for item in logs(seen)] == ["hi"]


@table.met
def arguments_by_name_are_interpolated(seen: Seen) -> None:
    """A dictionary as argument fills the template and is told as params."""
    log.error("this is a log with a dictionary %(foo)s", {"foo": "bar"})
    entry = seen.event["logentry"]
    assert entry["message"] == "this is a log with a dictionary %(foo)s"
    assert entry["formatted"] == "this is a log with a dictionary bar"
    assert entry["params"] == {"foo": "bar"}


@table.met
def a_dictionary_among_others_is_told(seen: Seen) -> None:
    """A dictionary without named places is told as data."""
    log.error("this is a log with a dictionary %s and %s", {"foo": "bar"}, 1)
    assert seen.event["logentry"]["params"] == [{"foo": "bar"}, 1]


@table.met
def sentry_logs_have_level_body_template_and_place(seen: Seen) -> None:
    """A log record has severity, body, template, parameters and the place of its call."""
    log.info("not of this level")
    log.warning("this is %s a template %s", "1", "2")
    [item] = logs(seen)
    told = {name: attribute["value"] for name, attribute in item["attributes"].items()}
    assert (item["level"], item["body"]) == ("warn", "this is 1 a template 2")
    assert told["sentry.message.template"] == "this is %s a template %s"
    assert [told[f"sentry.message.parameter.{n}"] for n in (0, 1)] == ["1", "2"]
    assert told["code.file.path"] == "tests/standard/test_expectations_logs.py"
    assert told["logger.name"] == "tests.expected"


@table.met
def sentry_logs_without_arguments_have_no_template(seen: Seen) -> None:
    """Without arguments there is neither template nor parameter."""
    log.warning("plain")
    [item] = logs(seen)
    assert not [name for name in item["attributes"] if name.startswith("sentry.message")]


@table.met
def the_sdks_own_lines_start_no_loop(seen: Seen) -> None:
    """What the SDK logs itself is neither event nor log."""
    logging.getLogger("sentry_sdk.errors").error("about itself")
    assert seen.events == logs(seen) == []


@table.met
def request_data_and_headers_are_scrubbed(seen: Seen) -> None:
    """Secret names in headers, cookies, bodies, lists in bodies, at any depth, are filtered."""
    body = [{"password": "ohno", "deep": [{"api_key": "ohno", "kept": 1}]}]
    headers = {"authorization": "Bearer ohno", "cookie": "sessionid=ohno"}
    request = seen.fails("POST", "/fails", json=body, headers=headers)
    hidden = "[Filtered]"
    assert request["data"] == [{"password": hidden, "deep": [{"api_key": hidden, "kept": 1}]}]
    assert "ohno" not in str(seen.event)


@table.met
def variables_are_scrubbed_and_live_on(seen: Seen) -> None:
    """Secret variables are filtered in the event, not in the program."""
    password, safe = "ohno", {"token": "ohno", "kept": 1}
    capture_error(_raised())
    variables = [
        f.get("vars") for f in seen.event["exception"]["values"][0]["stacktrace"]["frames"]
    ]
    assert variables[-1] == {"password": "[Filtered]", "kept": "1"}
    assert password == safe["token"] == "ohno"


@table.met
def breadcrumbs_extra_and_contexts_are_scrubbed(seen: Seen) -> None:
    """Secret names in breadcrumbs' data and in extra are filtered."""
    log.info("bread", extra={"foo": 42, "password": "secret-ohno"})
    log.critical("LOL", extra={"bar": 69, "auth": "secret-ohno"})
    assert seen.event["extra"] == {"bar": 69, "auth": "[Filtered]"}
    assert seen.event["breadcrumbs"]["values"][0]["data"] == {"foo": 42, "password": "[Filtered]"}


@table.differs("a list can be added to, by SENTRY_SENSITIVE_KEYS, and never be taken from")
def the_list_of_names_can_be_replaced(seen: Seen) -> None:
    """A custom denylist replaces the SDK's."""
    sentry_sdk.set_context("own", {"password": "ohno"})
    log.error("told")
    assert seen.event["contexts"]["own"] == {"password": "[Filtered]"}


@table.differs("addresses are people's, whatever they are needed for")
def addresses_stay_where_personal_data_may_leave(seen: Seen) -> None:
    """With permission for personal data, IP addresses stay."""
    sentry_sdk.set_user({"id": "u1", "ip_address": "203.0.113.7"})
    log.error("told")
    assert seen.event["user"] == {"id": "u1"}


def _raised() -> ValueError:
    try:
        password, kept = "ohno", 1
        raise ValueError(kept if password else 0)
    except ValueError as error:
        return error


@pytest.mark.parametrize("row", table.rows)
def test_expectation(seen: Seen, row: Row) -> None:
    row(seen)
