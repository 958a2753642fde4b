"""Release health: how many requests went well, failed or crashed, counted by the minute.

The SDK would make a session object with a random id for each request, and throw the id away when it
adds them up.
"""

import threading
import time
from collections import Counter, defaultdict
from datetime import UTC, datetime
from typing import Any, Final

import sentry_sdk

from ..sdk.names import Envelope
from ..threads import start

INTERVAL: Final = 60.0  # seconds


class SessionCounter:
    """Counts while Sentry is on; a timer that is there only while there is something sends it."""

    def __init__(self) -> None:
        self._timer: threading.Timer | None = None
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        if self._timer:
            self._timer.cancel()
        self._lock = threading.RLock()
        self._minutes: defaultdict[int, Counter[str]] = defaultdict(Counter)
        self._timer = None

    def count(self, outcome: str) -> None:
        """Count a request: `exited`, `errored` or `crashed`."""
        if self._timer is None and not sentry_sdk.is_initialized():
            return
        minute = int(time.time() // 60)
        with self._lock:
            self._minutes[minute][outcome] += 1
            if self._timer is None:
                timer = threading.Timer(INTERVAL, self.flush)
                # Without a thread for it the next request tries it again.
                self._timer = timer if start(timer) else None

    def flush(self) -> None:
        """Send what was counted since the last time."""
        with self._lock:
            minutes, self._minutes = self._minutes, defaultdict(Counter)
            if self._timer:
                self._timer.cancel()
            self._timer = None
        client = sentry_sdk.get_client()
        if not minutes or client.transport is None:
            return
        attributes = {name: client.options[name] for name in ("release", "environment")}
        envelope = Envelope()
        # As `SessionFlusher` of sentry_sdk 2.75 makes it; a test compares them.
        envelope.add_sessions(
            {
                "attrs": {name: value for name, value in attributes.items() if value is not None},
                "aggregates": [_bucket(*minute) for minute in minutes.items()],
            }
        )
        client.transport.capture_envelope(envelope)


def _bucket(minute: int, outcomes: Counter[str]) -> dict[str, Any]:
    started = datetime.fromtimestamp(minute * 60, UTC)
    return {"started": started.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), **outcomes}


sessions: Final = SessionCounter()
