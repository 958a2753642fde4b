"""Which requests are traced, and that nobody outside decides it.

A caller's trace is continued, so that the errors of one trace are found together, but neither his
sampling decision nor what else his `baggage` claims is believed. What is drawn follows from the
trace's id and a key that a caller doesn't know: so all services with the same key draw the same
for all of a trace, and nobody can choose an id that is drawn.
"""

import hmac
import re
from collections.abc import Callable, Iterable
from typing import Any, Final

import sentry_sdk
from sentry_sdk.traces import NoOpStreamedSpan, StreamedSpan

from .outcome import Outcome
from .request import NO_ROUTE, CurrentRequest, current_request

UNTRACED_PATHS: Final = {"/healthz", "/readyz"}
_UNTRACED_METHODS: Final = {"HEAD", "OPTIONS"}
_MAX_TRACE_HEADER: Final = 200
_MAX_BAGGAGE: Final = 8192


def join_trace(request: CurrentRequest, scope: sentry_sdk.Scope) -> None:
    """Continue the caller's trace on an isolation scope, or begin a new one."""
    trace = request.header(b"sentry-trace")
    if not trace or len(trace) > _MAX_TRACE_HEADER:
        scope.set_new_propagation_context()
        return
    baggage = request.header(b"baggage")[:_MAX_BAGGAGE]
    # The SDK judges by the organisation in `baggage` whether the trace is one of ours.
    scope.generate_propagation_context({"sentry-trace": trace, "baggage": baggage})


def start_trace(request: CurrentRequest) -> StreamedSpan:
    """Start the trace of a request that is drawn; of any other one what says so to its callees."""
    scope, kind = request.scope, request.scope["type"]
    if scope["path"] in UNTRACED_PATHS or scope.get("method") in _UNTRACED_METHODS:
        current = sentry_sdk.get_current_scope()
        context = current.get_active_propagation_context()
        # Without it every SQL statement would begin a trace of its own.
        return NoOpStreamedSpan(scope=current, trace_id=context.trace_id)
    return sentry_sdk.traces.start_span(
        # The route isn't known yet; a name of this source stays out of the trace's headers.
        scope.get("method", "websocket"),
        {
            "sentry.op": f"{kind}.server",
            "sentry.origin": "auto.http.ion",
            "sentry.segment.name.source": "url",
            "http.request.method": scope.get("method", "GET"),
        },
        parent_span=None,
    )


def end_trace(span: StreamedSpan, request: CurrentRequest, outcome: Outcome) -> None:
    """End a request's trace when its answer ended, however long background tasks took then."""
    if span.sampled:
        route = request.route()
        span.name = route or NO_ROUTE
        span.status = outcome.value.trace
        span.set_attribute("sentry.segment.name.source", "route" if route else "custom")
        span.set_attribute("url.path", request.scope["path"])
        if route:
            span.set_attribute("http.route", route)
        if request.status:
            span.set_attribute("http.response.status_code", request.status)
    span.end(request.answered_at)


def name_segment(span: dict[str, Any], hint: Any) -> dict[str, Any]:
    """Give a span that ends the route as its segment's name: a hook that never raises.

    The SDK gives it the name that the request had so far, its method.
    """
    request = current_request.get()
    if request and not span.get("is_segment") and (route := request.route()):
        span["attributes"]["sentry.segment.name"] = route
    return span


def sampler(rate: float) -> Callable[[Any], float]:
    """Return what the SDK asks for the rate of each trace, requests' and others'.

    The fuller the line to the receiver is with traces, the less are begun; the rate that is told
    with a trace is the one that it was drawn at.
    """

    def rate_of(context: Any) -> float:
        # A statement outside of requests is no trace.
        if str(context["transaction_context"].get("op")).startswith("db"):
            return 0.0
        share = getattr(sentry_sdk.get_client().transport, "share", None)
        return rate * share() if share else rate

    return rate_of


def draw_of(key: str) -> Callable[..., float]:
    """Return the function that draws a number from 0 to 1 for a trace, the same for each `key`.

    Takes the place of `sentry_sdk.tracing_utils._generate_sample_rand`, whose numbers anybody can
    tell from the id that he chooses.
    """

    def draw(trace_id: str | None, *, interval: tuple[float, float] = (0.0, 1.0)) -> float:
        lower, upper = interval
        digest = hmac.digest(key.encode(), str(trace_id).encode(), "sha256")
        drawn = int.from_bytes(digest[:6]) / 2**48
        return int((lower + (upper - lower) * drawn) * 1_000_000) / 1_000_000

    return draw


def propagation_targets(hosts: Iterable[str]) -> list[str]:
    """Return what the SDK searches URLs for, so that it finds these hosts and their subdomains."""
    return [rf"^https?://([^/@?#]*\.)?{re.escape(host)}(:\d+)?([/?#]|$)" for host in hosts]
