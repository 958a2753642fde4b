"""Which requests are traced, and that nobody outside decides it.

A caller's trace is continued, so that the errors of one trace are found together, but neither his
sampling decision nor what else his `baggage` claims is believed. What is drawn follows from the
trace's id and a key that a caller doesn't know: so all services with the same key draw the same
for all of a trace, and nobody can choose an id that is drawn.

A process begins so many traces a second, however many requests it answers. Beyond that more of them
say nothing that the others don't, and each costs as much as a dozen requests. The rate that is told
with a trace is the one it was drawn at, so what Sentry makes of it stays right.
"""

import logging
import re
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

import sentry_sdk
from starlette.types import Scope

from ..plain import text_of
from ..sdk.spans import (
    Span,
    continue_trace,
    drawn_for,
    new_trace,
    start_request,
    start_unsampled,
    trace_here,
)
from .current import NO_ROUTE, CurrentRequest, current_request
from .outcome import Outcome

logger = logging.getLogger(__name__)

MOST_A_SECOND: Final = 20
_UNTRACED_METHODS: Final = {"HEAD", "OPTIONS"}
_MAX_TRACE_HEADER: Final = 200
_MAX_BAGGAGE: Final = 8192


class Pace:
    """Says which part of the traces that are wanted is begun. Made for many threads."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget how many there were."""
        self._since = 0.0
        self._before = self._now = 0.0  # traces that were wanted in the last second, and in this

    def share(self, rate: float) -> float:
        """Count a request of that rate, and return the part of such that is begun now, 0 to 1."""
        now = time.monotonic()
        if now - self._since >= 1.0:
            passed = now - self._since
            self._before = self._now / passed if passed < 2.0 else 0.0  # nobody asked meanwhile
            self._now, self._since = 0.0, now
        self._now += rate
        wanted = max(self._before, self._now)
        return MOST_A_SECOND / wanted if wanted > MOST_A_SECOND else 1.0


pace: Final = Pace()


def join_trace(request: CurrentRequest, scope: sentry_sdk.Scope) -> None:
    """Continue the caller's trace on an isolation scope, or begin a new one."""
    trace = request.header(b"sentry-trace")
    if trace and len(trace) <= _MAX_TRACE_HEADER:
        continue_trace(scope, trace, request.header(b"baggage")[:_MAX_BAGGAGE])
    else:
        new_trace(scope)


def set_trace_rate(rate: Callable[[str, str], float | None]) -> None:
    """Have `rate` say at which rate, 0 to 1, requests of a method and path are traced.

    None: at SENTRY_TRACES_SAMPLE_RATE. Call it once, at start-up:

        set_trace_rate(lambda method, path: 1.0 if path.startswith("/payments") else None)
    """
    global _own_rate
    _own_rate = rate


_own_rate: Callable[[str, str], float | None] | None = None


def start_trace(request: CurrentRequest, rate: float | None) -> Span:
    """Start the trace of a request that is drawn; of any other one what says so to its callees.

    None: it is never drawn.
    """
    trace, scope = trace_here(), request.scope
    drawn = drawn_for(trace)
    rate = 0.0 if rate is None else _rate_for(scope, rate)
    request.trace_rate = rate = rate * pace.share(rate)
    if drawn >= rate or drawn >= rate_of(rate):
        return start_unsampled(trace, drawn, rate)
    return start_request(
        # The route isn't known yet; a name of this source stays out of the trace's headers.
        scope.get("method", "websocket"),
        {
            "sentry.op": f"{scope['type']}.server",
            "sentry.origin": "auto.http.ion",
            "sentry.segment.name.source": "url",
            "http.request.method": scope.get("method", "GET"),
        },
    )


def _rate_for(scope: Scope, rate: float) -> float:
    method = scope.get("method", "websocket")
    if method in _UNTRACED_METHODS:
        return 0.0
    if _own_rate:
        try:
            own = _own_rate(method, scope["path"])
            return rate if own is None else min(1.0, max(0.0, float(own)))
        except Exception as error:  # the team's own, and no reason to fail
            logger.warning("The rate of a trace could not be asked: %s", text_of(error))
    return rate


def end_trace(span: Span, request: CurrentRequest, outcome: Outcome) -> None:
    """End a request's trace when its answer ended, however long background tasks took then."""
    if not span.sampled:
        return
    route = request.route()
    span.name = route or NO_ROUTE
    span.status = outcome.trace
    span.set_attribute("sentry.segment.name.source", "route" if route else "custom")
    span.set_attribute("url.path", request.scope["path"])
    if route:
        span.set_attribute("http.route", route)
    if request.status:
        span.set_attribute("http.response.status_code", request.status)
    span.end(request.answered_at)


def rate_of(rate: float) -> float:
    """Return the rate at which traces are begun: the fuller the line is with them, the fewer.

    It is told with each trace, so that numbers which are made of them stay right.
    """
    share = getattr(sentry_sdk.get_client().transport, "share", None)
    return rate * share() if share else rate


def sampler(rate: float) -> Callable[[Any], float]:
    """Return what the SDK asks for the rate of each trace, requests' and others'."""

    def sample(context: Any) -> float:
        op = str(context["transaction_context"].get("op"))
        if op.startswith("db"):  # a statement outside of requests is no trace
            return 0.0
        request = current_request.get() if op.endswith(".server") else None
        return rate_of(request.trace_rate if request else rate)

    return sample


def propagation_targets(hosts: Iterable[str]) -> list[str]:
    """Return what the SDK searches URLs for, so that it finds these hosts and their subdomains."""
    return [rf"^https?://([^/@?#]*\.)?{re.escape(host)}(:\d+)?([/?#]|$)" for host in hosts]
