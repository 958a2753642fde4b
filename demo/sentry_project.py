"""Projects, releases and events of an organisation: what Sentry takes, and what it refuses."""

from typing import Any

from demo import sentry_answers as answers
from demo.sentry_events import told
from demo.sentry_state import Json, Organization, Refused, get


def teams(o: Organization, **_: Any) -> tuple[int, Any]:
    return 200, [answers.team(number, slug) for slug, number in o.teams.items()]


def integrations(o: Organization, **_: Any) -> tuple[int, Any]:
    return 200, o.workspaces


def environments(o: Organization, **_: Any) -> tuple[int, Any]:
    return 200, [{"id": str(i), "name": name} for i, name in enumerate(sorted(o.environments))]


def project(o: Organization, slug: str, **_: Any) -> tuple[int, Any]:
    number, body = get(o.projects, slug)
    limits = o.limits[slug]
    options = {"quotas:spike-protection-disabled": limits.spike_protection_disabled}
    made = answers.project(slug, number, body, o.slug)
    return 200, {**made, **limits.settings, "options": options}


def keys(o: Organization, slug: str, **_: Any) -> tuple[int, Any]:
    number, _body = get(o.projects, slug)
    dsn = f"https://{number:032x}@{o.dsn_host}/{number}"
    used = answers.key(2, number, dsn) | {"rateLimit": o.limits[slug].rate_limit}
    return 200, [answers.key(1, number, "https://off", active=False), used]


def new_project(o: Organization, team: str, body: Json, **_: Any) -> tuple[int, Any]:
    get(o.teams, team)
    if len(body["name"]) > 50:
        raise Refused(400, {"name": ["Ensure this field has no more than 50 characters."]})
    if body["slug"] in o.projects:
        raise Refused(409, {"detail": "A project with this slug already exists."})
    number = o.add_project(body["slug"], body)
    made = answers.project(body["slug"], number, body, o.slug)
    return 201, {**made, "team": None}


def event(o: Organization, slug: str, event_id: str, **_: Any) -> tuple[int, Any]:
    number, _body = get(o.projects, slug)
    return 200, told(get(o.events, event_id), number)


def event_of_issue(o: Organization, issue: str, which: str, **_: Any) -> tuple[int, Any]:
    events = list(o.events.values())
    if issue != "1" or not events:
        raise Refused(404, {"detail": "The requested resource does not exist"})
    return 200, told(events[0 if which == "oldest" else -1], 1)


def new_release(o: Organization, body: Json, **_: Any) -> tuple[int, Any]:
    status = 208 if body["version"] in o.releases else 201
    o.releases.setdefault(body["version"], body)
    return status, answers.release(body["version"], o.releases[body["version"]])


def release(o: Organization, version: str, body: Json, **_: Any) -> tuple[int, Any]:
    known = get(o.releases, version)
    known.update(body or {})
    return 200, answers.release(version, known)


def repositories(o: Organization, query: dict[str, str], **_: Any) -> tuple[int, Any]:
    return 200, [one for one in o.repositories if query.get("query", "") in one["name"]]


def usage(o: Organization, **_: Any) -> tuple[int, Any]:
    return 200, {"start": answers.DATE, "end": answers.DATE, "intervals": [], "groups": o.usage}


def new_deploy(o: Organization, version: str, body: Json, **_: Any) -> tuple[int, Any]:
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
