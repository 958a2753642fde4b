"""What bounds a project, and who owns its issues: what Sentry takes, and what it refuses."""

import re
from typing import Any

from demo import sentry_answers as answers
from demo.sentry_project import keys, project
from demo.sentry_state import Json, Organization, Refused, get

_RULE = re.compile(r"(path|url|module|tags\.[\w.-]+):\S+((?: #[\w-]+)+)")


def put_project(o: Organization, slug: str, body: Json, **_: Any) -> tuple[int, Any]:
    get(o.limits, slug).settings.update(body)
    return project(o, slug)


def put_key(o: Organization, slug: str, number: str, body: Json, **_: Any) -> tuple[int, Any]:
    if number != "2":
        raise Refused(404, {"detail": "The requested resource does not exist"})
    limit = body["rateLimit"]
    get(o.limits, slug).rate_limit = limit if limit["count"] else None
    return 200, keys(o, slug)[1][-1]


def filters(o: Organization, slug: str, **_: Any) -> tuple[int, Any]:
    found = get(o.limits, slug).filters
    old = {"id": "legacy-browsers", "active": ["ie9"]}
    return 200, [*({"id": name, "active": is_on} for name, is_on in found.items()), old]


def put_filter(o: Organization, slug: str, name: str, body: Json, **_: Any) -> tuple[int, Any]:
    get(get(o.limits, slug).filters, name)
    o.limits[slug].filters[name] = body["active"]
    return 204, None


def ownership(o: Organization, slug: str, **_: Any) -> tuple[int, Any]:
    dates = {"dateCreated": answers.DATE, "lastUpdated": answers.DATE}
    return 200, {**get(o.limits, slug).ownership, **dates, "isActive": True, "schema": None}


def put_ownership(o: Organization, slug: str, body: Json, **_: Any) -> tuple[int, Any]:
    lines = [line for line in body.get("raw", "").splitlines() if line.strip() and line[0] != "#"]
    for line in lines:
        if not (rule := _RULE.fullmatch(line)):
            raise Refused(400, {"raw": [f"Parse error: 'ownership' ({line})"]})
        if unknown := {name[1:] for name in rule[2].split()} - o.teams.keys():
            raise Refused(400, {"raw": [f"Invalid rule owners: #{min(unknown)}"]})
    get(o.limits, slug).ownership |= body
    return 202, ownership(o, slug)[1]


def protect(o: Organization, body: Json, **_: Any) -> tuple[int, Any]:
    for slug in body["projects"]:
        get(o.limits, slug).spike_protection_disabled = False
    return 201, None


def unprotect(o: Organization, body: Json, **_: Any) -> tuple[int, Any]:
    for slug in body["projects"]:
        get(o.limits, slug).spike_protection_disabled = True
    return 200, None


def linked(o: Organization, slug: str, **_: Any) -> tuple[int, Any]:
    known = get(o.limits, slug).repositories
    number = str(o.projects[slug][0])
    return 200, [
        {
            **{"id": one["id"], "projectId": number, "repositoryId": one["id"]},
            **{"repoName": one["name"], "source": "manual", "providerKey": "github"},
        }
        for one in o.repositories
        if int(one["id"]) in known
    ]


def link(o: Organization, slug: str, body: Json, **_: Any) -> tuple[int, Any]:
    number = body["repositoryId"]
    if number not in {int(one["id"]) for one in o.repositories}:
        raise Refused(404, {"detail": "Repository not found"})
    known = get(o.limits, slug).repositories
    is_new = number not in known
    known.add(number)
    told = {"id": "1", "projectId": str(o.projects[slug][0]), "repositoryId": str(number)}
    return 201 if is_new else 200, {**told, "source": "manual", "created": is_new}
