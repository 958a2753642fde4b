"""What bounds a project, and who owns its issues: from `watch.toml`, compared with what is set.

A project has one of each, so none is created or found by a name: what `watch.toml` doesn't say is
left alone. Of the ownership rules only those between two marks are ours.

Sources: Sentry's API schema; inbound_filters.py and project_ownership.py of getsentry/sentry. By
the schema spike protection can only be written; whether it is on stands in the project's options.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from .changes import Change
from .compare import Difference
from .service import Service
from .watch import Filters, Limits

Json = dict[str, Any]

BEGIN: Final = "# >>> watch.toml: `make monitoring-apply` rewrites what is between these two lines"
END: Final = "# <<< watch.toml"
_SPIKES: Final = "quotas:spike-protection-disabled"
_BY_RULES: Final = "Auto Assign to Issue Owner"  # not to who wrote the suspect commit
# Sentry's names, and whether they are on in a new project.
_FILTERS: Final[Mapping[str, tuple[str, bool]]] = {
    "health_checks": ("filtered-transaction", True),
    "crawlers": ("web-crawlers", True),
    "localhost": ("localhost", False),
}


@dataclass(frozen=True)
class Found:
    """What is set in Sentry; of a project that is yet to be made, what a new one has."""

    project: Json
    key: Json
    filters: Mapping[str, Any]
    ownership: Json

    @classmethod
    def new(cls) -> "Found":
        """Return what a new project has."""
        return cls({}, {"id": ""}, dict(_FILTERS.values()), {"autoAssignment": _BY_RULES})

    @property
    def preset(self) -> list[str]:
        """The tags that Sentry shows first for the project's platform."""
        return (self.project.get("highlightPreset") or {}).get("tags") or []


def limit_changes(
    limits: Limits | None, found: Found, service: Service, *, prune: bool
) -> tuple[list[Change], list[str]]:
    """Return what has to be written, and what is left that `prune` removes."""
    if limits is None:
        return [], []
    todo = [change for change in _all(limits, found, service) if change.differences]
    if prune or limits.owners is not None:
        return todo, []
    # Nothing but rules carries a mark that it was ours.
    kept = [change for change in todo if change.label != "ownership"]
    return kept, ["ownership rules"] if len(kept) < len(todo) else []


def resets(limits: Limits | None, found: Found, service: Service) -> list[Change]:
    """Return what takes back what is as `watch.toml` says, to what a new project has.

    And our rules, whatever it says: they carry our mark.
    """
    if limits is None:
        return []
    ours = {one.label for one in _all(limits, found, service) if not one.differences}
    new = Limits.model_construct(
        events_per_minute=0,
        filters=Filters(**{name: is_on for name, (_id, is_on) in _FILTERS.items()}),
        resolve_after=0,
        highlighted_tags=found.preset,
    )
    return [
        Change("delete", one.kind, one.label, one.body, one.id, why="back to a new project's")
        for one in _all(new, found, service)
        if one.label in {*ours, "ownership"} and one.differences
    ]


def _all(limits: Limits, found: Found, service: Service) -> Iterator[Change]:
    """Yield each limit that is said, with its difference if there is one."""
    if (number := limits.events_per_minute) is not None:
        # By the schema it isn't null that takes the limit away, but two of them.
        want = {"window": 60 if number else None, "count": number or None}
        path = f"keys/{found.key['id']}/"
        values = _rate(found.key.get("rateLimit") or {}), _rate(want)
        yield _limit("events a minute", path, "rateLimit", *values, {"rateLimit": want})
    if limits.spike_protection is not None:
        options = found.project.get("options") or {}
        is_on = not options.get(_SPIKES)  # none said: it is on, or this Sentry has no such thing
        body = {"projects": [service.slug]}
        yield _limit("spike protection", "", "enabled", is_on, limits.spike_protection, body)
    for name, (id, _new) in _FILTERS.items():
        if (is_on := getattr(limits.filters, name)) is None:
            continue
        said = f"filter {name.replace('_', ' ')}"
        yield _limit(said, f"filters/{id}/", "active", found.filters.get(id), is_on)
    if (seconds := limits.resolve_after) is not None:
        hours, have = seconds // 3600, found.project.get("resolveAge") or 0
        yield _limit("resolve after hours", "/", "resolveAge", have, hours)
    if limits.highlighted_tags is not None:
        tags = list(dict.fromkeys([*limits.highlighted_tags, *found.preset]))
        have = found.project.get("highlightTags") or []
        yield _limit("highlighted tags", "/", "highlightTags", have, tags)
    yield from _ownership(limits, found, service)


def _ownership(limits: Limits, found: Found, service: Service) -> Iterator[Change]:
    """Compare our part of the rules; where nothing is said of them, it goes."""
    have = found.ownership.get("raw") or ""
    rules = [
        " ".join([matcher, *(f"#{team}" for team in teams or [service.owner])])
        for matcher, teams in (limits.owners or {}).items()
    ]
    want = _with_rules(have, rules)
    body = {"raw": want}
    differences = []
    if want.splitlines() != have.splitlines():
        differences.append(Difference(("rules",), _rules_in(have), _rules_in(want)))
    if rules:
        body["autoAssignment"] = _BY_RULES
        if (had := found.ownership.get("autoAssignment")) != _BY_RULES:
            differences.append(Difference(("autoAssignment",), had, _BY_RULES))
    if limits.owners is not None or differences:
        yield Change("update", "project", "ownership", body, "ownership/", differences)


def _rules_in(raw: str) -> list[str]:
    return [line for line in raw.splitlines() if line.strip() and not line.startswith("#")]


def _with_rules(raw: str, rules: list[str]) -> str:
    """Put our rules into the place that is ours, and leave all other lines as they are."""
    lines = raw.splitlines()
    if BEGIN in lines and END in lines[lines.index(BEGIN) :]:
        first = lines.index(BEGIN)
        before, after = lines[:first], lines[lines.index(END, first) + 1 :]
    else:
        before, after = [], lines  # the last rule that fits decides: people's own go after ours
    return "\n".join([*before, *([BEGIN, *rules, END] if rules else []), *after])


def _limit(
    label: str, path: str, field: str, have: Any, want: Any, body: Json | None = None
) -> Change:
    differences = [] if want == have else [Difference((field,), have, want)]
    return Change("update", "project", label, body or {field: want}, path, differences)


def _rate(limit: Json) -> str | None:
    count, window = limit.get("count"), limit.get("window")
    return f"{count} in {window} s" if count and window else None  # Sentry wants both, too
