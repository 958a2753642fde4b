"""Traces as the SDK has them: spans that are streamed, and which of them are drawn."""

import os
from collections.abc import Callable
from hashlib import blake2b, sha256
from random import Random
from typing import Any, Final

import sentry_sdk
from sentry_sdk import tracing_utils
from sentry_sdk.traces import NoOpStreamedSpan, StreamedSpan, get_current_span, start_span
from sentry_sdk.tracing_utils import PropagationContext

from ..request.current import current_request

Span = StreamedSpan

# Not the module's own generator, which a team may seed.
_ids: Final = Random()
os.register_at_fork(after_in_child=_ids.seed)

# sentry-sdk 3 has no other spans.
_SPAN_OF_SCOPE: Final = "streamed_span" if hasattr(sentry_sdk.Scope, "streamed_span") else "span"


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


class _Unsampled(NoOpStreamedSpan):
    """What isn't sent. The SDK's own refers to itself, which is garbage for the collector."""

    __slots__ = ()

    @property
    def _segment(self) -> StreamedSpan:
        return self

    @_segment.setter
    def _segment(self, segment: StreamedSpan) -> None:
        pass


def start_request(name: str, attributes: dict[str, Any]) -> Span:
    """Start a trace whose spans tell the request's route, once it is known."""
    span = start_span(name, attributes, parent_span=None)
    if type(span) is StreamedSpan:
        span.__class__ = _RequestSpan  # the SDK makes it, and of one class only
    return span


def start_unsampled(trace: PropagationContext, drawn: float, rate: float) -> Span:
    """Start what isn't sent, says so to callees, and keeps SQL statements from being traces.

    It costs a tenth of asking the SDK.
    """
    # Given the scope, it would keep it until the garbage collector comes.
    unsampled = _Unsampled(
        trace_id=trace.trace_id,
        parent_span_id=trace.parent_span_id,
        sample_rand=drawn,
        sample_rate=rate,
    )
    setattr(sentry_sdk.Scope.get_current_scope(), _SPAN_OF_SCOPE, unsampled)
    return unsampled


def name_thread() -> None:
    """Have the trace name the thread that goes on with it, for its profile."""
    span = get_current_span()
    if span is not None and span.sampled:
        span._segment._update_active_thread()


def new_trace(scope: sentry_sdk.Scope) -> None:
    """Begin a trace on an isolation scope."""
    scope.set_new_propagation_context()
    # Every request needs an id. Asking the system for each, as the SDK does, costs a fifth of all
    # that a request pays; who guesses one doesn't know whether it is drawn.
    scope.get_active_propagation_context().trace_id = f"{_ids.getrandbits(128):032x}"


def continue_trace(scope: sentry_sdk.Scope, trace: str, baggage: str) -> None:
    """Continue a caller's trace on an isolation scope.

    The SDK judges by the organisation in `baggage` whether the trace is one of ours.
    """
    scope.generate_propagation_context({"sentry-trace": trace, "baggage": baggage})


def trace_here() -> PropagationContext:
    """Return the trace of the current scope."""
    return sentry_sdk.Scope.get_current_scope().get_active_propagation_context()


def drawn_for(trace: PropagationContext) -> float:
    """Return what is drawn for a trace, from 0 to 1."""
    return tracing_utils._generate_sample_rand(trace.trace_id)


def decide_ourselves(key: str) -> None:
    """Have no caller decide what is traced, whichever function of the SDK continues his trace."""
    tracing_utils._generate_sample_rand = draw_of(key)
    PropagationContext.from_incoming_data = _continued  # type: ignore[assignment, method-assign]


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


_as_the_caller_wants: Final = PropagationContext.from_incoming_data


def _continued(incoming: dict[str, Any]) -> PropagationContext:
    context = _as_the_caller_wants(incoming)
    context.baggage = context.parent_sampled = None
    return context
