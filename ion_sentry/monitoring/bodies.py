"""Makes what is sent out of what `watch.toml` says."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from .rules import Kind, Owner, problems
from .service import WIDGET_MARK, Service
from .watch import Alert, Dashboard, Monitor, Severity, Tell, Watch, Widget

Json = dict[str, Any]

_TRIGGERS: Final = {
    "new": "first_seen_event",
    "regressed": "regression_event",
    "reappeared": "reappeared_event",
}
_EVENT_TYPES: Final = {
    "events": ["error", "default"],
    "events_analytics_platform": ["trace_item_span"],
}
_QUERY_TYPES: Final = {"events": 0, "events_analytics_platform": 1, "metrics": 2}
_COLUMNS: Final = 6  # of a dashboard's grid
_HIGH: Final = 75
_RESOLVED: Final = 0
_OUTAGE: Final = 10  # of Sentry's issue categories: a cron or an uptime check that fails


@dataclass(frozen=True)
class Ids:
    """Sentry's numbers for what the bodies refer to; 0 for what is yet to be made."""

    project: int
    teams: Mapping[str, int]
    slack: str  # the workspace
    monitors: Mapping[str, int]  # those of watch.toml, by label
    own_monitors: Mapping[str, int]  # those that every project has, by type


# What should be in Sentry, by kind and label.
Bodies = Mapping[Kind, Mapping[str, Json]]


def bodies(watch: Watch, service: Service, ids: Ids) -> Bodies:
    """Make the bodies of all that `watch` asks for."""
    return {
        "monitor": {
            alert.name: _monitor(alert, alert.watch, service, ids)
            for alert in watch.alerts
            if isinstance(alert.watch, Monitor)
        },
        "alert": {alert.name: _alert(alert, service, ids) for alert in watch.alerts},
        "dashboard": {one.title: _dashboard(one, service, ids) for one in watch.dashboards},
    }


def problems_in(made: Bodies, service: Service, ids: Ids) -> list[str]:
    """Check every body by our rules; one line for each field that is wrong."""
    owner = Owner(service.environment, ids.teams[service.owner], ids.project)
    return [
        line
        for kind, by_label in made.items()
        for body in by_label.values()
        for line in problems(kind, body, owner)
    ]


def problems_offline(watch: Watch, service: Service) -> list[str]:
    """Check all that `watch` makes by our rules, with numbers that stand in for Sentry's."""
    ids = Ids(1, dict.fromkeys(teams_of(watch, service), 1), "1", {}, {})
    return problems_in(bodies(watch, service, ids), service, ids)


def teams_of(watch: Watch, service: Service) -> set[str]:
    """Return the slugs of all teams that the bodies name."""
    targets = [target for alert in watch.alerts for target in _all_targets(alert, service)]
    owners = (watch.project and watch.project.owners) or {}
    named = {name for kind, name in targets if kind == "email"}
    return {service.owner, *named, *(team for teams in owners.values() for team in teams)}


def uses_slack(watch: Watch, service: Service) -> bool:
    """Return whether anybody is told by Slack."""
    return any(
        kind == "slack" for alert in watch.alerts for kind, _ in _all_targets(alert, service)
    )


def _all_targets(alert: Alert, service: Service) -> Iterator[tuple[str, str]]:
    for tell in alert.tell:
        yield from targets(tell, service)


def targets(tell: Tell, service: Service) -> list[tuple[str, str]]:
    """Return whom to tell: ("slack", channel) and ("email", team), none of them twice."""
    found: dict[tuple[str, str], None] = {}
    for target in tell.by:
        kind, _, name = target.partition(":")
        if kind == "slack" and not (name or service.slack_channel):
            kind = "email"
        name = name or (service.slack_channel if kind == "slack" else service.email_team)
        found[kind, name.removeprefix("#")] = None
    return list(found)


