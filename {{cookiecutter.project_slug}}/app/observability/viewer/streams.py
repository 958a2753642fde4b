"""Logs, spans, metrics and check-ins in lines for people."""

import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from .screen import clip, style

Json = dict[str, Any]

_COLOURS: Final = {
    **dict.fromkeys(("fatal", "error"), "red"),
    **dict.fromkeys(("warning", "warn"), "yellow"),
}
# Attributes that an SDK adds by itself; all others are the service's own.
_STANDARD: Final = ("code.", "logger.", "process.", "sentry.", "server.", "thread.")


def spans(batch: Json) -> Iterator[str]:
    """Yield each request and its spans as a tree, in the order in which they began."""
    items = sorted(batch["items"], key=lambda span: float(span["start_timestamp"]))
    depths: dict[str | None, int] = {}
    for span in items:
        told = _attributes(span)
        parent = span.get("parent_span_id")
        depth = depths[span["span_id"]] = depths[parent] + 1 if parent in depths else 0
        took = f"{(span['end_timestamp'] - span['start_timestamp']) * 1000:9.1f} ms"
        name = [
            told.get("http.request.method"),
            span["name"],
            told.get("http.response.status_code"),
        ]
        if not span["is_segment"]:
            name = [told.get("sentry.op"), span["name"]]
        text = " ".join(str(part) for part in name if part is not None)
        failed = span.get("status") == "error"
        line = clip(f"{_clock(span['start_timestamp'])} {took}  {'  ' * depth}{text}")
        yield style("red" if failed else "bold" if span["is_segment"] else "dim", line)


def logs(batch: Json) -> Iterator[str]:
    """Yield a line for each record."""
    for log in batch["items"]:
        level = str(log["level"])
        line = clip(f"{_clock(log['timestamp'])} {level:7} {log['body']}{_own(log)}")
        yield style(colour, line) if (colour := _COLOURS.get(level)) else line


def metrics(batch: Json) -> Iterator[str]:
    """Yield a line for each measurement."""
    for metric in batch["items"]:
        value = f"{metric['value']}{metric.get('unit') or ''}"
        told = f"{metric['type']} {metric['name']} {value}{_own(metric)}"
        yield style("cyan", clip(f"{_clock(metric['timestamp'])} {told}"))


def check_in(told: Json) -> Iterator[str]:
    """Yield the line of a job's start or end."""
    took = f" {told['duration']:.1f} s" if told.get("duration") is not None else ""
    line = clip(f"{_clock(time.time())} cron {told['monitor_slug']} {told['status']}{took}")
    yield style("red", line) if told["status"] == "error" else line


def _clock(timestamp: float) -> str:
    return datetime.fromtimestamp(timestamp).strftime("%H:%M:%S.%f")[:-3]


def _attributes(item: Json) -> Json:
    return {name: told["value"] for name, told in item["attributes"].items()}


def _own(item: Json) -> str:
    told = _attributes(item).items()
    return "".join(f"  {name}={value}" for name, value in told if not name.startswith(_STANDARD))
