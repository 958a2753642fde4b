"""Every body that Sentry takes and that then is a wrong alert is refused before it is sent."""

import copy
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from demo.sentry_api import SentryApi
from ion_sentry.monitoring.bodies import Ids, bodies
from ion_sentry.monitoring.rules import Kind, Owner, problems
from ion_sentry.monitoring.service import read_service
from ion_sentry.monitoring.watch import Severity, load
from tests.conftest import Generate
from tests.monitoring.conftest import ANSWERS, Monitoring

Json = dict[str, Any]
Case = tuple[str, Callable[[Json], Any], str]


def source(body: Json) -> Json:
    found: Json = body["data_sources"][0]
    return found


def limits(body: Json) -> Any:
    return body["condition_group"]["conditions"]


def action(body: Json, number: int = 0) -> Json:
    found: Json = body["action_filters"][0]["actions"][number]
    return found


def widget(body: Json, number: int = 0) -> Json:
    found: Json = body["widgets"][number]
    return found


def query(body: Json, number: int = 0) -> Json:
    found: Json = widget(body, number)["queries"][0]
    return found


def rename(body: Json, old: str, new: str) -> None:
    body[new] = body.pop(old)


def compare(body: Json, number: float) -> None:
    for condition in limits(body):
        condition["comparison"] = number


def unfilter(body: Json, status: str) -> None:
    source(body)["query"] = source(body)["query"].replace(f"{status},", "")


