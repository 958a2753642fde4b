"""Release health: how many requests went well, failed or crashed, counted by the minute.

The SDK would make a session object with a random id for each request, and throw the id away when it
adds them up.
"""

import os
import threading
import time
from collections import Counter
from datetime import UTC, datetime
from typing import Any, Final

import sentry_sdk
from sentry_sdk.envelope import Envelope

INTERVAL: Final = 60.0  # seconds


class SessionCounter:
    """Counts; a thread that is there only while something is counted sends it once a minute."""

    def __init__(self) -> None:
        self.reset()
        os.register_at_fork(after_in_child=self.reset)

    def reset(self) -> None:
        """Forget everything."""
        self._lock = threading.Lock()
        self._minutes: dict[int, Counter[str]] = {}
        self._timer: threading.Timer | None = None

    def count(self, outcome: str) -> None:
        """Count a request: `exited`, `errored` or `crashed`."""
        minute = int(time.time() // 60)
        with self._lock:
            self._minutes.setdefault(minute, Counter())[outcome] += 1
            if self._timer is None:
                self._timer = threading.Timer(INTERVAL, self.flush)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> None:
        """Send what was counted since the last time."""
        with self._lock:
            minutes, self._minutes = self._minutes, {}
            if self._timer:
                self._timer.cancel()
            self._timer = None
        client = sentry_sdk.get_client()
        if not minutes or client.transport is None:
            return
        envelope = Envelope()
        # As `SessionFlusher` of sentry_sdk 2.75 makes it.
        envelope.add_sessions(
            {
                "attrs": {name: client.options[name] for name in ("release", "environment")},
                "aggregates": [_bucket(*minute) for minute in minutes.items()],
            }
        )
        client.transport.capture_envelope(envelope)


def _bucket(minute: int, outcomes: Counter[str]) -> dict[str, Any]:
    started = datetime.fromtimestamp(minute * 60, UTC)
    return {"started": started.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), **outcomes}


sessions: Final = SessionCounter()
