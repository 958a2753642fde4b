"""Monitors, alerts and dashboards of an organisation: what Sentry takes, and what it refuses."""

from collections.abc import Iterator
from typing import Any

from demo import sentry_answers as answers
from demo.sentry_state import Json, Organization, Refused, get

_DATASETS = {"events", "events_analytics_platform", "metrics"}
_WIDGETS = {"issue", "error-events", "spans", "logs", "tracemetrics", "metrics"}


def _monitor(o: Organization, number: int) -> Json:
    project, type, body = o.monitors[number]
    alerts = [str(i) for i, alert in o.alerts.items() if number in alert.get("detector_ids", [])]
    return answers.monitor(number, project, type, body, alerts)


def monitors(o: Organization, query: dict[str, str], **_: Any) -> tuple[int, Any]:
    wanted = query.get("project")
    return 200, [_monitor(o, i) for i, one in o.monitors.items() if wanted in (None, str(one[0]))]


def _judge_monitor(o: Organization, body: Json) -> None:
    for source in body["data_sources"]:
        if source["dataset"] not in _DATASETS:
            raise Refused(400, {"dataSources": [{"dataset": ["Invalid dataset"]}]})
        if source["environment"] not in o.environments:
            raise Refused(400, {"dataSources": [{"environment": ["Environment is not valid"]}]})
        if "release:latest" in source["query"]:
            raise Refused(400, {"dataSources": [{"query": ["Unsupported Query"]}]})
        if source["time_window"] < 300:
            raise Refused(400, {"nonFieldErrors": ["Invalid Time Window"]})
    if len(body["condition_group"]["conditions"]) > 3:
        raise Refused(400, {"nonFieldErrors": ["Too many conditions"]})


def new_monitor(o: Organization, project: str, body: Json, **_: Any) -> tuple[int, Any]:
    owner, _body = get(o.projects, project)
    _judge_monitor(o, body)
    if (used := sum(one[1] == "metric_issue" for one in o.monitors.values())) >= o.most["monitors"]:
        raise Refused(400, [f"Used {used}/{used} of allowed metric_issue monitors."])
    number = o.number()
    o.monitors[number] = (owner, "metric_issue", body)
    return 201, _monitor(o, number)


def put_monitor(o: Organization, number: str, body: Json, **_: Any) -> tuple[int, Any]:
    project, type, old = get(o.monitors, int(number))
    _judge_monitor(o, body)
    o.monitors[int(number)] = (project, type, old | body)
    return 200, _monitor(o, int(number))


def delete_monitor(o: Organization, number: str, **_: Any) -> tuple[int, Any]:
    if get(o.monitors, int(number))[1] != "metric_issue":
        raise Refused(403, {"detail": "You do not have permission to perform this action."})
    del o.monitors[int(number)]
    for alert in o.alerts.values():
        alert["detector_ids"] = [one for one in alert["detector_ids"] if one != int(number)]
    return 204, None


def alerts(o: Organization, **_: Any) -> tuple[int, Any]:
    return 200, [answers.alert(number, body) for number, body in o.alerts.items()]


def _judge_alert(o: Organization, body: Json) -> None:
    if body["environment"] not in {None, *o.environments}:
        raise Refused(400, {"environment": ["Environment does not exist."]})
    if missing := set(body["detector_ids"]) - o.monitors.keys():
        raise Refused(400, {"nonFieldErrors": [f"Some detectors do not exist: {missing}"]})
    for action in [action for one in body["action_filters"] for action in one["actions"]]:
        if action["type"] == "slack":
            if action["integration_id"] not in {one["id"] for one in o.workspaces}:
                raise Refused(400, {"actions": ["Slack workspace is a required field."]})
            if action["config"]["target_display"] == "nowhere":
                raise Refused(400, {"actions": ["Channel not found. Invite Sentry to it."]})


def new_alert(o: Organization, body: Json, **_: Any) -> tuple[int, Any]:
    _judge_alert(o, body)
    number = o.number()
    o.alerts[number] = body
    return 201, answers.alert(number, body)


def put_alert(o: Organization, number: str, body: Json, **_: Any) -> tuple[int, Any]:
    get(o.alerts, int(number))
    _judge_alert(o, body)
    o.alerts[int(number)] |= body
    return 200, answers.alert(int(number), o.alerts[int(number)])


def delete_alert(o: Organization, number: str, **_: Any) -> tuple[int, Any]:
    get(o.alerts, int(number))
    del o.alerts[int(number)]
    return 204, None


def dashboards(o: Organization, **_: Any) -> tuple[int, Any]:
    return 200, [answers.dashboard_in_list(number, body) for number, body in o.dashboards.items()]


def dashboard(o: Organization, number: str, **_: Any) -> tuple[int, Any]:
    return 200, answers.dashboard(int(number), get(o.dashboards, int(number)))


def _judge_widgets(o: Organization, body: Json, old: Json) -> Iterator[Json]:
    """Check the widgets; one with an `id` is that one as it was, with what is sent on top."""
    known = {widget["id"]: widget for widget in old.get("widgets", [])}
    for widget in body["widgets"]:
        if "id" in widget and widget["id"] not in known:
            raise Refused(400, ["You cannot update widgets that are not part of this dashboard."])
        whole = {**known.get(widget.get("id"), {"id": str(o.number())}), **widget}
        if whole["widget_type"] not in _WIDGETS:
            raise Refused(400, {"widgets": [{"widgetType": ["is deprecated"]}]})
        if any(query["columns"] for query in whole["queries"]) and not whole.get("limit"):
            raise Refused(400, {"widgets": [{"limit": ["is required for grouped widgets"]}]})
        yield whole


def new_dashboard(o: Organization, body: Json, **_: Any) -> tuple[int, Any]:
    if body["title"] in {one["title"] for one in o.dashboards.values()}:
        raise Refused(409, "Dashboard with that title already exists.")
    if len(o.dashboards) >= (most := o.most["dashboards"]):
        raise Refused(400, f"You may not exceed {most} dashboards on your current plan.")
    number = o.number()
    o.dashboards[number] = {**body, "widgets": list(_judge_widgets(o, body, {}))}
    return 201, answers.dashboard(number, o.dashboards[number])


def put_dashboard(o: Organization, number: str, body: Json, **_: Any) -> tuple[int, Any]:
    old = get(o.dashboards, int(number))
    widgets = list(_judge_widgets(o, body, old))
    o.dashboards[int(number)] = {**old, **body, "widgets": widgets}
    return 200, answers.dashboard(int(number), o.dashboards[int(number)])


def delete_dashboard(o: Organization, number: str, **_: Any) -> tuple[int, Any]:
    get(o.dashboards, int(number))
    del o.dashboards[int(number)]
    return 204, None
