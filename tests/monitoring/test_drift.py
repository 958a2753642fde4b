"""What somebody changed in Sentry is shown and mended; what they added is left alone."""

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from demo.sentry_api import SentryApi
from demo.sentry_state import Organization
from tests.conftest import Generate
from tests.monitoring.conftest import ANSWERS, Monitoring, copy_of, shorten
from tests.monitoring.schema import schema_errors

Json = dict[str, Any]
Things = dict[int, Json]


def find(things: Things, label: str) -> Json:
    return next(one for one in things.values() if label in (one.get("name") or one["title"]))


def monitor(organization: Organization, label: str = "error rate") -> Json:
    bodies = {number: one[2] for number, one in organization.monitors.items()}
    return find(bodies, f"ion-mentoring: {label}")


def alert(organization: Organization, label: str = "error rate") -> Json:
    return find(organization.alerts, label)


def widget(organization: Organization) -> Json:
    widgets: list[Json] = find(organization.dashboards, "Issues")["widgets"]
    return next(one for one in widgets if one["title"] == "Recent issues")


def source(organization: Organization) -> Json:
    found: Json = monitor(organization)["data_sources"][0]
    return found


def set_all(things: list[Json], name: str, value: Any) -> None:
    for thing in things:
        thing[name] = value


def remove(things: Any, label: str) -> None:
    for number, one in list(things.items()):
        body = one[2] if isinstance(one, tuple) else one
        if f"ion-mentoring: {label}" in (body.get("name") or body["title"]):
            del things[number]


def remove_monitor(organization: Organization) -> None:
    """As Sentry does: what told of it stays, and hears nothing any more."""
    remove(organization.monitors, "error rate")
    alert(organization)["detector_ids"] = []


def first(body: Json, *path: str) -> Any:
    """Follow names; of a list, take its first item."""
    found: Any = body
    for name in path:
        found = found[name]
        found = found[0] if isinstance(found, list) else found
    return found


