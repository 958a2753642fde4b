"""One organisation of Sentry's: what is in it, what it takes, and what it refuses."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from demo import sentry_answers as answers
from demo.sentry_events import told

Json = dict[str, Any]

_DATASETS = {"events", "events_analytics_platform", "metrics"}
_WIDGETS = {"issue", "error-events", "spans", "logs", "tracemetrics", "metrics"}


class Refused(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status)
        self.status, self.body = status, body


@dataclass
class Organization:
    """What is in it, by number or slug, in the form in which it was sent."""

    slug: str = "ion"
    dsn_host: str = "o1.ingest.sentry.io"
    teams: dict[str, int] = field(default_factory=lambda: {"ion": 4567, "platform": 4568})
    workspaces: list[Json] = field(default_factory=lambda: [answers.integration(24817, "acme")])
    environments: set[str] = field(default_factory=set)
    projects: dict[str, tuple[int, Json]] = field(default_factory=dict)
    releases: dict[str, Json] = field(default_factory=dict)
    monitors: dict[int, tuple[int, str, Json]] = field(default_factory=dict)
    alerts: dict[int, Json] = field(default_factory=dict)
    dashboards: dict[int, Json] = field(default_factory=dict)
    events: dict[str, Json] = field(default_factory=dict)  # as they were sent, the newest last
    most: dict[str, int] = field(default_factory=lambda: {"dashboards": 20, "monitors": 100})
    _last: int = 1000

    def number(self) -> int:
        self._last += 1
        return self._last

    def add_project(self, slug: str, body: Json) -> int:
        number = self.number()
        self.projects[slug] = (number, body)
        for type, name in (("error", "Error Monitor"), ("issue_stream", "Issue Stream")):
            self.monitors[self.number()] = (number, type, {"name": name})
        return number

    def handle(self, method: str, path: str, query: dict[str, str], body: Json) -> tuple[int, Any]:
        """Answer a request; a list is answered whole. Raises Refused."""
        for its_method, pattern, action in ROUTES:
            if method == its_method and (found := re.fullmatch(pattern, path)):
                slug, *rest = map(unquote, found.groups())
                if slug != self.slug:
                    raise Refused(404, {"detail": "The requested resource does not exist"})
                return action(self, *rest, query=query, body=body)
        raise Refused(404, {"detail": "The requested resource does not exist"})


def _get(items: dict[Any, Any], key: Any) -> Any:
    if key not in items:
        raise Refused(404, {"detail": "The requested resource does not exist"})
    return items[key]


def _teams(o: Organization, **_: Any) -> tuple[int, Any]:
    return 200, [answers.team(number, slug) for slug, number in o.teams.items()]


def _integrations(o: Organization, **_: Any) -> tuple[int, Any]:
    return 200, o.workspaces


def _environments(o: Organization, **_: Any) -> tuple[int, Any]:
    return 200, [{"id": str(i), "name": name} for i, name in enumerate(sorted(o.environments))]


def _project(o: Organization, slug: str, **_: Any) -> tuple[int, Any]:
    number, body = _get(o.projects, slug)
    return 200, answers.project(slug, number, body, o.slug)


def _keys(o: Organization, slug: str, **_: Any) -> tuple[int, Any]:
    number, _body = _get(o.projects, slug)
    dsn = f"https://{number:032x}@{o.dsn_host}/{number}"
    return 200, [answers.key(1, number, "https://off", active=False), answers.key(2, number, dsn)]


def _new_project(o: Organization, team: str, body: Json, **_: Any) -> tuple[int, Any]:
    _get(o.teams, team)
    if len(body["name"]) > 50:
        raise Refused(400, {"name": ["Ensure this field has no more than 50 characters."]})
    if body["slug"] in o.projects:
        raise Refused(409, {"detail": "A project with this slug already exists."})
    number = o.add_project(body["slug"], body)
    made = answers.project(body["slug"], number, body, o.slug)
    return 201, {**made, "team": None}


def _event(o: Organization, slug: str, event_id: str, **_: Any) -> tuple[int, Any]:
    number, _body = _get(o.projects, slug)
    return 200, told(_get(o.events, event_id), number)


def _event_of_issue(o: Organization, issue: str, which: str, **_: Any) -> tuple[int, Any]:
    events = list(o.events.values())
    if issue != "1" or not events:
        raise Refused(404, {"detail": "The requested resource does not exist"})
    return 200, told(events[0 if which == "oldest" else -1], 1)


def _new_release(o: Organization, body: Json, **_: Any) -> tuple[int, Any]:
    status = 208 if body["version"] in o.releases else 201
    o.releases.setdefault(body["version"], body)
    return status, answers.release(body["version"], o.releases[body["version"]])


def _release(o: Organization, version: str, body: Json, **_: Any) -> tuple[int, Any]:
    known = _get(o.releases, version)
    known.update(body or {})
    return 200, answers.release(version, known)


def _repositories(o: Organization, **_: Any) -> tuple[int, Any]:
    return 200, []


def _new_deploy(o: Organization, version: str, body: Json, **_: Any) -> tuple[int, Any]:
    if version not in o.releases:
        raise Refused(404, {"detail": "The requested resource does not exist"})
    o.environments.add(body["environment"])
    dates = {"dateStarted": None, "dateFinished": answers.DATE}
    return 201, {
        "id": "1",
        "url": None,
        "name": body["name"],
        **dates,
        **{"environment": body["environment"]},
    }


def _monitor(o: Organization, number: int) -> Json:
    project, type, body = o.monitors[number]
    alerts = [str(i) for i, alert in o.alerts.items() if number in alert.get("detector_ids", [])]
    return answers.monitor(number, project, type, body, alerts)


def _monitors(o: Organization, query: dict[str, str], **_: Any) -> tuple[int, Any]:
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


def _new_monitor(o: Organization, project: str, body: Json, **_: Any) -> tuple[int, Any]:
    owner, _body = _get(o.projects, project)
    _judge_monitor(o, body)
    if (used := sum(one[1] == "metric_issue" for one in o.monitors.values())) >= o.most["monitors"]:
        raise Refused(400, [f"Used {used}/{used} of allowed metric_issue monitors."])
    number = o.number()
    o.monitors[number] = (owner, "metric_issue", body)
    return 201, _monitor(o, number)


def _put_monitor(o: Organization, number: str, body: Json, **_: Any) -> tuple[int, Any]:
    project, type, old = _get(o.monitors, int(number))
    _judge_monitor(o, body)
    o.monitors[int(number)] = (project, type, old | body)
    return 200, _monitor(o, int(number))


def _delete_monitor(o: Organization, number: str, **_: Any) -> tuple[int, Any]:
    if _get(o.monitors, int(number))[1] != "metric_issue":
        raise Refused(403, {"detail": "You do not have permission to perform this action."})
    del o.monitors[int(number)]
    for alert in o.alerts.values():
        alert["detector_ids"] = [one for one in alert["detector_ids"] if one != int(number)]
    return 204, None


def _alerts(o: Organization, **_: Any) -> tuple[int, Any]:
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


def _new_alert(o: Organization, body: Json, **_: Any) -> tuple[int, Any]:
    _judge_alert(o, body)
    number = o.number()
    o.alerts[number] = body
    return 201, answers.alert(number, body)


def _put_alert(o: Organization, number: str, body: Json, **_: Any) -> tuple[int, Any]:
    _get(o.alerts, int(number))
    _judge_alert(o, body)
    o.alerts[int(number)] |= body
    return 200, answers.alert(int(number), o.alerts[int(number)])


def _delete_alert(o: Organization, number: str, **_: Any) -> tuple[int, Any]:
    _get(o.alerts, int(number))
    del o.alerts[int(number)]
    return 204, None


def _dashboards(o: Organization, **_: Any) -> tuple[int, Any]:
    return 200, [answers.dashboard_in_list(number, body) for number, body in o.dashboards.items()]


def _dashboard(o: Organization, number: str, **_: Any) -> tuple[int, Any]:
    return 200, answers.dashboard(int(number), _get(o.dashboards, int(number)))


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


def _new_dashboard(o: Organization, body: Json, **_: Any) -> tuple[int, Any]:
    if body["title"] in {one["title"] for one in o.dashboards.values()}:
        raise Refused(409, "Dashboard with that title already exists.")
    if len(o.dashboards) >= (most := o.most["dashboards"]):
        raise Refused(400, f"You may not exceed {most} dashboards on your current plan.")
    number = o.number()
    o.dashboards[number] = {**body, "widgets": list(_judge_widgets(o, body, {}))}
    return 201, answers.dashboard(number, o.dashboards[number])


def _put_dashboard(o: Organization, number: str, body: Json, **_: Any) -> tuple[int, Any]:
    old = _get(o.dashboards, int(number))
    widgets = list(_judge_widgets(o, body, old))
    o.dashboards[int(number)] = {**old, **body, "widgets": widgets}
    return 200, answers.dashboard(int(number), o.dashboards[int(number)])


def _delete_dashboard(o: Organization, number: str, **_: Any) -> tuple[int, Any]:
    _get(o.dashboards, int(number))
    del o.dashboards[int(number)]
    return 204, None


_O, _X = "/api/0/organizations/([^/]+)", "([^/]+)"
_P = f"/api/0/projects/{_X}/{_X}"
ROUTES: list[tuple[str, str, Callable[..., tuple[int, Any]]]] = [
    ("GET", f"{_O}/teams/", _teams),
    ("GET", f"{_O}/integrations/", _integrations),
    ("GET", f"{_O}/environments/", _environments),
    ("GET", f"{_P}/", _project),
    ("GET", f"{_P}/keys/", _keys),
    ("GET", f"{_P}/events/{_X}/", _event),
    ("GET", f"{_O}/issues/{_X}/events/(latest|oldest|recommended)/", _event_of_issue),
    ("POST", f"/api/0/teams/{_X}/{_X}/projects/", _new_project),
    ("POST", f"{_O}/releases/", _new_release),
    ("GET", f"{_O}/releases/{_X}/", _release),
    ("PUT", f"{_O}/releases/{_X}/", _release),
    ("POST", f"{_O}/releases/{_X}/deploys/", _new_deploy),
    ("GET", f"{_O}/repos/", _repositories),
    ("GET", f"{_O}/detectors/", _monitors),
    ("POST", f"{_O}/projects/{_X}/detectors/", _new_monitor),
    ("PUT", f"{_O}/detectors/(\\d+)/", _put_monitor),
    ("DELETE", f"{_O}/detectors/(\\d+)/", _delete_monitor),
    ("GET", f"{_O}/workflows/", _alerts),
    ("POST", f"{_O}/workflows/", _new_alert),
    ("PUT", f"{_O}/workflows/(\\d+)/", _put_alert),
    ("DELETE", f"{_O}/workflows/(\\d+)/", _delete_alert),
    ("GET", f"{_O}/dashboards/", _dashboards),
    ("GET", f"{_O}/dashboards/(\\d+)/", _dashboard),
    ("POST", f"{_O}/dashboards/", _new_dashboard),
    ("PUT", f"{_O}/dashboards/(\\d+)/", _put_dashboard),
    ("DELETE", f"{_O}/dashboards/(\\d+)/", _delete_dashboard),
]
