"""From nothing to four alerts and three dashboards, and no second write."""

import os
import pty
import re
from collections.abc import Callable
from typing import Any

import pytest

from demo.sentry_api import SentryApi
from tests.monitoring.conftest import Monitoring
from tests.monitoring.schema import schema
from tests.services import BIN

Services = Callable[..., Monitoring]
NAME = "ion-mentoring: {} [production, as code]"


def bodies(sentry: SentryApi, path: str) -> dict[str, Any]:
    """What was POSTed to a collection, by its label."""
    sent = [one.body for one in sentry.writes if one.path.endswith(path)]
    names = [body.get("name") or body.get("title") for body in sent]
    labels = [re.sub(r"^ion-mentoring: (.*) \[production, as code\]$", r"\1", n) for n in names]
    return dict(zip(labels, sent, strict=True))


def test_the_schema_was_checked() -> None:
    if schema() is None:
        pytest.skip("SENTRY_OPENAPI isn't set: bodies and answers were judged by our rules only")


def test_a_plan_shows_all_and_writes_nothing(monitoring: Monitoring, sentry: SentryApi) -> None:
    done = monitoring.plan()
    assert done.code == 2
    assert [line.split()[:2] for line in done.out.splitlines()[1:-1]] == [
        *(["+", "project"], ["+", "environment"], ["+", ".env"]),
        *[["+", "monitor"]] * 2,
        *[["+", "alert"]] * 5,
        *[["+", "dashboard"]] * 3,
    ]
    assert done.out.splitlines()[-1] == "13 to create"
    assert "P1 by Slack #ion-alerts and e-mail to ion; P2 by Slack #ion-alerts" in done.out
    assert "failure_rate() above 0.05, over 5 min" in done.out
    assert (done.err, sentry.writes) == ("", [])


def test_apply_makes_it_so_and_then_there_is_nothing_to_do(
    monitoring: Monitoring, sentry: SentryApi
) -> None:
    done = monitoring.apply()
    assert done.out.count("✓") == 13 and done.out.endswith("done\n")
    assert monitoring.plan().out.splitlines()[-1] == "nothing to do"
    written = len(sentry.writes)
    again = monitoring.apply()
    assert (len(sentry.writes), again.out.splitlines()[-1]) == (written, "nothing to do")
    assert monitoring.plan().code == 0


def test_the_project_has_no_rules_of_its_own_and_its_dsn_goes_to_env(
    monitoring: Monitoring, sentry: SentryApi
) -> None:
    env = monitoring.folder / ".env"
    env.write_text("# mine\nA=1\nSENTRY_DSN=\nLOG_LEVEL=DEBUG", "utf-8")
    env.chmod(0o600)
    monitoring.apply()
    assert sentry.writes[0].body == {
        **{"name": "ION Mentoring", "slug": "ion-mentoring"},
        **{"platform": "python-fastapi", "default_rules": False},
    }
    number = sentry.organization.projects["ion-mentoring"][0]
    dsn = f"https://{number:032x}@o1.ingest.sentry.io/{number}"
    assert env.read_text("utf-8") == f"# mine\nA=1\nSENTRY_DSN={dsn}\nLOG_LEVEL=DEBUG"
    assert env.stat().st_mode & 0o777 == 0o600


def test_without_env_a_private_one_is_made_but_not_in_ci(monitoring: Monitoring) -> None:
    env = monitoring.folder / ".env"
    env.unlink()
    monitoring.apply(CI="true")
    assert not env.exists() and monitoring.plan(CI="true").code == 0
    assert ".env        SENTRY_DSN" in monitoring.plan().out
    monitoring.apply()
    assert env.read_text("utf-8").startswith("SENTRY_DSN=https://")
    assert env.stat().st_mode & 0o777 == 0o600


def test_another_dsn_is_left_and_told_of(applied: Monitoring) -> None:
    env = applied.folder / ".env"
    env.write_text("SENTRY_DSN=https://0123456789abcdef0123456789abcdef@h.io/7\n", "utf-8")
    done = applied.plan()
    assert done.code == 0
    assert ".env has another DSN than this project's. It stays" in done.out


def test_an_existing_project_and_environment_are_used(
    monitoring: Monitoring, sentry: SentryApi
) -> None:
    sentry.organization.add_project("ion-mentoring", {"name": "Old", "platform": "python"})
    sentry.organization.environments.add("production")
    monitoring.apply()
    assert not [one for one in sentry.writes if one.path.endswith(("/projects/", "/deploys/"))]
    assert monitoring.plan().code == 0