RATE, P95 = "monitor/error rate", "monitor/p95 regression"
RELEASE, NEW = "alert/errors after a release", "alert/new issue"
ISSUES, SPEED = "dashboard/Issues", "dashboard/Performance"
# Which good body, what is made of it, and what the line has to say.
WRONG: dict[str, Case] = {
    "dataset transactions": (
        RATE,
        lambda b: source(b).update(dataset="transactions"),
        "dataset should be 'events', 'events_analytics_platform' or 'metrics', not 'transactions'",
    ),
    "no aggregate": (RATE, lambda b: source(b).pop("aggregate"), "should be a function, like fail"),
    "an aggregate that is none": (
        RATE,
        lambda b: source(b).update(aggregate="failure_rate"),
        "aggregate should be a function, like failure_rate()",
    ),
    "no resolve condition": (RATE, lambda b: limits(b).pop(), "at least 2 item"),
    "two alarms, no resolve condition": (
        RATE,
        lambda b: limits(b)[1].update(condition_result=50),
        "one with condition_result 0 that resolves, gt 0.05",
    ),
    "a resolve condition that never comes": (
        RATE,
        lambda b: limits(b)[1].update(comparison=0.01),
        "one with condition_result 0 that resolves, lte 0.05",
    ),
    "four conditions": (RATE, lambda b: limits(b).extend(limits(b)[:2]), "at most 3 items"),
    "a rate in percent": (
        RATE,
        lambda b: compare(b, 5),
        "comparison should be a fraction, not 5: 0.05 is 5 %",
    ),
    "threshold 10 for a regression of 10 %": (
        P95,
        lambda b: compare(b, 10),
        "comparison should be percent of what it was, so not 10: 110 is 10 % more",
    ),
    "threshold 1.1 for a regression of 10 %": (P95, lambda b: compare(b, 1.1), "not 1.1: 110 is"),
    "no baseline": (
        P95,
        lambda b: b["config"].pop("comparison_delta"),
        "config comparison_delta should be there for percent",
    ),
    "a baseline of 168 hours": (
        P95,
        lambda b: b["config"].update(comparison_delta=168),
        "config.comparison_delta should be 300, 900, 3600, 86400, 604800 or 2592000, not 168",
    ),
    "a baseline for a fixed threshold": (
        RATE,
        lambda b: b["config"].update(comparison_delta=604800),
        "comparison_delta should be there for percent, and only for it",
    ),
    "a window below 300 seconds": (
        RATE,
        lambda b: source(b).update(time_window=60),
        "time_window should be 300 seconds or more",
    ),
    "a window in minutes": (RATE, lambda b: source(b).update(time_window=5), "time_window"),
    "release:latest in a monitor": (
        RATE,
        lambda b: source(b).update(query=source(b)["query"] + " release:latest"),
        "query should be without release:latest",
    ),
    "404s counted as failures": (
        RATE,
        lambda b: unfilter(b, "not_found"),
        "the client's own mistakes, or they count as failures: not_found",
    ),
    "all statuses counted": (
        RATE,
        lambda b: source(b).update(query="is_transaction:true"),
        "or they count as failures: already_exists, failed_precondition, invalid_argument",
    ),
    "failure rate of error events": (
        RATE,
        lambda b: source(b).update(dataset="events", query_type=0, event_types=["error"]),
        "dataset should be 'events_analytics_platform'",
    ),
    "query type of another dataset": (
        RATE,
        lambda b: source(b).update(query_type=0),
        "query_type should be 1 for this dataset",
    ),
    "a monitor of another environment": (
        RATE,
        lambda b: source(b).update(environment="prod"),
        "environment should be this service's: 'production', not 'prod'",
    ),
    "a monitor of another team": (
        RATE,
        lambda b: b.update(owner="team:1"),
        "owner should be this service's: 'team:4567', not 'team:1'",
    ),
    "a monitor that is off": (RATE, lambda b: b.update(enabled=False), "enabled should be True"),
    "camelCase in a monitor": (
        RATE,
        lambda b: rename(source(b), "time_window", "timeWindow"),
        "timeWindow should not be there: names are in snake_case",
    ),
    "camelCase at the top": (
        RATE,
        lambda b: rename(b, "condition_group", "conditionGroup"),
        "condition_group should be there",
    ),
    "an unknown action": (
        RELEASE,
        lambda b: action(b).update(type="sms"),
        "type should be one of 'slack', 'email', not 'sms'",
    ),
    "Slack without a channel": (
        RELEASE,
        lambda b: action(b)["config"].update(target_display=""),
        "target_display should be the name of a Slack channel, without #, not ''",
    ),
    "Slack with the channel left out": (
        RELEASE,
        lambda b: action(b)["config"].pop("target_display"),
        "target_display should be the name of a Slack channel",
    ),
    "Slack with a #": (
        RELEASE,
        lambda b: action(b)["config"].update(target_display="#alerts"),
        "without #, not '#alerts'",
    ),
    "Slack with the channel where its number goes": (
        RELEASE,
        lambda b: action(b)["config"].update(target_identifier="alerts"),
        "target_identifier should be ''",
    ),
    "Slack without a workspace": (
        RELEASE,
        lambda b: action(b).update(integration_id=None),
        "integration_id should be a valid string",
    ),
    "an e-mail to a bare address": (
        NEW,
        lambda b: action(b)["config"].update(target_identifier="me@example.org"),
        "target_identifier should be the number of a team, not 'me@example.org'",
    ),
    "an e-mail to a team's slug": (
        NEW,
        lambda b: action(b)["config"].update(target_identifier="ion"),
        "should be the number of a team",
    ),
    "an alert for nobody": (
        NEW,
        lambda b: b["action_filters"][0].update(actions=[]),
        "actions should have at least 1 item",
    ),
    "an alert without a trigger": (
        NEW,
        lambda b: b["triggers"].update(conditions=[]),
        "triggers.conditions should have at least 1 item",
    ),
    "an unknown trigger": (
        NEW,
        lambda b: b["triggers"]["conditions"][0].update(type="new_issue"),
        "should be 'first_seen_event', 'regression_event' or 'reappeared_event', not 'new_issue'",
    ),
    "an alert of no monitor": (NEW, lambda b: b.update(detector_ids=[]), "at least 1 item"),
    "an alert of another environment": (
        NEW,
        lambda b: b.update(environment="staging"),
        "environment should be this service's: 'production'",
    ),
    "an alert of all environments": (NEW, lambda b: b.update(environment=None), "environment"),
    "a frequency in seconds": (
        NEW,
        lambda b: b["config"].update(frequency=3600),
        "config.frequency should be 0, 5, 10, 30, 60, 180, 720 or 1440, not 3600",
    ),
    "a level's name": (
        RELEASE,
        lambda b: b["action_filters"][0]["conditions"][1]["comparison"].update(level="fatal"),
        "level should be 50, 40, 30 or 20, not 'fatal'",
    ),
    "a level of syslog": (
        RELEASE,
        lambda b: b["action_filters"][0]["conditions"][1]["comparison"].update(level=4),
        "level should be 50, 40, 30 or 20, not 4",
    ),
    "a grouped widget without limit": (
        ISSUES,
        lambda b: widget(b).pop("limit"),
        "widgets.0 limit should be there, as it groups by columns",
    ),
    "query for conditions": (
        ISSUES,
        lambda b: rename(query(b), "conditions", "query"),
        "a widget's query is conditions",
    ),
    "widget of discover": (
        SPEED,
        lambda b: widget(b).update(widget_type="discover"),
        "should be 'issue', 'error-events', 'spans', 'logs', 'tracemetrics' or 'metrics', not",
    ),
    "widget of transactions": (
        SPEED,
        lambda b: widget(b).update(widget_type="transaction-like"),
        "not 'transaction-like'",
    ),
    "widget without a number": (
        SPEED,
        lambda b: query(b, 2).update(
            aggregates=[], fields=["transaction"], columns=["transaction"]
        ),
        "limit should be there",
    ),
    "fields that are none of the columns": (
        SPEED,
        lambda b: query(b).update(fields=["transaction"]),
        "fields should be the columns, then the aggregates",
    ),
    "sorted by what isn't there": (
        SPEED,
        lambda b: query(b).update(orderby="-count()"),
        "orderby should be one of the fields, not '-count()'",
    ),
    "widget beyond the grid": (
        ISSUES,
        lambda b: widget(b, 1)["layout"].update(w=4),
        "layout x and w should be 6 columns at most",
    ),
    "camelCase in a widget": (
        ISSUES,
        lambda b: rename(widget(b), "display_type", "displayType"),
        "displayType should not be there: names are in snake_case",
    ),
    "a dashboard of all projects": (
        ISSUES,
        lambda b: b.update(projects=[]),
        "projects should be this service's: [7]",
    ),
    "a dashboard of another project": (
        ISSUES,
        lambda b: b.update(projects=[4505281256090153]),
        "projects should be this service's: [7]",
    ),
    "a dashboard of all environments": (
        ISSUES,
        lambda b: b.update(environment=[]),
        "environment should have at least 1 item",
    ),
}


