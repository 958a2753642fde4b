"""What a body has to be, beyond what Sentry's own schema and server refuse.

Sentry takes many bodies that make an alert which never fires, or always does, and says nothing.
The models here know each of them. They take snake_case only: in camelCase the server would take
the same body, but its schema would check nothing of it.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import ValidationError

from .alerts import AlertBody
from .common import Body, Owner
from .dashboards import DashboardBody
from .monitors import MonitorBody

__all__ = ["Kind", "Owner", "problems"]

Kind = Literal["monitor", "alert", "dashboard", "project"]  # of the last there is but one

_MODELS: Final[dict[Kind, type[Body]]] = {
    "monitor": MonitorBody,
    "alert": AlertBody,
    "dashboard": DashboardBody,
}


def problems(kind: Kind, body: Mapping[str, Any], owner: Owner) -> list[str]:
    """Say what is wrong with a body that is about to be sent: one line for each field.

    A line says which thing, which field, what it should be and what it is.
    """
    try:
        _MODELS[kind].model_validate(body, context=owner)
    except ValidationError as error:
        name = body.get("name") or body.get("title") or "?"
        return [f'{kind} "{name}": {_line(problem)}' for problem in error.errors()]
    return []


def _line(problem: Any) -> str:
    where = ".".join(str(step) for step in problem["loc"])
    context = problem.get("ctx", {})
    message = {
        "extra_forbidden": "should not be there: names are in snake_case, and a widget's query is "
        "conditions",
        "missing": "should be there",
        "too_short": f"should have at least {context.get('min_length')} item",
        "too_long": f"should have at most {context.get('max_length')} items",
        "union_tag_invalid": f"type should be one of {context.get('expected_tags')}, "
        f"not {context.get('tag')!r}",
    }.get(problem["type"], problem["msg"].removeprefix("Value error, ").removeprefix("Input "))
    if isinstance(problem["input"], dict | list):
        return f"{where} {message}".strip()
    return f"{where} {message}, not {problem['input']!r}"