def test_five_alerts_tell_the_right_people(monitoring: Monitoring, sentry: SentryApi) -> None:
    monitoring.apply()
    alerts = bodies(sentry, "/workflows/")
    told = {
        label: [
            [
                *(c["comparison"]["level"] for c in one["conditions"] if c["type"] == "level"),
                *(action["data"].get("notes", "e-mail") for action in one["actions"]),
            ]
            for one in alert["action_filters"]
        ]
        for label, alert in alerts.items()
    }
    assert told == {
        "error rate": [["P2: error rate above 5 % over 5 minutes"]],
        "new issue": [["e-mail"]],
        "p95 regression": [["P3: p95 latency more than 10 % above last week"]],
        "errors after a release": [
            [50, "P1: service down in the release just deployed", "e-mail"],
            [40, "P2: feature failure in the release just deployed", "e-mail"],
        ],
        "cron failed or missed": [["P2: a scheduled job failed, hung or didn't come"]],
    }
    assert alerts["errors after a release"]["config"] == {"frequency": 0}
    ids = {one[2]["name"]: number for number, one in sentry.organization.monitors.items()}
    assert {label: alert["detector_ids"] for label, alert in alerts.items()} == {
        "error rate": [ids[NAME.format("error rate")]],
        "new issue": [ids["Issue Stream"]],
        "p95 regression": [ids[NAME.format("p95 regression")]],
        "errors after a release": [ids["Error Monitor"]],
        "cron failed or missed": [ids["Issue Stream"]],
    }
    [only_outages] = alerts["cron failed or missed"]["action_filters"][0]["conditions"]
    assert only_outages["comparison"] == {"value": 10}
    monitors = bodies(sentry, "/detectors/")
    assert {one["owner"] for one in monitors.values()} == {"team:4567"}
    rate, p95 = monitors["error rate"], monitors["p95 regression"]
    assert [one["comparison"] for one in rate["condition_group"]["conditions"]] == [0.05, 0.05]
    assert rate["data_sources"][0]["time_window"] == 300
    assert p95["config"] == {"detection_type": "percent", "comparison_delta": 604800}
    assert [one["comparison"] for one in p95["condition_group"]["conditions"]] == [110, 110]


def test_three_dashboards_have_nine_widgets(monitoring: Monitoring, sentry: SentryApi) -> None:
    monitoring.apply()
    project = sentry.organization.projects["ion-mentoring"][0]
    dashboards = bodies(sentry, "/dashboards/")
    assert {one["projects"][0] for one in dashboards.values()} == {project}
    places = {
        widget["title"]: [widget["layout"][name] for name in "xywh"]
        for dashboard in dashboards.values()
        for widget in dashboard["widgets"]
    }
    assert places == {
        "Recent issues": [0, 0, 3, 4],
        "Unresolved issues": [3, 0, 3, 4],
        "Regressed issues": [0, 4, 6, 4],
        "Slowest transactions": [0, 0, 3, 4],
        "Most impactful transactions": [3, 0, 3, 4],
        "Error-rate trend": [0, 4, 6, 3],
        "Deployment tracking: traffic by release": [0, 0, 6, 3],
        "Performance change by release": [0, 3, 3, 4],
        "Error impact by release": [3, 3, 3, 4],
    }


def test_without_a_channel_all_goes_by_email(service: Services, sentry: SentryApi) -> None:
    monitoring = service(alert_slack_channel="", alert_email_team="platform")
    sentry.organization.workspaces = []
    monitoring.apply()
    actions = [
        (action["type"], action["config"]["target_identifier"])
        for alert in bodies(sentry, "/workflows/").values()
        for one in alert["action_filters"]
        for action in one["actions"]
    ]
    assert actions == [("email", "4568")] * 6  # P1 and P2 once each
    assert not [one for one in sentry.log if "/integrations/" in one.path]
    assert monitoring.plan().code == 0


def test_any_name_of_a_service(service: Services, sentry: SentryApi) -> None:
    name = """O'Brien "svc" 한글 👩‍👩‍👧 ${HOME} \\ </b> %s """.ljust(100, "a")
    monitoring = service(
        project_name=name,
        description=name,
        project_slug="hostile",
        alert_slack_channel="#alerts-한글",
    )
    monitoring.apply()
    assert sentry.organization.projects["hostile"][1]["name"] == name[:50]
    assert monitoring.plan().code == 0


