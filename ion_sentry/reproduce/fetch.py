"""Where an event is: in a file, or in Sentry, by its id or the address of its page."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from ion_sentry.git import Failure
from ion_sentry.monitoring.api import Api
from ion_sentry.monitoring.service import Connection, connection, read_service

from .event import LARGEST, event_of, read_event
from .model import Event

_ID: Final = re.compile(r"[0-9a-f]{32}", re.IGNORECASE)
_ISSUE: Final = re.compile(r"/issues/(\d+)(?:/events/(latest|oldest|recommended))?(?:/|$)")
_TIMEOUT: Final = 30.0  # seconds for each request


def fetch(what: str, folder: Path, report: Callable[[str], None]) -> Event:
    """Get an event by what a person has of it.

    Raises:
        Failure: if there is none, with the exit codes of `ion-sentry monitoring` if Sentry says so.
    """
    if (file := Path(what)).is_file():
        with file.open("rb") as opened:  # no more of it than what can't be one
            return read_event(opened.read(LARGEST + 1))
    is_address, event_id = re.match(r"https?://", what), what.replace("-", "")
    if not is_address and not _ID.fullmatch(event_id):
        raise Failure(f"{what} is neither a file nor an event's id or address in Sentry.")
    sentry = connection(os.environ, "project:read and event:read")
    path = _path_of(what, sentry.url) if is_address else f"{{project}}events/{event_id.lower()}/"
    return event_of(_from_sentry(path, folder, sentry, report))


def _path_of(url: str, sentry_url: str) -> str:
    """Return the part of the API's address that tells an event's page."""
    # Of all regions the pages are at sentry.io, below an organisation's name.
    site = re.sub(r"^.*\.(?=sentry\.io$)", "", urlsplit(sentry_url).hostname or "")
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise Failure(f"{url} is no address: {error}.") from None
    # The token goes to SENTRY_URL only; an organisation's own name is in front of that.
    if parts.hostname != site and not (parts.hostname or "").endswith(f".{site}"):
        raise Failure(f"{url} is not at {site}, which SENTRY_URL says. Set it to the event's.")
    if event_id := _ID.search(parts.path):
        return f"{{project}}events/{event_id[0].lower()}/"
    if found := _ISSUE.search(parts.path):
        return f"{{organisation}}issues/{found[1]}/events/{found[2] or 'latest'}/"
    raise Failure(f"{url} is the address of no event and no issue.")


def _from_sentry(
    path: str, folder: Path, sentry: Connection, report: Callable[[str], None]
) -> dict[str, Any]:
    service = read_service(folder, "production", os.environ)
    address = path.format(
        project=f"projects/{service.org}/{service.slug}/",
        organisation=f"organizations/{service.org}/",
    )
    report("Fetching the event …")
    with Api(sentry, _TIMEOUT, report) as api:
        found = api.find(address, "the event")
    if found is None:
        raise Failure(f"There is no such event in {service.org}/{service.slug} at {api.url}.")
    return found