HAND = {"type": "issue_resolved_trigger", "comparison": True, "condition_result": True}
Drift = Callable[[Organization], Any]
DRIFTS: dict[str, tuple[Drift, str]] = {
    "monitor threshold": (
        lambda o: set_all(monitor(o)["condition_group"]["conditions"], "comparison", 0.5),
        "gt comparison  0.5 → 0.05",
    ),
    "monitor priority": (
        lambda o: first(monitor(o), "condition_group", "conditions").update(condition_result=50),
        "gt condition_result  50 → 75",
    ),
    "monitor without its end": (
        lambda o: monitor(o)["condition_group"]["conditions"].pop(),
        "lte → added",
    ),
    "monitor disabled": (lambda o: monitor(o).update(enabled=False), "enabled  no → yes"),
    "monitor owner": (lambda o: monitor(o).update(owner="team:4568"), "owner  team:4568 → ion"),
    "monitor without an owner": (lambda o: monitor(o).pop("owner"), "owner  nothing → ion"),
    "monitor description": (
        lambda o: monitor(o).update(description="\x1b[31mred"),
        "description   [31mred → More than 5 % of the requests failed",
    ),
    "monitor query": (
        lambda o: source(o).update(query="is_transaction:true"),
        "query\n        - is_transaction:true\n        + is_transaction:true span.op:http.server",
    ),
    "monitor measure": (lambda o: source(o).update(aggregate="count()"), "aggregate  count() →"),
    "monitor window": (lambda o: source(o).update(time_window=3600), "time_window  3600 → 300"),
    "monitor environment": (
        lambda o: source(o).update(environment="staging"),
        "environment  staging → production",
    ),
    "monitor baseline": (
        lambda o: monitor(o, "p95 regression")["config"].update(comparison_delta=86400),
        "comparison_delta  86400 → 604800",
    ),
    "monitor deleted": (remove_monitor, "detector_ids  nothing → the new one"),
    "alert deleted": (lambda o: remove(o.alerts, "new issue"), "+ alert       new issue"),
    "alert disabled": (lambda o: alert(o).update(enabled=False), "enabled  no → yes"),
    "alert environment": (
        lambda o: alert(o).update(environment=None),
        "environment  nothing → production",
    ),
    "alert frequency": (
        lambda o: alert(o).update(config={"frequency": 1440}),
        "frequency  1440 → 5",
    ),
    "alert of another monitor": (
        lambda o: alert(o).update(detector_ids=alert(o, "new issue")["detector_ids"]),
        'detector_ids  monitor "Issue Stream" → monitor "error rate"',
    ),
    "alert with one more trigger": (
        lambda o: alert(o)["triggers"]["conditions"].append(HAND),
        "issue_resolved_trigger → removed",
    ),
    "alert with a trigger less": (
        lambda o: alert(o)["triggers"]["conditions"].pop(0),
        "first_seen_event → added",
    ),
    "alert text": (
        lambda o: first(alert(o), "action_filters", "actions", "data").update(notes="calm down"),
        "actions slack notes  calm down → P2: error rate above 5 %",
    ),
    "alert channel": (
        lambda o: first(alert(o), "action_filters", "actions", "config").update(
            target_display="#random"
        ),
        "actions slack target_display  #random → ion-alerts",
    ),
    "alert without its e-mail": (
        lambda o: alert(o, "errors after")["action_filters"][0]["actions"].pop(),
        "actions email → added",
    ),
    "alert at another level": (
        lambda o: alert(o, "errors after")["action_filters"][1]["conditions"][1].update(
            comparison={"level": 20, "match": "gte"}
        ),
        "level comparison level  20 → 40",
    ),
    "alert with a filter less": (
        lambda o: alert(o, "errors after")["action_filters"].pop(),
        "latest_release level slack email → added",
    ),
    "dashboard deleted": (lambda o: remove(o.dashboards, "Issues"), "+ dashboard   Issues"),
    "dashboard period": (
        lambda o: find(o.dashboards, "Issues").update(period="90d"),
        "period  90d → 14d",
    ),
    "dashboard environment": (
        lambda o: find(o.dashboards, "Issues").update(environment=[]),
        "environment  nothing → production",
    ),
    "dashboard project": (
        lambda o: find(o.dashboards, "Issues").update(projects=[]),
        "projects  nothing → ion-mentoring",
    ),
    "widget deleted": (
        lambda o: find(o.dashboards, "Issues")["widgets"].pop(),
        'widget "Regressed issues"  nothing → there',
    ),
    "widget limit": (lambda o: widget(o).update(limit=3), 'widget "Recent issues" limit  3 → 10'),
    "widget query": (
        lambda o: widget(o)["queries"][0].update(conditions=""),
        'widget "Recent issues" conditions  nothing → is:unresolved firstSeen:-7d',
    ),
    "widget columns in another order": (
        lambda o: widget(o)["queries"][0].update(columns=["title", "issue", "assignee"]),
        "columns  title, issue, assignee → issue, title, assignee",
    ),
    "widget of another kind": (
        lambda o: widget(o).update(display_type="line"),
        "display_type  line → table",
    ),
    "widget moved": (lambda o: widget(o)["layout"].update(y=40), "y  40 → 0"),
}


@pytest.fixture(scope="module")
def shared(generate: Generate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitoring]:
    """One service for all drifts: each is mended before the next."""
    folder: Path = tmp_path_factory.mktemp("drift") / "service"
    shorten(copy_of(generate(**ANSWERS), folder))
    with SentryApi() as sentry:
        sentry.organization.environments.add("staging")
        monitoring = Monitoring(folder, sentry)
        monitoring.apply()
        yield monitoring
    assert [error for exchange in sentry.log for error in schema_errors(exchange)] == []


