"""Events in the forms that they come in: envelopes, downloads, and answers of the web API."""

import json
import re
from typing import Any, Final

from ion_sentry.git import Failure

from .model import Event, as_object, as_objects, as_pairs, as_text

LARGEST: Final = 5_000_000  # bytes; Sentry takes events of 1 MB
# Sentry makes tags of these, and may tell them as nothing else.
_ALSO_TAGS: Final = ("environment", "level", "logger", "release", "transaction")
# What the standard says of a failure that has no exception.
_ANSWERED: Final = re.compile(r"[A-Z]+ .{1,2048} answered \d{3}")


def refuse_foreign(event: Event, service: str) -> None:
    """Raise Failure if an event can't be reproduced in a checkout of `service`."""
    if event.release and not event.release.startswith(f"{service}@"):
        raise Failure(f"The event is of release {event.release!r}, which is not of {service}.")
    if event.request.url.partition(":")[0].lower() in ("ws", "wss"):
        raise Failure("The event is of a websocket. Only requests can be reproduced.")
    is_log = event.logger and event.level in ("error", "fatal")
    if not event.exception and not is_log and not _ANSWERED.fullmatch(event.logentry.message):
        raise Failure("The event is a message without an error: there is nothing to reproduce.")


def read_event(data: bytes) -> Event:
    """Read an event: as sent in an envelope, as Sentry's page downloads it, or as its API tells it.

    Raises:
        Failure: if it is none.
    """
    if len(data) > LARGEST:
        raise Failure(f"The file is larger than {LARGEST // 1_000_000} MB, which no event is.")
    try:
        found = _parsed(data)
    except RecursionError:
        raise Failure("The file is nested deeper than any event is.") from None
    return event_of(found)


def event_of(found: Any) -> Event:
    """Read what JSON holds, as the service sent it or as the web API tells it.

    Raises:
        Failure: if it is no event, or none of an error.
    """
    if isinstance(found, dict) and isinstance(found.get("event"), dict):
        found = found["event"]  # `/eventids/` tells where it is, too
    if not isinstance(found, dict) or not found.keys() & {"event_id", "eventID"}:
        raise Failure("This is JSON, but no event.")
    event = Event.model_validate(_of_api(found) if "entries" in found else found)
    for name in _ALSO_TAGS:
        if not getattr(event, name):
            setattr(event, name, event.tag(name))
    if event.type == "transaction":
        raise Failure("The event is a transaction. Only errors can be reproduced.")
    try:
        event.model_dump(mode="json")
    except ValueError as error:  # of what it holds at a depth that isn't looked at
        raise Failure(f"The event can't be read: {error}.") from None
    if event.timestamp is None:
        raise Failure("The event doesn't say when it happened, or an impossible time.")
    return event


def _parsed(data: bytes) -> Any:
    first, _, rest = data.strip().partition(b"\n")
    try:
        return json.loads(data)
    except ValueError as error:
        problem = str(error)
    try:
        if isinstance(json.loads(first), dict):
            return _of_envelope(rest)
    except ValueError:
        pass
    raise Failure(f"The file is neither an event as JSON nor an envelope: {problem}.")


def _of_envelope(items: bytes) -> Any:
    """Return an envelope's first event: https://develop.sentry.dev/sdk/foundations/envelopes/"""
    while items.strip():
        line, _, items = items.lstrip(b"\n").partition(b"\n")
        header = as_object(json.loads(line))
        end = header.get("length")
        end = end if type(end) is int and end >= 0 else items.find(b"\n") % (len(items) + 1)
        if header.get("type") == "event":
            return json.loads(items[:end])
        items = items[end:]
    raise Failure("There is no event in the envelope.")


def _of_api(told: dict[str, Any]) -> dict[str, Any]:
    """Return an event of Sentry's web API as its service sent it."""
    entries = {
        as_text(entry.get("type")): entry.get("data") for entry in as_objects(told["entries"])
    }
    tags = [
        (as_text(tag.get("key")), as_text(tag.get("value"))) for tag in as_objects(told.get("tags"))
    ]
    request = as_object(entries.get("request"))
    for link in (links := as_objects(entries.get("exception"))):
        for frame in as_objects(as_object(link.get("stacktrace")).get("frames")):
            lines = dict(as_pairs(frame.get("context")))
            frame["context_line"] = lines.get(as_text(frame.get("lineNo")), "")
    return {
        "event_id": told.get("eventID"),
        "timestamp": told.get("dateCreated"),
        "release": as_object(told.get("release")).get("version"),
        "tags": [list(tag) for tag in tags],
        "contexts": told.get("contexts"),
        "request": {**request, "query_string": request.get("query")},
        "exception": links,
        "logentry": entries.get("message"),
        "breadcrumbs": entries.get("breadcrumbs"),
    }
