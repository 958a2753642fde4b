"""Sentry's own word, with SENTRY_AUTH_TOKEN: is the event there, and what was used this month."""

import json
import os
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from ..sdk.connection import NO_ANSWER, Connection, in_words
from ..service import ANSWERS, PROJECT
from .finding import Finding
from .sending import Sample, decoded

_DAYS: Final = 30
_ADDRESS: Final = re.compile(r"(https?)://([a-z0-9.-]+)(:\d{1,5})?(/[\w/.-]*)?", re.I | re.ASCII)
_SCOPES: Final = "an internal integration's with org:read, project:read and event:read"


class WebApi:
    """One project of the Sentry that the DSN is of."""

    def __init__(self, connection: Connection, env: Mapping[str, str] = os.environ) -> None:
        """Take SENTRY_AUTH_TOKEN, SENTRY_URL, SENTRY_ORG and SENTRY_PROJECT, as sentry-cli does."""
        self._connection = connection
        self._token = (env.get("SENTRY_AUTH_TOKEN") or "").strip()
        self.url = (env.get("SENTRY_URL") or _url_of(connection)).rstrip("/")
        self.organization = env.get("SENTRY_ORG") or ANSWERS["sentry_org"]
        self.project = env.get("SENTRY_PROJECT") or PROJECT["name"]

    @property
    def usable(self) -> Finding | None:
        """Return why it can't be asked, None if it can."""
        if not self._token:
            do = f"export SENTRY_AUTH_TOKEN ({_SCOPES}): then the event is read back"
            return Finding("read back", None, "no token: what Sentry keeps isn't known", do)
        if not (url := _ADDRESS.fullmatch(self.url)):  # which may hold a password
            do = "like https://sentry.io, https://de.sentry.io or your own"
            return Finding("read back", False, "SENTRY_URL is no address of a Sentry", do)
        if url[1] == "http" and url[2] not in ("localhost", "127.0.0.1"):
            says = f"SENTRY_URL {self.url} would get the token unencrypted"
            return Finding("read back", False, says, "begin it with https://")
        return None

    def get(self, path: str, **query: Any) -> tuple[int, Any]:
        """Return the status, NO_ANSWER if there is none, and what was answered, or why not."""
        url = f"{self.url}/api/0/{path}"
        if query:
            url += f"?{urlencode(query, doseq=True)}"
        try:
            status, body = self._connection.get(url, {"Authorization": f"Bearer {self._token}"})
        except Exception as error:  # an address that can't be read is one of them
            return NO_ANSWER, in_words(error)
        said = body.decode("utf-8", "replace").replace(self._token, "***")
        return status, decoded(said) or "no answer of Sentry's API"


def read_back(
    api: WebApi, sample: Sample, project_of_dsn: str, taken_at: float, wait: float
) -> Iterator[Finding]:
    """Look for the test error until it is there, and at what of it is.

    It was taken at `taken_at` of the monotonic clock and is waited for up to `wait` seconds. It
    ends with what is NOT OK, if anything is.
    """
    where = f"projects/{quote(api.organization)}/{quote(api.project)}/"
    status, project = api.get(where)
    if status != 200 or not isinstance(project, dict) or "id" not in project:
        yield Finding("project", False, _refusal(api, status, project), _advice(status))
        return
    if str(project.get("id")) != project_of_dsn:
        says = f"{api.project} is project {project.get('id')}, the DSN's is {project_of_dsn}"
        yield Finding("project", False, says, "events go to another project than you look at")
        return
    yield Finding("project", True, f"{api.organization}/{api.project}, as the DSN says")
    event_id = sample.payload("error")["event_id"]
    while (found := api.get(f"{where}events/{event_id}/"))[0] == 404:
        if time.monotonic() - taken_at > wait:
            says = f"the error is not there after {wait:.0f} s, though it was taken"
            do = "Stats in Sentry says what was dropped and why: an inbound filter, a quota"
            yield Finding("read back", False, says, do)
            return
        time.sleep(0.5)
    status, event = found
    if status != 200 or not isinstance(event, dict) or event.get("eventID") != event_id:
        yield Finding("read back", False, _refusal(api, status, event), _advice(status))
        return
    says = f"event {event_id} was there after {time.monotonic() - taken_at:.1f} s"
    yield Finding("read back", True, says)
    text = json.dumps(event)
    if leaked := [secret for secret in sample.planted if secret in text]:
        yield Finding("privacy", False, f"{len(leaked)} planted secrets are in it", "report this")
    else:
        yield Finding("privacy", True, f"none of {len(sample.planted)} planted secrets is in it")


def usage_lines(api: WebApi) -> Iterator[Finding]:
    """Tell what was used and dropped in the last 30 days, by category: Sentry's own figures."""
    status, stats = api.get(
        f"organizations/{quote(api.organization)}/stats_v2/",
        field="sum(quantity)",
        statsPeriod=f"{_DAYS}d",
        interval="1d",
        groupBy=["category", "outcome", "reason"],
        project=-1,
    )
    kept: Counter[str] = Counter()
    lost: defaultdict[str, Counter[str]] = defaultdict(Counter)
    try:
        for group in stats["groups"]:
            by, quantity = group["by"], int(group["totals"]["sum(quantity)"])
            category = str(by["category"])
            if by["outcome"] == "accepted":
                kept[category] += quantity
            elif quantity:
                why = f"{by['outcome']} ({by['reason']})" if by.get("reason") else by["outcome"]
                lost[category][why] += quantity
    # A refusal, or nothing of Sentry's.
    except (TypeError, KeyError, ValueError, AttributeError, OverflowError):
        yield Finding("usage", None, _refusal(api, status, stats), _advice(status))
        return
    for category in sorted(kept.keys() | lost):
        says = f"{kept[category]:,} kept"
        for why, quantity in lost[category].most_common():
            says += f"; {quantity:,} {why}"
        yield Finding(category, None, says)
    if not kept and not lost:
        yield Finding("usage", None, f"nothing in {_DAYS} days")


def _url_of(connection: Connection) -> str:
    """Say where the web API of the DSN's server is."""
    dsn = connection.parsed_dsn
    assert dsn
    if found := re.fullmatch(r"(?:o\d+\.)?ingest(?:\.(\w+))?\.sentry\.io", dsn.host):
        return f"https://{found[1]}.sentry.io" if found[1] else "https://sentry.io"
    return f"{dsn.scheme}://{dsn.netloc.rpartition('@')[2]}"


def _refusal(api: WebApi, status: int, answer: Any) -> str:
    words = (
        answer.get("detail", "no answer of Sentry's API") if isinstance(answer, dict) else answer
    )
    said = f": {str(words)[:200]}" if words else ""
    return f"{api.url}: " + (f"HTTP {status}{said}" if status else str(answer))


def _advice(status: int) -> str:
    if status < 400:
        return "is SENTRY_URL right?"
    return {
        401: f"SENTRY_AUTH_TOKEN is not valid there: make it {_SCOPES}",
        403: f"the token may not: make it {_SCOPES}",
        404: "is SENTRY_URL a Sentry (others have no such API), and are SENTRY_ORG and "
        "SENTRY_PROJECT right?",
    }.get(status, "try again")
