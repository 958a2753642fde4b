"""Log messages and their arguments, what a team adds, and what fails."""

from typing import Any

import pytest

from app.observability.scrubbing import FILTERED
from app.observability.scrubbing.walk import Walk

from .scrubbing_rules import (
    CARD,
    EMAIL,
    LEAK,
    NO_SECRETS,
    SCRUBBED,
    SCRUBBER,
    SECRETS,
    Rules,
    event,
    planted,
)

# --- Log messages and their arguments -------------------------------------------------------------

ARGUMENTS = pytest.mark.parametrize(
    ("template", "arguments", "scrubbed", "shown"),
    [
        ("%s: password %s", ("a", "x y"), ["a", FILTERED], "a: password [Filtered]"),
        ("password=%r for %s", ("it's", "a"), [FILTERED, "a"], "password=[Filtered] for a"),
        ("password is %s", ("x y",), [FILTERED], "password is [Filtered]"),
        ("password was %s", ("x y",), [FILTERED], "password was [Filtered]"),
        ("api key %s", ("x y",), [FILTERED], "api key [Filtered]"),
        ("password reset for %s", ("x y",), ["x y"], "password reset for x y"),
        ("100%% token %-5s.", ("x y",), [FILTERED], "100% token [Filtered]."),
        ("code %d, otp %d", (5, 123456), [5, FILTERED], "code 5, otp [Filtered]"),
        ("pw %s, pw %s", ("x y", "x y z"), [FILTERED, FILTERED], "pw [Filtered], pw [Filtered]"),
        ("pw %s and %s", ("x y", "x y z"), [FILTERED, "x y z"], "pw [Filtered] and x y z"),
        ("pw %s or %r", ("x\ny", "x\ny"), [FILTERED, "x\ny"], "pw [Filtered] or 'x\\ny'"),
        ("pw %s", (None,), [None], "pw None"),
        ("to %s", (LEAK,), [SCRUBBED], f"to {SCRUBBED}"),
    ],
)


@ARGUMENTS
def test_arguments_in_events(
    template: str, arguments: tuple[Any, ...], scrubbed: list[Any], shown: str
) -> None:
    entry = {"message": template, "formatted": template % arguments, "params": list(arguments)}
    entry = event({"logentry": entry})["logentry"]
    assert (entry["formatted"], entry["params"]) == (shown, scrubbed)


@ARGUMENTS
def test_arguments_in_breadcrumbs(
    template: str, arguments: tuple[Any, ...], scrubbed: list[Any], shown: str
) -> None:
    message = SCRUBBER.scrubber.log_message(template, arguments)
    crumb = {"category": "a", "message": message}
    assert SCRUBBER.breadcrumb(crumb) == {"category": "a", "message": shown}


@ARGUMENTS
def test_arguments_in_logs(
    template: str, arguments: tuple[Any, ...], scrubbed: list[Any], shown: str
) -> None:
    named = {f"sentry.message.parameter.{index}": item for index, item in enumerate(arguments)}
    attributes = {"sentry.message.template": template, **named, **SECRETS}
    log = SCRUBBER.log({"body": template % arguments, "attributes": attributes})
    assert log["body"] == shown
    assert [log["attributes"][name] for name in named] == scrubbed
    assert NO_SECRETS.items() <= log["attributes"].items()


def test_arguments_with_names() -> None:
    template, arguments = "%(who)s, %(pw)s", {"who": "bob", "pw": "x y"}
    entry = {"message": template, "formatted": "bob, x y", "params": arguments}
    assert event({"logentry": entry})["logentry"] == {
        "message": template,
        "formatted": "bob, [Filtered]",
        "params": {"who": "bob", "pw": FILTERED},
    }
    named = {f"sentry.message.parameter.{name}": item for name, item in arguments.items()}
    log = {"body": "bob, x y", "attributes": {"sentry.message.template": template, **named}}
    assert SCRUBBER.log(log)["body"] == "bob, [Filtered]"


def test_message_of_a_log_without_arguments() -> None:
    assert SCRUBBER.log({"body": LEAK, "attributes": {}})["body"] == SCRUBBED


def test_metrics() -> None:
    metric = {"name": f"a.{EMAIL}", "type": "counter", "value": 1, "attributes": SECRETS}
    scrubbed = {"name": FILTERED, "type": "counter", "value": 1, "attributes": NO_SECRETS}
    assert SCRUBBER.metric(metric) == scrubbed


@pytest.mark.parametrize("name", ["level", "span_id", "trace_id", "type", "unit", "value"])
def test_what_the_sdk_says_of_logs_and_metrics_is_kept(name: str) -> None:
    assert SCRUBBER.log({name: CARD}) == SCRUBBER.metric({name: CARD}) == {name: CARD}


# --- What a team adds, and what fails -------------------------------------------------------------


def test_scrubbers_of_the_service() -> None:
    line = planted("stacktrace/frames/0/context_line", "the mentor Kim", lineno=1)
    assert event(line) == line
    own = [lambda text: text.replace("Kim", FILTERED), lambda text: text.replace("Lee", FILTERED)]
    rules = Rules(own=own)
    for scrub in (rules.text, rules.url, rules.query, rules.sql, rules.source):
        assert scrub("Kim") == scrub("Lee") == FILTERED
    assert rules.value({"mentor Kim": "mentor Lee"}) == {"mentor [Filtered]": "mentor [Filtered]"}
    assert rules.event(line) != line


def test_a_failing_scrubber_of_the_service() -> None:
    scrubber = Rules(own=[lambda text: text if "good" in text else str(1 / 0)])
    before = {"message": "bad", "extra": {"good": ["good", "bad"]}, "level": "error"}
    after = {"message": FILTERED, "extra": {"good": ["good", FILTERED]}, "level": "error"}
    assert scrubber.event(before) == after


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The walk fails at what is called `bad`, as a bug would."""
    walk = Walk.value

    def value(self: Walk, value: Any, key: str = "", depth: int = 0) -> Any:
        if key == "bad" or value == "bad":
            raise RuntimeError
        return walk(self, value, key, depth)

    monkeypatch.setattr(Walk, "value", value)


@pytest.mark.parametrize(
    ("path", "leaf"),
    [
        ("bad", {"a": 1}),
        ("contexts/bad", {"a": 1}),
        ("exception/values/0/bad", [1]),
        ("exception/values/0/stacktrace/frames/0/vars", "bad"),
        ("breadcrumbs/values/0/bad", 1),
        ("contexts/trace/bad", {}),
        ("request/bad", {}),
        ("logentry/bad", {}),
    ],
)
def test_what_fails_is_dropped_alone(failing: None, path: str, leaf: Any) -> None:
    before = planted(path, leaf, type="kept")
    *parents, name = path.split("/")
    scrubbed = event(before)
    part: Any = scrubbed
    for parent in parents:
        part = part[0] if parent == "0" else part[parent]
    assert part == ({"type": "kept", name: FILTERED} if leaf == "bad" else {"type": "kept"})


def test_what_fails_in_telemetry_is_dropped_alone(failing: None) -> None:
    crumb, log = {"message": "a", "bad": 1}, {"body": "a", "bad": "a"}
    assert SCRUBBER.breadcrumb(crumb) == {"message": "a"}
    assert SCRUBBER.log(log) == {"body": "a", "bad": FILTERED}
    assert SCRUBBER.metric({"name": "a", "bad": 1}) == {"name": "a"}