@pytest.fixture(scope="module")
def verdicts(generate: Generate) -> dict[str, list[str]]:
    """What our rules say to every wrong body, and to the good ones."""
    folder = generate(**ANSWERS).folder
    ids = Ids(7, {"ion": 4567}, "24817", {}, {})
    made = bodies(load(folder), read_service(folder, "production", env={}), ids)
    # As it is sent: what is one list in two places is two.
    good: dict[Kind, dict[str, Json]] = json.loads(json.dumps(made))
    cases: dict[str, tuple[Kind, Json]] = {
        f"{kind}/{label}": (kind, body) for kind in good for label, body in good[kind].items()
    }
    for name, (place, change, _) in WRONG.items():
        kind, right = cases[place]
        body = copy.deepcopy(right)
        change(body)
        assert body != right
        cases[name] = (kind, body)
    owner = Owner("production", 4567, 7)
    return {name: problems(kind, body, owner) for name, (kind, body) in cases.items()}


def test_what_is_delivered_is_right(verdicts: dict[str, list[str]]) -> None:
    good = {name: lines for name, lines in verdicts.items() if name not in WRONG}
    assert len(good) == 2 + 5 + 3
    assert set(map(tuple, good.values())) == {()}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_body_is_refused(verdicts: dict[str, list[str]], name: str) -> None:
    place, _, expected = WRONG[name]
    kind, label = place.split("/")
    lines = verdicts[name]
    assert lines, "it would have been sent"
    assert all(line.startswith(f'{kind} "ion-mentoring: {label} ') for line in lines)
    assert expected in "\n".join(lines)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("above = 0.05", "above = 5", "comparison should be a fraction, not 5: 0.05 is 5 %"),
        ("above = 110", "above = 10", "110 is 10 % more, 90 is 10 % less"),
        ("above = 0.05", "abov = 0.05", 'alerts "error rate" watch abov is not known here'),
        ('over = "5m"', 'over = "300"', "should be a time such as 5m, 1h, 1d or 1w"),
        ('over = "5m"', 'over = "1m"', "time_window should be 300 seconds or more"),
        ('severity = "P1"', 'severity = "P0"', "should be P1, P2, P3, P4"),
        ('severity = "P1"', "severity = []", "severity should be P1, P2, P3, P4"),
        ('watch = "error"', 'watch = "errors"', "watch should be 'error' or 'issue_stream'"),
        ('by = ["slack"]', 'by = ["me@example.org"]', 'alerts "error rate" tell number 1 by'),
        ('name = "new issue"', 'name = "error rate"', "two alerts are named 'error rate'"),
        ("limit = 10\n", "", 'dashboard "ion-mentoring: Issues [production, as code]": widgets.0'),
        ('of = "issue"', 'of = "discover"', "widget_type should be 'issue'"),
        ("not_found,", "", "or they count as failures: not_found"),
        ("[[alerts]]", "[[alerts", "watch.toml is no TOML"),
        ('period = "14d"', "period = 14", 'dashboards "Issues" period should be a valid string'),
        ('name = "new issue"', f'name = "{"x" * 120}{"y"}"', "at most 120 characters"),
        (
            '"production"',
            '"none"',
            "  environment should be 1 to 64 characters without / [ ], and not",
        ),
        (
            '"production"',
            '"a/b"',
            "  environment should be 1 to 64 characters without / [ ], and not",
        ),
    ],
)
def test_a_wrong_watch_toml_sends_nothing(
    monitoring: Monitoring, sentry: SentryApi, old: str, new: str, line: str
) -> None:
    monitoring.edit((old, new))
    done = monitoring.run("apply", "--yes")
    assert done.code == 3
    assert line in done.err
    assert "watch.toml" in done.err and sentry.writes == []


