"""A plugin for a service's own tests: Sentry's Relay reads every event of theirs as it is meant.

pytest -p relay_reads_it, with this folder in PYTHONPATH
"""

import json
from importlib import import_module
from typing import Any

import pytest
from sentry_relay.processing import StoreNormalizer

MAX_EVENT = 200_000  # bytes

refused: list[str] = []
read = 0


def judge(event: dict[str, Any]) -> None:
    """Note what Relay has against an event, in `_meta`, and one that is too large."""
    global read
    read += 1
    raw = json.dumps(event, ensure_ascii=False)
    if len(raw.encode()) > MAX_EVENT:
        refused.append(f"{len(raw)} characters: {raw[:500]}")
    relay = StoreNormalizer(project_id=1, protocol_version="7")
    normalized = relay.normalize_event(raw_event=raw)
    if '"err"' in (meta := json.dumps(normalized.get("_meta"))):
        refused.append(f"{meta}: {raw[:2000]}")


def pytest_collection_finish() -> None:
    transport: Any = import_module("app.observability.testing").RecordingTransport
    keep = transport.capture_envelope

    def capture_envelope(self: Any, envelope: Any) -> None:
        known = len(self.events)
        keep(self, envelope)
        for event in self.events[known:]:
            judge(event)

    transport.capture_envelope = capture_envelope


def pytest_sessionfinish(session: pytest.Session) -> None:
    if refused:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any) -> None:
    terminalreporter.write_line(f"Relay read {read} events and refused {len(refused)}")
    for reason in refused:
        terminalreporter.write_line(reason)
