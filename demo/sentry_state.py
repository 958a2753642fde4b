"""One organisation of Sentry's: what is in it, in the form in which it was sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from demo import sentry_answers as answers

Json = dict[str, Any]


class Refused(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status)
        self.status, self.body = status, body


@dataclass
class Limits:
    """What bounds a project; a new one has these."""

    rate_limit: Json | None = None  # of its key in use
    spike_protection_disabled: bool | None = None
    filters: dict[str, bool] = field(
        default_factory=lambda: {
            **{"browser-extensions": False, "filtered-transaction": True},
            **{"localhost": False, "web-crawlers": True},
        }
    )
    settings: Json = field(default_factory=dict)  # as PUT sends them
    ownership: Json = field(
        default_factory=lambda: {
            **{"raw": "", "fallthrough": False, "codeownersAutoSync": True},
            "autoAssignment": "Auto Assign to Issue Owner",
        }
    )
    repositories: set[int] = field(default_factory=set)


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
    events: Mapping[str, Json] = field(default_factory=dict)  # as they were sent, the newest last
    limits: dict[str, "Limits"] = field(default_factory=dict)  # of each project
    repositories: list[Json] = field(default_factory=list)
    usage: list[Json] = field(default_factory=list)  # the groups of stats_v2
    most: dict[str, int] = field(default_factory=lambda: {"dashboards": 20, "monitors": 100})
    _last: int = 1000

    def number(self) -> int:
        self._last += 1
        return self._last

    def add_project(self, slug: str, body: Json) -> int:
        number = self.number()
        self.projects[slug] = (number, body)
        self.limits[slug] = Limits()
        for type, name in (("error", "Error Monitor"), ("issue_stream", "Issue Stream")):
            self.monitors[self.number()] = (number, type, {"name": name})
        return number


def get(items: Mapping[Any, Any], key: Any) -> Any:
    """Return what is there. Raises Refused."""
    if key not in items:
        raise Refused(404, {"detail": "The requested resource does not exist"})
    return items[key]
