"""Which requests are traced, and that nobody outside decides it.

The choice is made here, before the SDK builds a transaction: the unsampled ones cost most of its
tax. A caller's trace is continued, so that the errors of one trace are found together, but neither
his sampling decision nor what else his `baggage` claims is believed.
"""

import random
import re
from collections.abc import Iterable
from typing import Final

import sentry_sdk
from sentry_sdk.tracing import Transaction
from sentry_sdk.tracing_utils import Baggage

from .delivery import Delivery
from .request import CurrentRequest

_UNTRACED_PATHS: Final = {"/healthz", "/readyz"}
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
    context = scope.get_active_propagation_context()
    context.baggage = None
    context.parent_sampled = None


def start_trace(
    request: CurrentRequest, scope: sentry_sdk.Scope, rate: float
) -> Transaction | None:
    """Start the transaction of a request that is chosen to be traced."""
    drawn = random.random()
    if drawn >= rate or request.scope["path"] in _UNTRACED_PATHS:
        return None
    if request.scope.get("method") in _UNTRACED_METHODS or drawn >= rate * _share():
        return None
    context = scope.get_active_propagation_context()
    transaction = Transaction(
        op=f"{request.scope['type']}.server",
        # The route isn't known yet; a name of this source stays out of the trace's headers.
        name=request.scope.get("method", "websocket"),
        source="url",
        origin="auto.http.ion",
        trace_id=context.trace_id,
        parent_span_id=context.parent_span_id,
        baggage=Baggage({"sample_rand": f"{int(drawn * 1e6) / 1e6:.6f}"}),
    )
    sentry_sdk.start_transaction(transaction)
    return transaction


def _share() -> float:
    transport = sentry_sdk.get_client().transport
    return transport.share() if isinstance(transport, Delivery) else 1.0


def propagation_targets(hosts: Iterable[str]) -> list[str]:
    """Return what the SDK searches URLs for, so that it finds these hosts and their subdomains."""
    return [rf"^https?://([^/@?#]*\.)?{re.escape(host)}(:\d+)?([/?#]|$)" for host in hosts]
