"""What a person reads: a plan, short enough to be read, and what was done."""

import json
import os
import shutil
import sys
from collections.abc import Iterator
from typing import Any, Final, TextIO

from .bodies import targets
from .changes import Change
from .compare import ABSENT, Difference
from .reconcile import Plan
from .service import Service
from .watch import Monitor, Watch

_STYLES: Final = {"create": "32", "update": "33", "delete": "31", "bold": "1", "dim": "2"}
_SIGNS: Final = {"create": "+", "update": "~", "delete": "-"}
# Parts of a path in a body that tell a reader nothing.
_WRAPPERS: Final = {
    *("config", "data", "data_sources", "condition_group", "action_filters", "conditions"),
    *("queries", "triggers", "layout", ""),
}


def style(name: str, text: str, stream: TextIO | None = None) -> str:
    """Colour `text` where a person looks at it: not in a pipe, nor with NO_COLOR."""
    terminal = (stream or sys.stdout).isatty() and os.environ.get("TERM") != "dumb"
    return f"\x1b[{_STYLES[name]}m{text}\x1b[0m" if terminal and not _plain() else text


def _plain() -> bool:
    return bool(os.environ.get("NO_COLOR"))


def clip(text: str, used: int = 0) -> str:
    """Make one line that fits, and that can't steer the terminal."""
    line, width = _harmless(text), _width() - used
    return line if len(line) <= width else f"{line[: width - 1]}…"


def _width() -> int:
    return max(shutil.get_terminal_size((100, 24)).columns, 60)


def _harmless(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


def plan_lines(plan: Plan, watch: Watch, service: Service, url: str) -> Iterator[str]:
    """Yield the lines of a plan; the last one sums it up."""
    yield _headline(service, url)
    width = max((len(change.label) for change in plan.changes), default=0)
    if plan.project_wanted:
        yield _line("create", "project", service.slug, f"of team {service.owner}", width)
    if not plan.environment_known:
        how = "new in Sentry, made by recording a deploy"
        yield _line("create", "environment", service.environment, how, width)
    if plan.dsn_wanted:
        yield _line("create", ".env", "SENTRY_DSN", "the project's", width)
    if plan.unlinked:
        yield _line("create", "repository", service.repository, "linked with the project", width)
    for change in plan.changes:
        more = _summary(change, watch, service)
        yield _line(change.verb, change.kind, change.label, more, width)
        if change.kind != "project":
            for one in change.differences:
                yield from _difference(one, _names(plan, service))
    yield from (f"  {style('dim', clip(note, 2))}" for note in plan.notes)
    if plan.left:
        some = ", ".join(plan.left)
        yield f"  {style('dim', clip(f'no longer in watch.toml, --prune removes: {some}', 2))}"
    yield summary(plan)


def summary(*plans: Plan) -> str:
    """Count what there is to do."""
    verbs = [change.verb for plan in plans for change in plan.changes]
    created = verbs.count("create")
    for plan in plans:
        created += plan.project_wanted + (not plan.environment_known) + plan.dsn_wanted
        created += bool(plan.unlinked)
    counts = {
        "to create": created,
        "to change": verbs.count("update"),
        "to remove": verbs.count("delete"),
    }
    told = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    return told or "nothing to do"


def destroy_lines(found: list[Change], service: Service, url: str) -> Iterator[str]:
    """Yield what would be removed."""
    yield _headline(service, url)
    yield from (_line("delete", change.kind, change.label, change.why) for change in found)
    yield "the project, its issues and its DSN stay" if found else "nothing to do"


def _headline(service: Service, url: str) -> str:
    where = f"organisation {service.org} at {url}"
    return style("bold", f"{service.slug}, {service.environment}: {where}")


def _line(verb: str, kind: str, label: str, more: str = "", width: int = 0) -> str:
    start = f"{kind:11} {label:{width if more else 0}}"
    rest = clip(f"  {more}", len(start) + 4) if more else ""
    return f"  {style(verb, _SIGNS[verb])} {clip(start, 4)}{style('dim', rest)}"


def _summary(change: Change, watch: Watch, service: Service) -> str:
    if change.kind == "project":
        told = [(_value(one.have, {}), _value(one.want, {})) for one in change.differences]
        return "; ".join(f"{have} → {want}" for have, want in told)
    if change.verb != "create":
        return change.why
    if change.kind == "dashboard":
        return ", ".join(widget["title"] for widget in change.body["widgets"])
    alert = next(alert for alert in watch.alerts if alert.name == change.label)
    if change.kind == "monitor":
        assert isinstance(alert.watch, Monitor)
        what = alert.watch
        limit = f"above {what.above:g}" if what.above is not None else f"below {what.below:g}"
        unit = " % of before" if what.compared_with else ""
        return f"{what.measure} {limit}{unit}, over {what.over // 60} min"
    return "; ".join(
        f"{tell.severity.name} by {' and '.join(map(_target, targets(tell, service)))}"
        for tell in alert.tell
    )


def _target(target: tuple[str, str]) -> str:
    kind, name = target
    return f"Slack #{name}" if kind == "slack" else f"e-mail to {name}"


def _difference(one: Difference, names: dict[str, str]) -> Iterator[str]:
    *path, last = one.path
    where = " ".join([*(part for part in path if part not in _WRAPPERS), last])
    values = (_value(value, names if one.is_id else {}) for value in (one.have, one.want))
    have, want = (_harmless(value) for value in values)
    if one.want is ABSENT:
        yield f"      {where} {have} → removed"
    elif one.have is ABSENT:
        yield f"      {where} {want} → added"
    elif len(where + have + want) + 11 <= _width():
        yield f"      {where}  {have} → {want}"
    else:  # whole, below each other: the end may be what differs
        yield from (f"      {where}", f"        {style('delete', '-')} {have}")
        yield f"        {style('create', '+')} {want}"


def _value(value: Any, names: dict[str, str]) -> str:
    if value in (None, "", [], ABSENT):
        return "nothing"
    if isinstance(value, list):
        return ", ".join(_value(item, names) for item in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = names.get(str(value), value)
    return text if isinstance(text, str) else json.dumps(text, ensure_ascii=False)


def _names(plan: Plan, service: Service) -> dict[str, str]:
    """Say the names of what Sentry has numbers for."""
    names = {str(number): slug for slug, number in plan.teams.items()}
    names |= {f"team:{number}": slug for slug, number in plan.teams.items()}
    for served in plan.have["monitor"]:
        label = service.label_of(served["name"]) or served["name"]
        names[str(served["id"])] = f'monitor "{label}"'
    names["0"] = "the new one"
    if plan.project:
        names[str(plan.project["id"])] = service.slug
    return names
