"""Which part of an organisation answers which request."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from demo import sentry_limits as limits
from demo import sentry_monitoring as monitoring
from demo import sentry_project as project
from demo.sentry_state import Json, Organization, Refused

_O, _X = "/api/0/organizations/([^/]+)", "([^/]+)"
_P = f"/api/0/projects/{_X}/{_X}"
ROUTES: list[tuple[str, str, Callable[..., tuple[int, Any]]]] = [
    ("GET", f"{_O}/teams/", project.teams),
    ("GET", f"{_O}/integrations/", project.integrations),
    ("GET", f"{_O}/environments/", project.environments),
    ("GET", f"{_P}/", project.project),
    ("PUT", f"{_P}/", limits.put_project),
    ("GET", f"{_P}/keys/", project.keys),
    ("PUT", f"{_P}/keys/{_X}/", limits.put_key),
    ("GET", f"{_P}/filters/", limits.filters),
    ("PUT", f"{_P}/filters/{_X}/", limits.put_filter),
    ("GET", f"{_P}/ownership/", limits.ownership),
    ("PUT", f"{_P}/ownership/", limits.put_ownership),
    ("GET", f"{_P}/repo/", limits.linked),
    ("POST", f"{_P}/repo/", limits.link),
    ("POST", f"{_O}/spike-protections/", limits.protect),
    ("DELETE", f"{_O}/spike-protections/", limits.unprotect),
    ("GET", f"{_P}/events/{_X}/", project.event),
    ("GET", f"{_O}/issues/{_X}/events/(latest|oldest|recommended)/", project.event_of_issue),
    ("POST", f"/api/0/teams/{_X}/{_X}/projects/", project.new_project),
    ("POST", f"{_O}/releases/", project.new_release),
    ("GET", f"{_O}/releases/{_X}/", project.release),
    ("PUT", f"{_O}/releases/{_X}/", project.release),
    ("POST", f"{_O}/releases/{_X}/deploys/", project.new_deploy),
    ("GET", f"{_O}/repos/", project.repositories),
    ("GET", f"{_O}/stats_v2/", project.usage),
    ("GET", f"{_O}/detectors/", monitoring.monitors),
    ("POST", f"{_O}/projects/{_X}/detectors/", monitoring.new_monitor),
    ("PUT", f"{_O}/detectors/(\\d+)/", monitoring.put_monitor),
    ("DELETE", f"{_O}/detectors/(\\d+)/", monitoring.delete_monitor),
    ("GET", f"{_O}/workflows/", monitoring.alerts),
    ("POST", f"{_O}/workflows/", monitoring.new_alert),
    ("PUT", f"{_O}/workflows/(\\d+)/", monitoring.put_alert),
    ("DELETE", f"{_O}/workflows/(\\d+)/", monitoring.delete_alert),
    ("GET", f"{_O}/dashboards/", monitoring.dashboards),
    ("GET", f"{_O}/dashboards/(\\d+)/", monitoring.dashboard),
    ("POST", f"{_O}/dashboards/", monitoring.new_dashboard),
    ("PUT", f"{_O}/dashboards/(\\d+)/", monitoring.put_dashboard),
    ("DELETE", f"{_O}/dashboards/(\\d+)/", monitoring.delete_dashboard),
]


def handle(
    o: Organization, method: str, path: str, query: dict[str, str], body: Json
) -> tuple[int, Any]:
    """Answer a request; a list is answered whole. Raises Refused."""
    for its_method, pattern, action in ROUTES:
        if method == its_method and (found := re.fullmatch(pattern, path)):
            slug, *rest = map(unquote, found.groups())
            if slug != o.slug:
                break
            return action(o, *rest, query=query, body=body)
    raise Refused(404, {"detail": "The requested resource does not exist"})
