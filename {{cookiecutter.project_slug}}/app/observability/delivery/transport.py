"""How envelopes leave: prepared in a thread of their own, errors first, tried again where it helps.

Client reports and the form of a delivery are the SDK's own; the line, its workers and what happens
after a failure are ours.
"""

import gzip
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..sdk.connection import CONNECTIONS, NO_ANSWER, Connection
from ..sdk.names import Envelope, Item, Transport
from .envelopes import Rank, contents, main_item, rank
from .line import Line, Room
from .losses import LEFT_OUT, NOT_IN_TIME, QUEUE_FULL, RATE_LIMIT, UNPREPARED, Losses

Prepare = Callable[[Envelope], Envelope]

# How long errors and messages are tried again, in seconds, with pauses of 1, 2, 4, … between.
PATIENCE: Final = 120.0
REPORT_INTERVAL: Final = 60  # seconds
_WORTH_PACKING: Final = 4 * 1024  # bytes
_LEVEL: Final = 4  # of gzip: 9, the SDK's own, takes most of the time of a delivery
_MIB: Final = 1 << 20
_ROOMS: Final = {
    Rank.ERRORS: Room(500, 32 * _MIB),
    Rank.MESSAGES: Room(200, 8 * _MIB),
    Rank.LOGS: Room(100, 8 * _MIB),
    Rank.TRACES: Room(100, 8 * _MIB),
    Rank.PROFILES: Room(20, 8 * _MIB),
}


def delivery(prepare: Prepare) -> type[Transport]:
    """Return a transport for `sentry_sdk.init` whose envelopes leave as `prepare` returns them.

    `prepare` runs in a thread of the transport. What it fails for does not leave, and counts as
    lost.
    """
    return type("PreparedDelivery", (Delivery,), {"prepare": staticmethod(prepare)})


@dataclass
class _Parcel:
    """An envelope that is ready to leave: only its bytes, and what has to be known of it."""

    rank: Rank
    category: str  # one of Sentry's data categories: what a rate limit stops
    contents: Counter[str]
    headers: Mapping[str, str]
    body: bytes
    since: float
    failures: int = 0


