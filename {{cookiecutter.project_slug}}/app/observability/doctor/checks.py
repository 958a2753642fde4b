"""The order in which it looks, and what it stops at."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from ..sdk.connection import Connection
from ..sdk.recording import DSN
from ..settings import SentrySettings
from .configuration import dsn_lines, sdk_lines, settings_lines
from .cost import Load, as_figures, cost_lines
from .finding import Finding
from .network import network_lines
from .sending import Sample, deliver, make
from .web_api import WebApi, read_back, usage_lines


class Checks:
    """One run: yields headings and findings as they come, and keeps what a program wants."""

    def __init__(self, settings: SentrySettings, load: Load | None, plan: str, wait: float) -> None:
        self._settings = settings
        self._load = load
        self._plan = plan
        self._wait = wait
        self.sample: dict[str, Any] = {}
        self.figures: dict[str, float | None] | None = None

    def __iter__(self) -> Iterator[str | Finding]:
        settings = self._settings
        yield "Settings"
        yield from settings_lines(settings)
        yield from dsn_lines(settings)
        is_on = bool(settings.sentry_dsn)
        sample = make(settings if is_on else settings.model_copy(update={"sentry_dsn": DSN}))
        self.sample = {kind: sample.payload(kind) for kind in sample.envelopes}
        yield "What runs"
        yield from sdk_lines(sample.integrations)
        yield "What an error looks like when it leaves (--json has all of it)"
        yield from _shown(sample)
        if is_on:
            yield from self._there_and_back(sample, Connection(sample.options))
        if self._load:
            load = replace(self._load, bytes_per_log=len(json.dumps(self.sample["log"])))
            yield "Cost"
            yield from cost_lines(load, settings, self._plan)
            self.figures = as_figures(load, settings, self._plan)

    def _there_and_back(self, sample: Sample, connection: Connection) -> Iterator[str | Finding]:
        yield "Network"
        found = list(network_lines(connection))
        yield from found
        if found[-1].ok is False:
            return
        yield "Delivery: the server's own word"
        taken_at = None
        for finding in deliver(sample, connection, self._settings.sentry_log_level != "off"):
            if finding.about == "error" and finding.ok is not False:
                taken_at = time.monotonic()
            yield finding
        yield "In Sentry"
        api = WebApi(connection)
        if taken_at is None:
            yield Finding("read back", None, "not tried: see what became of the error")
        elif unusable := api.usable:
            yield unusable
        else:
            project = urlsplit(self._settings.sentry_dsn).path.rpartition("/")[2]
            yield from read_back(api, sample, project, taken_at, self._wait)
            yield "Used in the last 30 days, in the whole organisation"
            yield from usage_lines(api)


def _shown(sample: Sample) -> Iterator[Finding]:
    event = sample.payload("error")
    [*_, error] = event["exception"]["values"]
    [*_, frame] = error["stacktrace"]["frames"]
    place = f"{frame['filename']}:{frame['lineno']} in {frame['function']}"
    request = event["request"]
    yield Finding("error", None, f"{error['type']}: {error['value']}, at {place}")
    yield Finding("variables", None, _written(frame.get("vars")))
    address = f"{request['url']}?{request['query_string']}"
    yield Finding("request", None, f"{request['method']} {address}")
    yield Finding("body", None, _written(request.get("data")))
    yield Finding("headers", None, ", ".join(request["headers"]))
    left = sample.left()
    if left:
        yield Finding("privacy", False, f"{len(left)} planted secrets would leave", "report this")
    else:
        says = f"none of {len(sample.planted)} planted secrets would leave, in none of the parts"
        yield Finding("privacy", True, says)


def _written(value: Any) -> str:
    return "none: it is switched off" if value is None else json.dumps(value, ensure_ascii=False)