def test_check_finds_it_without_sentry(monitoring: Monitoring, sentry: SentryApi) -> None:
    offline = {"SENTRY_AUTH_TOKEN": "", "SENTRY_URL": "", "SENTRY_ORG": "../x"}
    done = monitoring.run("check", **offline)
    assert (done.code, done.out, done.err) == (0, "watch.toml is right.\n", "")
    monitoring.edit(("above = 0.05", "above = 5"))
    done = monitoring.run("check", **offline)
    assert done.code == 3 and "0.05 is 5 %" in done.err
    assert done.err.startswith("Stopped: watch.toml is wrong:\n  monitor ")
    assert sentry.log == []


def test_a_folder_that_is_no_service(monitoring: Monitoring, sentry: SentryApi) -> None:
    pyproject = monitoring.folder / "pyproject.toml"
    text = pyproject.read_text("utf-8")
    for wrong, told in (
        (text.replace("\nowner =", "\nowned_by ="), "pyproject.toml doesn't say 'owner': it is in"),
        (text.replace('\nowner = "ion"', '\nowner = ["a"]'), "owner should be text, not ['a']."),
        (text.replace('\nsentry_org = "ion"', "\nsentry_org = 1"), "sentry_org should be text"),
        (
            re.sub("\nalert_slack_channel = .*", "\nalert_slack_channel = false", text),
            "alert_slack_channel should be text, not False.",
        ),
        (text.replace('name = "ion-mentoring"', "name = 5", 1), "name should be text, not 5."),
        ('tool.ion-sentry = "x"\nproject.name = "x"', "[tool.ion-sentry] should be tables."),
        ("[project", "pyproject.toml is no TOML: "),
        (None, "pyproject.toml can't be read: No such file or directory."),
    ):
        pyproject.unlink() if wrong is None else pyproject.write_text(wrong, "utf-8")
        done = monitoring.run("check")
        assert done.code == 4 and told in done.err
    (monitoring.folder / "monitoring/watch.toml").unlink()
    done = monitoring.run("check")
    assert done.code == 3 and "watch.toml can't be read: No such file" in done.err


def test_severities_are_those_of_the_standard(generate: Generate) -> None:
    code = (
        "from app.observability import Severity; print(*(f'{s.name}={s.value}' for s in Severity))"
    )
    numbers = {"fatal": 50, "error": 40, "warning": 30, "info": 20}  # Sentry's, of its levels
    told = generate(**ANSWERS).run("python", "-c", code).stdout.split()
    assert told
    standard = {name: numbers[level] for name, level in (text.split("=") for text in told)}
    assert {severity.name: severity.value for severity in Severity} == standard


def test_a_filter_by_level_is_that_of_the_severity(applied: Monitoring, sentry: SentryApi) -> None:
    alerts = [one for one in sentry.organization.alerts.values() if "release" in one["name"]]
    levels = [
        condition["comparison"]["level"]
        for one in alerts[0]["action_filters"]
        for condition in one["conditions"]
        if condition["type"] == "level"
    ]
    assert levels == [50, 40]
