"""Why an error didn't happen again: the likeliest reasons, and what to try."""

import re
from typing import Any, Final

from .model import Event

_TABLE: Final = re.compile(r"\b(?P<verb>FROM|JOIN|INTO|UPDATE)\s+[\"`\[]?(?P<name>[a-z_]\w*)", re.I)


def tables(event: Event) -> list[str]:
    """Return the tables that the event's statements name."""
    statements = [crumb.message for crumb in event.breadcrumbs if crumb.category == "query"]
    names = [found["name"] for text in statements for found in _TABLE.finditer(text)]
    return list(dict.fromkeys(names))[:10]


def outgoing(result: dict[str, Any]) -> list[str]:
    """Return what the request asked of others, and what that was answered."""
    made = [f"{one['request']}: {one.get('status') or one['error']}" for one in result["outgoing"]]
    return list(dict.fromkeys([*made, *(f"{address}: refused" for address in result["refused"])]))


def reasons(event: Event, result: dict[str, Any], *, release: str, is_now: bool) -> list[str]:
    """Return lines, the likeliest reason first; `release` says how to get to the event's."""
    found = []
    if result["fails_twice"]:
        found.append(
            "An earlier, equal request: the second of two fails so. --twice makes both of them."
        )
    filled = (result["request"] or {}).get("filled", [])
    if (status := result["status"]) in (401, 403, 404, 405, 422) and not result["reported"]:
        found.append(f"The request was answered {status} before it got to the error.")
        if filled and status != 404:
            found.append("A value that was filled in may be why: " + "; ".join(filled))
    if release:
        found.append(f"This checkout is not the event's release: {release}")
    if named := tables(event):
        found.append(
            f"Rows: its SQL names {', '.join(named)}, and here they are empty. "
            "Try --seed FILE.py, with `async def seed(session)`, or --database URL."
        )
    if asked := outgoing(result):
        found.append(f"An outside service: {'; '.join(asked)}. What it said isn't in the event.")
    if is_now:
        found.append("Time: leave out --clock now, so that the clock stands where the event's did.")
    if filled and status not in (401, 403, 405, 422):
        found.append("A value that had to be filled in: " + "; ".join(filled))
    if not named and not asked:
        found.append(
            "State of an earlier request: what the process remembered isn't in the event. "
            "Look at what the code above reads that isn't of the request."
        )
    return found
