import json
import logging
from typing import Any

import pytest
import structlog

from app.logs import configure_logging
from app.settings import Settings

log = structlog.get_logger("tests.logs")
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def in_production() -> None:
    configure_logging(Settings(environment="production"))


def written(capsys: Capture) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_structlog_writes_what_logging_writes(capsys: Capture) -> None:
    configure_logging(Settings(environment="production"))
    log.error("no room for %s", "Ada", room=17)
    logging.getLogger("tests.logs").error("no room for %s", "Ada", extra={"room": 17})
    ours, theirs = ({**line, "timestamp": ""} for line in written(capsys))
    assert ours == theirs
    assert ours["event"] == "no room for Ada"
    assert (ours["level"], ours["logger"], ours["room"]) == ("error", "tests.logs", 17)


def test_an_exception_is_written(capsys: Capture) -> None:
    configure_logging(Settings(environment="production"))
    try:
        raise KeyError("stranger")
    except KeyError:
        log.exception("no mentor", persona="stranger")
    [line] = written(capsys)
    assert (line["event"], line["persona"]) == ("no mentor", "stranger")
    assert line["exception"][0]["exc_type"] == "KeyError"


def test_any_name_is_a_fact(capsys: Capture) -> None:
    configure_logging(Settings(environment="production"))
    log.bind(name="Ada").warning("moved", args=1, message="hi", lineno=2, msg=3, asctime=4)
    log.info(room=17)
    named, nameless = written(capsys)
    assert (named["event"], named["logger"], named["level"]) == ("moved", "tests.logs", "warning")
    assert (named["name_"], named["args_"], named["message_"]) == ("Ada", 1, "hi")
    assert (nameless["event"], nameless["room"]) == ("", 17)


def test_a_record_knows_where_it_was_made(
    in_production: None, caplog: pytest.LogCaptureFixture
) -> None:
    log.error("no room for %s", "Ada", room=17)
    [record] = caplog.records
    assert (record.msg, record.args, vars(record)["room"]) == ("no room for %s", ("Ada",), 17)
    assert (record.module, record.funcName) == (
        "test_logs",
        "test_a_record_knows_where_it_was_made",
    )


def test_an_error_is_reported(in_production: None, captured_events: list[dict[str, Any]]) -> None:
    log.error("no room for %s", "Ada")
    [event] = captured_events
    assert event["logentry"]["formatted"] == "no room for Ada"


def test_facts_are_shown_while_you_develop(capsys: Capture) -> None:
    configure_logging(Settings(environment="local"))
    log.error("no room", room=17)
    [line] = capsys.readouterr().out.splitlines()
    assert "no room" in line and "room=17" in line


@pytest.mark.parametrize("level", ["warning", "WARNING", "Warning"])
def test_the_level_in_either_case(
    level: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("LOG_LEVEL", level)
    monkeypatch.setenv("SENTRY_LOG_LEVEL", level)
    settings = Settings.load()
    configure_logging(settings)
    log.info("not shown")
    log.warning("shown")
    [line] = capsys.readouterr().out.splitlines()
    assert "not shown" not in line
    assert (settings.log_level, settings.sentry_log_level) == ("WARNING", "warning")
