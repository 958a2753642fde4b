"""Which requests are traced, and that nobody outside decides it.

A caller's trace is continued, so that the errors of one trace are found together, but neither his
sampling decision nor what else his `baggage` claims is believed. What is drawn follows from the
trace's id and a key that a caller doesn't know: so all services with the same key draw the same
for all of a trace, and nobody can choose an id that is drawn.
"""

import re
from collections.abc import Callable, Iterable
from hashlib import blake2b, sha256
from os import urandom
from typing import Any, Final

import sentry_sdk
from sentry_sdk import tracing_utils
from sentry_sdk.traces import NoOpStreamedSpan, StreamedSpan
from starlette.types import Scope

from .current import NO_ROUTE, CurrentRequest, current_request
from .outcome import Outcome

UNTRACED_PATHS: Final = {"/healthz", "/readyz"}
_UNTRACED_METHODS: Final = {"HEAD", "OPTIONS"}
_MAX_TRACE_HEADER: Final = 200
_MAX_BAGGAGE: Final = 8192


class _RequestSpan(StreamedSpan):
    """The span of a request. Those in it tell its name, each as it ends: mostly before it does.

    The SDK has a hook for that, for which it copies every attribute of every span.
    """

    __slots__ = ()

    @property
    def name(self) -> str:
        request = current_request.get()
        return (request and request.route()) or self._name

    @name.setter
    def name(self, name: str) -> None:
        self._name = name


def join_trace(request: CurrentRequest, scope: sentry_sdk.Scope) -> None:
    """Continue the caller's trace on an isolation scope, or begin a new one."""
    trace = request.header(b"sentry-trace")
    if not trace or len(trace) > _MAX_TRACE_HEADER:
        scope.set_new_propagation_context()
        # Every request needs an id, and the SDK's own way, by UUID, costs five times as much.
        scope.get_active_propagation_context().trace_id = urandom(16).hex()
        return
    baggage = request.header(b"baggage")[:_MAX_BAGGAGE]
    # The SDK judges by the organisation in `baggage` whether the trace is one of ours.
    scope.generate_propagation_context({"sentry-trace": trace, "baggage": baggage})


def start_trace(request: CurrentRequest, rate: float) -> StreamedSpan:
    """Start the trace of a request that is drawn; of any other one what says so to its callees.

    The latter costs a tenth of asking the SDK, and keeps SQL statements from being traces.
    """
    current, scope = sentry_sdk.get_current_scope(), request.scope
    context = current.get_active_propagation_context()
    drawn = tracing_utils._generate_sample_rand(context.trace_id)  # `draw_of`, as for all traces
    if drawn >= rate or drawn >= rate_of(rate) or _is_never_traced(scope):
        # Given the scope, it would keep it until the garbage collector comes.
        current.streamed_span = unsampled = NoOpStreamedSpan(
            trace_id=context.trace_id,
            parent_span_id=context.parent_span_id,
            sample_rand=drawn,
            sample_rate=rate,
        )
        return unsampled
    span = sentry_sdk.traces.start_span(
        # The route isn't known yet; a name of this source stays out of the trace's headers.
        scope.get("method", "websocket"),
        {
            "sentry.op": f"{scope['type']}.server",
            "sentry.origin": "auto.http.ion",
            "sentry.segment.name.source": "url",
            "http.request.method": scope.get("method", "GET"),
        },
        parent_span=None,
    )
    if type(span) is StreamedSpan:
        span.__class__ = _RequestSpan  # the SDK makes it, and of one class only
    return span


def _is_never_traced(scope: Scope) -> bool:
    return scope["path"] in UNTRACED_PATHS or scope.get("method") in _UNTRACED_METHODS


def end_trace(span: StreamedSpan, request: CurrentRequest, outcome: Outcome) -> None:
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


def draw_of(key: str) -> Callable[..., float]:
    """Return the function that draws a number from 0 to 1 for a trace, the same for each `key`.

    Takes the place of `sentry_sdk.tracing_utils._generate_sample_rand`, whose numbers anybody can
    tell from the id that he chooses.
    """

    keyed = blake2b(key=sha256(key.encode()).digest(), digest_size=6)

    def draw(trace_id: str | None, *, interval: tuple[float, float] = (0.0, 1.0)) -> float:
        of_trace = keyed.copy()
        of_trace.update(str(trace_id).encode())
        lower, upper = interval
        drawn = lower + (upper - lower) * int.from_bytes(of_trace.digest()) / 2**48
        return int(drawn * 1_000_000) / 1_000_000  # as many digits as are told with a trace

    return draw


def propagation_targets(hosts: Iterable[str]) -> list[str]:
    """Return what the SDK searches URLs for, so that it finds these hosts and their subdomains."""
    return [rf"^https?://([^/@?#]*\.)?{re.escape(host)}(:\d+)?([/?#]|$)" for host in hosts]
