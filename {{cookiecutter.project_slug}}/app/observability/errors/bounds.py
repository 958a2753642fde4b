"""How much of a team's own data an event holds, before the SDK makes copies of it."""

import re
from datetime import datetime
from typing import Any, Final

from ..plain import MAX_TEXT, Plain, text_of

_CONTEXTS: Final = 32 * 1024  # characters, of all contexts and extras of an event
_BREADCRUMBS: Final = 24 * 1024  # characters, the newest first
_MESSAGE: Final = 1024  # characters, of one breadcrumb
_TAG: Final = 200  # characters, as Sentry keeps them
_NOT_IN_KEYS: Final = re.compile(r"[^a-zA-Z0-9_.:-]")
_LINE_BREAKS: Final = re.compile(r"[\r\n]+")
# Made by the SDK or the standard, and small.
_OWN: Final = frozenset({"trace", "runtime", "path_params", "log"})


def bounded(event: Any, hint: dict[str, Any]) -> Any:
    """Make plain, small data of what an event holds: an event processor, which never raises."""
    plain = Plain(_CONTEXTS, text=MAX_TEXT)
    if user := event.get("user"):  # before all that may leave no room for it
        event["user"] = _object(plain, dict(user))
    contexts = event.get("contexts") or {}
    for name, context in contexts.items():
        if name not in _OWN:
            contexts[name] = _object(plain, context)
    if extra := event.get("extra"):
        event["extra"] = _object(plain, dict(extra))
    if tags := event.get("tags"):
        event["tags"] = dict(_tag(*tag) for tag in dict(tags).items())
    if isinstance(crumbs := event.get("breadcrumbs"), dict):
        crumbs["values"] = _newest(_earlier(crumbs.get("values") or [], event.get("timestamp")))
    return event


def _object(plain: Plain, value: Any) -> dict[str, Any]:
    """Return a part that Sentry takes as an object only, also where there is no room for it."""
    shown = plain.data(value)
    return shown if isinstance(shown, dict) else {"…": shown}


def _tag(key: Any, value: Any) -> tuple[str, str]:
    """Return a tag as Sentry takes it: https://docs.sentry.io/platforms/python/enriching-events/tags/"""
    name = _NOT_IN_KEYS.sub("-", text_of(key, _TAG))
    return name, _LINE_BREAKS.sub(" ", text_of(value, _TAG))


def bounded_breadcrumb(crumb: Any, hint: dict[str, Any]) -> Any:
    """Make plain, small data of a breadcrumb: a hook, which never raises."""
    if "message" in crumb:
        crumb["message"] = text_of(crumb["message"], _MESSAGE)
    if crumb.get("data"):
        crumb["data"] = Plain(_MESSAGE).data(crumb["data"])
    return crumb


def _earlier(crumbs: list[Any], then: Any) -> list[Any]:
    """Return what was before an event, which may have waited for its request's answer."""
    if not _has_zone(then):
        return crumbs
    return [crumb for crumb in crumbs if not _has_zone(at := crumb.get("timestamp")) or at < then]


def _has_zone(time: Any) -> bool:
    # One without, which a team may give, can't be compared.
    return isinstance(time, datetime) and time.tzinfo is not None


def _newest(crumbs: list[Any]) -> list[Any]:
    left = _BREADCRUMBS
    for place in range(len(crumbs) - 1, -1, -1):
        left -= len(str(crumbs[place].get("message", ""))) + len(str(crumbs[place].get("data", "")))
        if left < 0:
            return crumbs[place + 1 :]
    return crumbs