def test_a_few_lines_add_a_widget_and_an_alert(applied: Monitoring, sentry: SentryApi) -> None:
    widget = """
        [[dashboards.widgets]]
        title = "Requests"
        of = "spans"
        show = "line"
        measure = ["epm()"]
        query = "is_transaction:true"
        size = [6, 3]
    """
    alert = """
        [[alerts]]
        name = "slow queue"
        watch = { measure = "p95(span.duration)", query = "span.op:queue", over = "15m", above = 9 }
        on = ["new"]
        repeat = "30m"
        tell = [{ severity = "P4", text = "slow", by = ["slack:#ops", "email:platform"] }]
    """
    file = applied.folder / "monitoring" / "watch.toml"
    file.write_text(file.read_text("utf-8") + widget + alert, "utf-8")
    done = applied.plan()
    assert done.out.splitlines()[1:] == [
        "  + monitor     slow queue  p95(span.duration) above 9, over 15 min",
        "  + alert       slow queue  P4 by Slack #ops and e-mail to platform",
        "  ~ dashboard   Releases",
        '      widget "Requests"  nothing → there',
        "2 to create, 1 to change",
    ]
    applied.apply()
    assert applied.plan().code == 0


def test_the_environment_says_which_sentry(monitoring: Monitoring, sentry: SentryApi) -> None:
    sentry.organization.slug = "other"
    monitoring.apply(SENTRY_ORG="other", SENTRY_PROJECT="renamed", SENTRY_ENVIRONMENT="staging")
    assert set(sentry.organization.projects) == {"renamed"}
    assert sentry.organization.environments == {"staging"}
    titles = {one["title"] for one in sentry.organization.dashboards.values()}
    assert "renamed: Issues [staging, as code]" in titles
    monitors = [one[2] for one in sentry.organization.monitors.values() if "owner" in one[2]]
    assert {one["data_sources"][0]["environment"] for one in monitors} == {"staging"}


def asked(monitoring: Monitoring, answer: bytes, command: str) -> tuple[int, str]:
    """Run a command at a terminal and answer its question."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(monitoring.folder)
        os.environ |= {"SENTRY_URL": monitoring.sentry.url, "NO_PROXY": "127.0.0.1"}
        os.environ |= {"SENTRY_AUTH_TOKEN": monitoring.sentry.token, "TERM": "xterm"}
        os.environ.pop("NO_COLOR", None)
        os.execv(BIN / "ion-sentry", ["ion-sentry", "monitoring", command])
    shown = b""
    try:
        while chunk := os.read(terminal, 4096):
            shown += chunk
            if shown.endswith(b"[y/N] "):
                os.write(terminal, answer)
    except OSError:  # the terminal's end, on Linux
        pass
    os.close(terminal)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), shown.decode()


@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_it_asks_before_it_writes(monitoring: Monitoring, sentry: SentryApi) -> None:
    code, shown = asked(monitoring, b"\n", "apply")
    assert code == 1 and "Nothing was written." in shown and sentry.writes == []
    assert "\x1b[32m+\x1b[0m" in shown
    code, shown = asked(monitoring, b"y\n", "apply")
    assert code == 0 and shown.count("✓") == 13
    code, shown = asked(monitoring, b"n\n", "destroy")
    assert code == 1 and "Remove these 10 from Sentry?" in shown
    assert len(sentry.organization.dashboards) == 3


@pytest.mark.parametrize("command", ["apply", "destroy"])
def test_without_a_terminal_it_wants_yes(applied: Monitoring, command: str) -> None:
    applied.edit(("above = 0.05", "above = 0.1"))
    done = applied.run(command)
    assert done.code == 64
    assert done.err == "Stopped: There is no terminal to ask at: add --yes.\n"


def test_destroy_takes_away_what_is_ours_and_nothing_else(
    applied: Monitoring, sentry: SentryApi
) -> None:
    by_hand = {"title": "ion-mentoring: mine", "widgets": []}
    sentry.organization.dashboards[1] = by_hand
    done = applied.run("destroy", "--yes")
    assert (done.code, done.out.count("✓")) == (0, 10)
    assert sentry.organization.dashboards == {1: by_hand}
    assert {one[1] for one in sentry.organization.monitors.values()} == {"error", "issue_stream"}
    assert sentry.organization.alerts == {} and sentry.organization.projects
    assert applied.run("destroy", "--yes").out.endswith("nothing to do\n")


def test_the_commands_of_make(monitoring: Monitoring) -> None:
    makefile = (monitoring.folder / "Makefile").read_text("utf-8")
    assert "monitoring-plan: install" in makefile and " monitoring plan $(ARGS)" in makefile
    assert "monitoring-apply: install" in makefile and " monitoring apply $(ARGS)" in makefile
