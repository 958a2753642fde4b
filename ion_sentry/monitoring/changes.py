"""What has to be done to one kind of things, so that it is as `watch.toml` says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .compare import Difference, as_body, differences
from .rules import Kind
from .service import WIDGET_MARK, Service

Json = dict[str, Any]
Verb = Literal["create", "update", "delete"]


@dataclass(frozen=True)
class Change:
    """One thing to write. `body` is what is sent, `id` what it is sent to."""

    verb: Verb
    kind: Kind
    label: str
    body: Json = field(default_factory=dict)
    id: str = ""
    differences: list[Difference] = field(default_factory=list)
    why: str = ""


def changes(
    kind: Kind, want: Mapping[str, Json], have: list[Json], service: Service, *, prune: bool
) -> tuple[list[Change], list[str]]:
    """Compare all things of a kind. Returns what to do, and what is left that `prune` removes.

    Names are not unique in Sentry: where two carry the same, the older one is kept. So everybody
    who applies at the same time comes to the same result.
    """
    ours: dict[str, list[Json]] = {}
    orphans: list[tuple[str, Json]] = []
    for served in sorted(have, key=lambda served: int(served["id"])):
        name = served.get("name") or served.get("title") or ""
        if label := service.label_of(name):
            ours.setdefault(label, []).append(served)
        elif label := service.orphan_of(name):
            orphans.append((label, served))
    todo: list[Change] = []
    left: list[str] = []
    for label, body in want.items():
        first, *twins = ours.pop(label, [None])
        todo += [
            Change("delete", kind, label, id=twin["id"], why="a twin") for twin in twins if twin
        ]
        if first is None:
            todo.append(Change("create", kind, label, body))
            continue
        now = as_body(kind, first)
        if kind == "dashboard":
            body, found, marked = _merged(body, now, prune=prune)
            left += [f'widget "{title}" of dashboard "{label}"' for title in marked]
        else:
            found = differences(body, now)
        if found:
            todo.append(Change("update", kind, label, body, first["id"], found))
    leftovers = [(label, one) for label, those in ours.items() for one in those] + orphans
    if prune:
        todo += [
            Change("delete", kind, label, id=leftover["id"], why="no longer in watch.toml")
            for label, leftover in leftovers
        ]
    else:
        left += dict.fromkeys(f'{kind} "{label}"' for label, _leftover in leftovers)
    return todo, left


def _merged(want: Json, now: Json, *, prune: bool) -> tuple[Json, list[Difference], list[str]]:
    """Put the numbers of the widgets into a body, and keep those that people added by hand.

    A dashboard is written as a whole: a widget that isn't in the body would be deleted, one of
    which only the `id` is there stays as it is. Returns the body, the differences, and the titles
    of widgets that are ours but in `watch.toml` no longer.
    """
    found = differences({name: want[name] for name in want if name != "widgets"}, now)
    others: list[Json] = sorted(now["widgets"], key=lambda widget: not _is_marked(widget))
    widgets: list[Json] = []
    for widget in want["widgets"]:
        title = ("widget", f'"{widget["title"]}"')
        same = next((other for other in others if other["title"] == widget["title"]), None)
        if same is None:
            found.append(Difference(title, None, "there"))
            widgets.append(widget)
        else:
            others.remove(same)
            found += differences(widget, same, title)
            widgets.append({"id": same["id"], **widget})
    marked = [other for other in others if _is_marked(other)]
    if prune:
        others = [other for other in others if not _is_marked(other)]
        found += [Difference(("widget", f'"{m["title"]}"'), "there", None) for m in marked]
    body = {**want, "widgets": widgets + [{"id": other["id"]} for other in others]}
    return body, found, [] if prune else [other["title"] for other in marked]


def _is_marked(widget: Json) -> bool:
    return str(widget.get("description") or "").endswith(WIDGET_MARK)
