"""Tells in the log that Sentry doesn't get everything: one line a minute at most."""

import logging
import threading
import time
from collections import Counter
from typing import Final

from ..service import PACKAGE

INTERVAL: Final = 60.0  # seconds
QUEUE_FULL: Final = "more than the connection carries"
RATE_LIMIT: Final = "rate limit"
UNPREPARED: Final = "could not be prepared"
LEFT_OUT: Final = "too large, or invalid"
NOT_IN_TIME: Final = "not delivered before the end"

_NAMES: Final = {
    "error": "event",
    "log_item": "log",
    "monitor": "check-in",
    "profile_chunk": "profile",
    "session": "session count",
    "trace_metric": "metric",
}
_ADVICE: Final = {
    QUEUE_FULL: "Lower SENTRY_TRACES_SAMPLE_RATE, or raise SENTRY_LOG_LEVEL.",
    RATE_LIMIT: "See what uses the project's quota, on its Stats page.",
    UNPREPARED: "See what the service adds to its events.",
    LEFT_OUT: "See what the service adds to its events.",
    "HTTP 3": "SENTRY_DSN has to name the address that answers, not one that redirects.",
    "HTTP 413": "See what the service adds to its events.",
    "HTTP 4": "Is SENTRY_DSN right, and its key active?",
    "HTTP 5": "Is Sentry, or the proxy before it, in trouble?",
}
_LOWERED: Final = frozenset({"log_item", "profile_chunk", "span"})  # by what QUEUE_FULL advises
_OTHERWISE: Final = "Can {host} be reached from here?"

# Sentry itself is not told: the SDK ignores this logger.
logger: Final = logging.getLogger(PACKAGE)


class Losses:
    """Adds up what is lost and why, until it may be told."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._lock = threading.RLock()  # a signal handler may report while we hold it
        self._lost: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        self._next = time.monotonic()
        self._in_trouble = False

    def add(self, why: str, lost: Counter[str] | None = None) -> None:
        """Count a failure, and what is lost by it, by category; nothing if it is tried again."""
        with self._lock:
            self._in_trouble = True
            self._reasons[why] += 1
            self._lost.update(lost or {})

    def tell(self, *, delivered: bool = False, at_once: bool = False) -> None:
        """Tell what there is to tell, if the last line is a minute old, or `at_once`.

        When nothing has failed since that line, and now something was `delivered`, it is over.
        """
        if not self._in_trouble:
            return
        with self._lock:
            now = time.monotonic()
            if not (self._reasons or delivered) or (now < self._next and not at_once):
                return
            self._next = now + INTERVAL
            reasons, self._reasons = self._reasons, Counter()
            lost, self._lost = self._lost, Counter()
            self._in_trouble = bool(reasons)
        # No lock is held here: a handler of the team's may report something itself.
        if not reasons:
            logger.warning("Sentry at %s gets everything again", self._host)
            return
        logger.warning(
            "Sentry at %s does not get everything: %s. Lost: %s. %s",
            self._host,
            ", ".join(f"{why} ({number} x)" for why, number in reasons.most_common(5)),
            _in_words(lost) or "nothing yet, it is tried again",
            _advice(reasons.most_common(1)[0][0], lost).format(host=self._host),
        )


def _in_words(lost: Counter[str]) -> str:
    return ", ".join(
        f"{number} {_NAMES.get(category, category)}{'s' if number > 1 else ''}"
        for category, number in sorted(lost.items())  # errors before spans
        if not category.endswith("_byte")
    )


def _advice(why: str, lost: Counter[str]) -> str:
    if why == QUEUE_FULL and not lost.keys() & _LOWERED:
        return _OTHERWISE
    return next((text for start, text in _ADVICE.items() if why.startswith(start)), _OTHERWISE)