class Delivery(Connection):
    """The SDK's transport with a line in place of its queue. Made by `delivery`."""

    prepare: Prepare

    def __init__(self, options: dict[str, Any]) -> None:
        super().__init__(options)
        assert self.parsed_dsn
        self._awaited_until = 0.0
        self._told: set[int] = set()
        self._losses = Losses(self.parsed_dsn.host)
        # Preparing is work, for which there is one GIL; sending is waiting.
        self._to_prepare = Line(self._prepare, tuple(_ROOMS.values()), workers=1)
        self._to_send = Line(self._send, tuple(_ROOMS.values()), workers=CONNECTIONS, reserved=1)

    def capture_envelope(self, envelope: Envelope) -> None:
        """Take what the SDK hands over; it is prepared and sent later."""
        if not envelope.items:
            return
        place = rank(envelope)
        if place >= Rank.LOGS:
            self._prepare(envelope)  # batches are handed over in a thread of the SDK's
        elif not self._to_prepare.put(place, envelope):
            self._lose(contents(envelope), "queue_overflow", QUEUE_FULL)

    def share(self) -> float:
        """Return which part of the traces the line can carry now, 1 for all: begin no more."""
        if self.limited("transaction") or self.limited("span"):
            return 0.0
        fullest = max(line.fullness(Rank.TRACES) for line in (self._to_prepare, self._to_send))
        return min(1.0, 2 * (1 - fullest))

    def flush(self, timeout: float, callback: Any = None) -> None:
        """Wait until all that can leave within `timeout` seconds has left; retries go at once."""
        deadline = self._awaited_until = time.monotonic() + timeout
        self._to_send.hurry()
        self._wait(deadline)
        self._report(interval=0)
        self._wait(deadline)

    def _wait(self, deadline: float) -> None:
        self._to_prepare.wait(deadline)
        self._to_send.wait(deadline)

    def kill(self) -> None:
        """Let the threads end; what waits is lost."""
        self._to_prepare.stop()
        self._to_send.stop()

    def tell_unsent(self) -> None:
        """Tell in the log what is lost when the process ends now, and what was lost before."""
        unsent: dict[int, Counter[str]] = {
            **{id(envelope): contents(envelope) for envelope in self._to_prepare.unfinished()},
            **{id(parcel): parcel.contents for parcel in self._to_send.unfinished()},
        }
        for job in unsent.keys() - self._told:
            self._losses.add(NOT_IN_TIME, unsent[job])
        self._told = set(unsent)  # the end may be told of more than once
        self._losses.tell(at_once=True)

    def record_lost_event(
        self, reason: str, data_category: Any = None, item: Item | None = None, *, quantity: int = 1
    ) -> None:
        """Count something lost for the client reports; safe in all threads."""
        with self.lock:
            super().record_lost_event(reason, data_category, item, quantity=quantity)
        if reason == "queue_overflow" and item:  # a queue of the SDK's: logs and metrics
            self._losses.add(QUEUE_FULL, contents(Envelope(items=[item])))

    def _lose(self, lost: Counter[str], reason: str | None, why: str) -> None:
        if not lost:  # it was about losses itself
            return
        if reason:
            for category, number in lost.items():
                self.record_lost_event(reason, category, quantity=number)
        self._losses.add(why, lost)
        self._losses.tell()

    def _report(self, interval: int) -> None:
        """Send a client report if the last one is older than `interval` seconds."""
        if report := self.report_of_losses(interval):
            self.capture_envelope(Envelope(items=[report]))

    def _prepare(self, envelope: Envelope) -> None:
        """Make a parcel of an envelope and put it in the line to be sent."""
        place, category = rank(envelope), main_item(envelope).data_category
        if place != Rank.ERRORS and self.limited(category):
            self._lose(contents(envelope), "ratelimit_backoff", RATE_LIMIT)
            return
        if not self._to_send.has_room(place):
            self._lose(contents(envelope), "queue_overflow", QUEUE_FULL)
            return
        try:
            ready = type(self).prepare(envelope)
            encoding, body = _packed(ready.serialize())
        except Exception as error:
            why = f"{UNPREPARED} ({type(error).__name__})"
            self._lose(contents(envelope), "internal_sdk_error", why)
            return
        kept = contents(ready)
        left_out = contents(envelope, sizes=False) - kept
        del left_out["attachment"]  # it counts bytes, and may only have been scrubbed
        if left_out:
            self._lose(left_out, "send_error", LEFT_OUT)
        parcel = _Parcel(place, category, kept, self.headers(encoding), body, time.monotonic())
        if ready.items and not self._to_send.put(place, parcel, len(parcel.body)):
            self._lose(kept, "queue_overflow", QUEUE_FULL)

    def _send(self, parcel: _Parcel) -> float | None:
        """Send a parcel. Return when to do it again, or None when it is delivered or lost."""
        limit = self.limited(parcel.category)
        if limit:
            return self._again(parcel, limit, RATE_LIMIT, "ratelimit_backoff")
        status, why = self.post(parcel.body, parcel.headers)
        if 200 <= status < 300:
            self._losses.tell(delivered=True)
            self._report(REPORT_INTERVAL)
            return None
        if status == 429:  # which the server counts itself
            pause = self.limited(parcel.category) or 2.0**parcel.failures
            return self._again(parcel, pause, RATE_LIMIT, None)
        if status == NO_ANSWER or status >= 500:
            pause = 2.0**parcel.failures
            if parcel.failures:  # who waits for the end waits for a second attempt, not for all
                pause = max(pause, self._awaited_until - time.monotonic())
            # What did arrive before the connection broke is no duplicate: Sentry knows its id.
            return self._again(parcel, pause, why, "network_error")
        self._lose(parcel.contents, "send_error", why)
        return None

    def _again(self, parcel: _Parcel, pause: float, why: str, reason: str | None) -> float | None:
        """Return the time of the next attempt, or lose the parcel where none is worth it."""
        parcel.failures += 1
        again = time.monotonic() + pause
        waits = parcel.rank == Rank.ERRORS or (parcel.rank == Rank.MESSAGES and why != RATE_LIMIT)
        if waits and again - parcel.since <= PATIENCE:
            if reason != "ratelimit_backoff":  # that was no attempt
                self._losses.add(why)
            self._losses.tell()
            return again
        self._lose(parcel.contents, reason, why)
        return None


def _packed(body: bytes) -> tuple[str | None, bytes]:
    """Return how a body is encoded, and the body: a small one costs less as it is."""
    if len(body) < _WORTH_PACKING:
        return None, body
    return "gzip", gzip.compress(body, _LEVEL)