def _monitor(alert: Alert, watch: Monitor, service: Service, ids: Ids) -> Json:
    source = {
        "aggregate": watch.measure,
        "dataset": watch.dataset,
        "environment": service.environment,
        "event_types": _EVENT_TYPES.get(watch.dataset, []),
        "query": watch.query,
        "query_type": _QUERY_TYPES.get(watch.dataset, 0),
        "time_window": watch.over,
    }
    if watch.dataset == "events_analytics_platform":
        source["extrapolation_mode"] = "unknown"
    config: Json = {"detection_type": "percent" if watch.compared_with else "static"}
    if watch.compared_with:
        config["comparison_delta"] = watch.compared_with
    conditions = []
    for alarms, resolves, number in (("gt", "lte", watch.above), ("lt", "gte", watch.below)):
        if number is not None:
            conditions += [
                {"type": alarms, "comparison": number, "condition_result": _HIGH},
                {"type": resolves, "comparison": number, "condition_result": _RESOLVED},
            ]
    return {
        "name": service.name_of(alert.name),
        "type": "metric_issue",
        "description": alert.description,
        "enabled": True,
        "owner": f"team:{ids.teams[service.owner]}",
        "config": config,
        "data_sources": [source],
        "condition_group": {"logic_type": "any", "conditions": conditions},
    }


def _alert(alert: Alert, service: Service, ids: Ids) -> Json:
    if isinstance(alert.watch, Monitor):
        watched = ids.monitors.get(alert.name, 0)
    else:
        watched = ids.own_monitors.get(alert.watch, 0)
    return {
        "name": service.name_of(alert.name),
        "enabled": True,
        "environment": service.environment,
        "detector_ids": [watched],
        "config": {"frequency": alert.repeat // 60},
        "triggers": {
            "logic_type": "any-short",
            "conditions": [_condition(_TRIGGERS[event]) for event in alert.on],
        },
        "action_filters": [
            {
                "logic_type": "all",
                "conditions": [_only(what, tell.severity) for what in tell.only],
                "actions": [_action(*target, tell, ids) for target in targets(tell, service)],
            }
            for tell in alert.tell
        ],
    }


def _condition(type: str, comparison: Any = True) -> Json:
    return {"type": type, "comparison": comparison, "condition_result": True}


def _only(what: str, severity: Severity) -> Json:
    if what == "level":
        return _condition("level", {"level": severity.value, "match": "eq"})
    if what == "outage":
        return _condition("issue_category", {"value": _OUTAGE})
    return _condition(what)


def _action(kind: str, name: str, tell: Tell, ids: Ids) -> Json:
    if kind == "slack":
        return {
            "type": "slack",
            "integration_id": ids.slack,
            "config": {
                "target_type": "specific",
                "target_display": name,
                "target_identifier": "",
            },
            "data": {
                "tags": "level,environment,release",
                "notes": f"{tell.severity.name}: {tell.text}",
            },
            "status": "active",
        }
    return {
        "type": "email",
        "integration_id": None,
        "config": {
            "target_type": "team",
            "target_identifier": str(ids.teams[name]),
            "target_display": None,
        },
        "data": {},
        "status": "active",
    }


def _dashboard(dashboard: Dashboard, service: Service, ids: Ids) -> Json:
    return {
        "title": service.name_of(dashboard.title),
        "projects": [ids.project],
        "environment": [service.environment],
        "period": dashboard.period,
        "widgets": list(_widgets(dashboard.widgets)),
    }


def _widgets(widgets: list[Widget]) -> Iterator[Json]:
    """Place widgets from left to right; a row is as high as its highest."""
    x = y = height = 0
    for widget in widgets:
        w, h = widget.size
        if x + w > _COLUMNS and x:
            x, y, height = 0, y + height, 0
        yield {
            "title": widget.title,
            "description": f"{widget.description} {WIDGET_MARK}".strip(),
            "display_type": widget.show,
            "widget_type": widget.of,
            "interval": widget.interval or ("5m" if widget.of == "issue" else "1h"),
            "queries": [
                {
                    "name": "",
                    "fields": widget.columns + widget.measure,
                    "aggregates": widget.measure,
                    "columns": widget.columns,
                    "field_aliases": [],
                    "conditions": widget.query,
                    "orderby": widget.sort,
                }
            ],
            "layout": {"x": x, "y": y, "w": w, "h": h, "min_h": 2},
            "limit": widget.limit,
        }
        x, height = x + w, max(height, h)