def meaning(organization: Organization) -> Any:
    """All that is there, without the numbers that Sentry gives."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: plain(v) for k, v in value.items() if k not in ("id", "detector_ids")}
        return [plain(child) for child in value] if isinstance(value, list) else value

    monitors = [one[1:] for one in organization.monitors.values()]
    things = [*monitors, *organization.alerts.values(), *organization.dashboards.values()]
    return sorted((plain(one) for one in things), key=str)


@pytest.mark.parametrize("drift", DRIFTS)
def test_drift_is_shown_and_mended(shared: Monitoring, drift: str) -> None:
    change, shown = DRIFTS[drift]
    organization = shared.sentry.organization
    before = copy.deepcopy(meaning(organization))
    change(organization)
    written = len(shared.sentry.writes)
    done = shared.apply()
    assert shown in done.out and "\x1b" not in done.out
    assert meaning(organization) == before
    assert len(shared.sentry.writes) - written == (2 if drift == "monitor deleted" else 1)
    names = [one[2]["name"] for one in organization.monitors.values()]
    assert len(set(names)) == len(names)


def test_after_all_drifts_there_is_nothing_to_do(shared: Monitoring) -> None:
    assert shared.plan().code == 0


def test_a_plan_shows_drift_and_ends_with_2(applied: Monitoring, sentry: SentryApi) -> None:
    monitor(sentry.organization).update(enabled=False)
    done = applied.plan()
    assert (done.code, done.out.splitlines()[1:]) == (
        2,
        ["  ~ monitor     error rate", "      enabled  no → yes", "1 to change"],
    )


def test_what_people_added_is_left_alone(applied: Monitoring, sentry: SentryApi) -> None:
    organization = sentry.organization
    project = organization.projects["ion-mentoring"][0]
    names = [
        "mine",
        "ion-mentoring: mine",
        "ion-mentoring: error rate [production, as code] (copy)",
    ]
    for number, name in enumerate(names):
        organization.monitors[number] = (
            project,
            "metric_issue",
            monitor(organization) | {"name": name},
        )
        organization.alerts[number] = copy.deepcopy(alert(organization)) | {"name": name}
        organization.dashboards[number] = {"title": name, "widgets": []}
    issues = find(organization.dashboards, "Issues")
    mine = {**copy.deepcopy(issues["widgets"][0]), "id": "77", "title": "Mine", "description": "x"}
    issues["widgets"].append(mine)
    assert applied.plan("--prune").code == 0

    before = copy.deepcopy(meaning(organization))
    issues["period"] = "90d"  # so that the dashboard has to be written
    applied.apply("--prune")
    assert meaning(organization) == before
    assert mine in find(organization.dashboards, "Issues")["widgets"]


def test_nothing_of_another_service_is_touched(monitoring: Monitoring, sentry: SentryApi) -> None:
    slugs = ["ion", "ion-mentoring-2", "ion-mentoring"]
    for slug in slugs:
        monitoring.apply(SENTRY_PROJECT=slug)
    assert [monitoring.plan("--prune", SENTRY_PROJECT=slug).code for slug in slugs] == [0, 0, 0]
    before = copy.deepcopy(sentry.organization)
    monitoring.run("destroy", "--yes", SENTRY_PROJECT="ion")
    for now, then, kept in (
        (sentry.organization.alerts, before.alerts, 10),
        (sentry.organization.dashboards, before.dashboards, 6),
    ):
        assert now == {
            number: body
            for number, body in then.items()
            if not (body.get("name") or body["title"]).startswith("ion: ")
        }
        assert len(now) == kept
    assert [monitoring.plan(SENTRY_PROJECT=slug).code for slug in slugs] == [2, 0, 0]


def test_prune_removes_what_is_no_longer_wanted(applied: Monitoring, sentry: SentryApi) -> None:
    applied.edit(
        ('name = "p95 regression"', 'name = "slow"'),
        ('title = "Recent issues"', 'title = "New issues"'),
        ('title = "Releases"', 'title = "Deployments"'),
    )
    done = applied.plan()
    assert "no longer in watch.toml, --prune removes: " in done.out
    for left in ('monitor "p95 regression"', 'widget "Recent issues"', 'dashboard "Releases"'):
        assert left in done.out
    assert done.out.splitlines()[-1] == "3 to create, 1 to change"
    applied.apply()
    assert len(find(sentry.organization.dashboards, "Issues")["widgets"]) == 4
    done = applied.apply("--prune")
    assert 'widget "Recent issues"  there → nothing' in done.out
    assert done.out.count("deleted") == 3
    assert len(find(sentry.organization.dashboards, "Issues")["widgets"]) == 3
    assert "prune" not in applied.plan().out


def test_hundreds_of_services_on_many_pages(monitoring: Monitoring, sentry: SentryApi) -> None:
    sentry.page = 50
    organization = sentry.organization
    organization.most["dashboards"] = 10_000
    organization.teams = {f"team-{i}": i for i in range(1, 121)} | organization.teams
    for number in range(1, 301):
        name = f"ion-mentoring-{number}: error rate [production, as code]"
        body = {
            **{"name": name, "config": {"frequency": 5}, "action_filters": []},
            **{"triggers": {"logic_type": "any-short", "conditions": []}},
        }
        organization.alerts[number] = body
        title = f"ion-mentoring-{number}: Issues [production, as code]"
        organization.dashboards[number] = {"title": title, "widgets": []}
    monitoring.apply()
    assert (len(organization.alerts), len(organization.dashboards)) == (305, 303)
    before = len(sentry.log)
    assert monitoring.plan().code == 0
    asked = [one.path for one in sentry.log[before:]]
    assert sum(path.endswith("/workflows/") for path in asked) == 7
    assert sum(path.endswith("/dashboards/") for path in asked) == 7
    # Of all those dashboards only its own are read as a whole.
    assert sum("/dashboards/" in path for path in asked) == 7 + 3
