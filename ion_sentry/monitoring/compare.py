"""Compares what should be in Sentry with what is, by meaning and not by letter.

Sentry answers in camelCase, adds numbers and dates, wraps a monitor's query into three others,
sorts conditions anew, and turns a channel's name into its number. None of that is a change.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from .rules import Kind

Json = dict[str, Any]

ABSENT: Final = object()
# Sent, but not told again by every Sentry.
_MAY_BE_UNTOLD: Final = {"query_type", "extrapolation_mode"}
# Found by Sentry itself where we leave them empty.
_FILLED_IN: Final = {"target_identifier", "target_display"}
# Lists whose order means something; all others are sets.
_ORDERED: Final = {"fields", "columns", "aggregates", "field_aliases", "queries"}
_IDS: Final = {"detector_ids", "owner", "target_identifier", "integration_id", "projects"}


@dataclass(frozen=True)
class Difference:
    """One thing that is not as it should be: ABSENT stands for what isn't or shouldn't be there."""

    path: tuple[str, ...]
    have: Any
    want: Any

    @property
    def is_id(self) -> bool:
        """Whether the values are numbers that Sentry gave."""
        return bool(self.path) and self.path[-1] in _IDS


def as_body(kind: Kind, served: Json) -> Json:
    """Bring an answer of Sentry's into the form of a body."""
    body: Json = _snake(served)
    if kind == "monitor":
        if owner := body.get("owner"):
            body["owner"] = f"{owner['type']}:{owner['id']}"
        sources = body.get("data_sources") or []
        body["data_sources"] = [source["query_obj"]["snuba_query"] for source in sources]
    return body


def differences(want: Any, have: Any, path: tuple[str, ...] = ()) -> list[Difference]:
    """List where `have` isn't what `want` says; what only `have` knows doesn't count."""
    if isinstance(want, dict) and isinstance(have, dict):
        return [
            found
            for name, value in want.items()
            if not (name in _MAY_BE_UNTOLD and have.get(name) is None)
            and not (name in _FILLED_IN and not value)
            for found in differences(value, have.get(name), (*path, name))
        ]
    if isinstance(want, list) and isinstance(have, list):
        ordered = path[-1] in _ORDERED
        if any(isinstance(item, dict) for item in want):
            if not ordered:
                return list(_unordered(want, have, path))
            if len(want) == len(have):
                pairs = zip(want, have, strict=True)
                return [found for one, other in pairs for found in differences(one, other, path)]
        order = list if ordered else sorted
        same = order(map(_plain, want)) == order(map(_plain, have))
    elif path[-1] == "tags":
        same = _tags(want) == _tags(have)
    else:
        same = want == have or _plain(want) == _plain(have)
    return [] if same else [Difference(path, have, want)]


def title_of(item: Json) -> str:
    """Name a part of a body, such as a condition, an action or a widget."""
    return str(item.get("title") or item.get("type") or "")


def _unordered(want: list[Json], have: list[Json], path: tuple[str, ...]) -> Iterator[Difference]:
    """Pair each item with the one that is most like it."""
    left = list(have)
    missing = []
    for item in want:
        same = next((other for other in left if not differences(item, other)), None)
        if same is None:
            missing.append(item)
        else:
            left.remove(same)
    for item in missing:
        alike = [other for other in left if title_of(other) == title_of(item)]
        if alike:
            nearest = min(alike, key=lambda other: len(differences(item, other)))
            left.remove(nearest)
            yield from differences(item, nearest, (*path, title_of(item)))
        else:
            yield Difference(path, ABSENT, title_of(item) or _gist(item))
    for other in left:
        yield Difference(path, title_of(other) or _gist(other), ABSENT)


def _gist(item: Json) -> str:
    parts = [*(item.get("conditions") or []), *(item.get("actions") or [])]
    return " ".join(filter(None, map(title_of, parts))) or "all"


def _plain(value: Any) -> str:
    """Take off what Sentry writes in its own way: numbers as text, spaces, #, the user's tag."""
    text = re.sub(r"\s+", " ", "" if value is None else str(value)).strip()
    return text.removeprefix("#").replace("tags[sentry:user]", "user")


def _tags(value: Any) -> set[str]:
    return {tag.strip() for tag in str(value or "").split(",")}


def _snake(value: Any) -> Any:
    if isinstance(value, dict):
        return {re.sub(r"(?<!^)([A-Z])", r"_\1", k).lower(): _snake(v) for k, v in value.items()}
    return [_snake(child) for child in value] if isinstance(value, list) else value
