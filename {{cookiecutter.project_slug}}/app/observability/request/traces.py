"""Which requests are traced, and that nobody outside decides it.

A caller's trace is continued, so that the errors of one trace are found together, but neither his
sampling decision nor what else his `baggage` claims is believed. What is drawn follows from the
trace's id and a key that a caller doesn't know: so all services with the same key draw the same
for all of a trace, and nobody can choose an id that is drawn.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

import sentry_sdk
from starlette.types import Scope

from ..sdk.spans import Span, continue_trace, drawn_here, new_trace, start_request, start_unsampled
from .current import NO_ROUTE, CurrentRequest
from .outcome import Outcome

UNTRACED_PATHS: Final = {"/healthz", "/readyz"}
_UNTRACED_METHODS: Final = {"HEAD", "OPTIONS"}
_MAX_TRACE_HEADER: Final = 200
_MAX_BAGGAGE: Final = 8192


def join_trace(request: CurrentRequest, scope: sentry_sdk.Scope) -> None:
    """Continue the caller's trace on an isolation scope, or begin a new one."""
    trace = request.header(b"sentry-trace")
    if trace and len(trace) <= _MAX_TRACE_HEADER:
        continue_trace(scope, trace, request.header(b"baggage")[:_MAX_BAGGAGE])
    else:
        new_trace(scope)


def start_trace(request: CurrentRequest, rate: float) -> Span:
    """Start the trace of a request that is drawn; of any other one what says so to its callees."""
    drawn, scope = drawn_here(), request.scope
    if drawn >= rate or drawn >= rate_of(rate) or _is_never_traced(scope):
        return start_unsampled(drawn, rate)
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


def _is_never_traced(scope: Scope) -> bool:
    return scope["path"] in UNTRACED_PATHS or scope.get("method") in _UNTRACED_METHODS


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
        # A statement outside of requests is no trace.
        is_statement = str(context["transaction_context"].get("op")).startswith("db")
        return 0.0 if is_statement else rate_of(rate)

    return sample


def propagation_targets(hosts: Iterable[str]) -> list[str]:
    """Return what the SDK searches URLs for, so that it finds these hosts and their subdomains."""
    return [rf"^https?://([^/@?#]*\.)?{re.escape(host)}(:\d+)?([/?#]|$)" for host in hosts]
