"""Every request passes here: it gets a scope of its own, a trace if it is chosen, and a report if
it fails. There are two layers, because only the outermost sees everything, and only the innermost
sees which exception a 5xx was made of.
"""

import logging
import sys
from contextlib import nullcontext, suppress

import sentry_sdk
from fastapi import FastAPI
from sentry_sdk.tracing import Transaction
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import severity
from .capture import is_worth_reporting, report, send_event
from .logs import send_waiting
from .once import mark, report_of
from .problems import Problem
from .request import NO_ROUTE, CurrentRequest, current_request
from .sessions import sessions
from .settings import SentrySettings
from .shutdown import shutdown
from .storm import Key
from .tracing import join_trace, start_trace

logger = logging.getLogger(__name__)


def install_middleware(app: FastAPI, settings: SentrySettings) -> None:
    """Lay the layers around and into the stack when it is built, after all that a team adds."""
    build = app.build_middleware_stack

    def build_observed() -> ASGIApp:
        app.user_middleware.append(Middleware(InnerLayer))
        return OuterLayer(build(), app, settings)

    # There is no other way to stand outside of the framework's own error middleware.
    app.build_middleware_stack = build_observed  # type: ignore[method-assign]


class InnerLayer:
    """Just outside of the exception handlers: remembers what a middleware may hide later."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = current_request.get()
        if request is None or scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def remembering(message: Message) -> None:
            if _fails(message):
                request.error = request.error or sys.exc_info()[1]
            await send(message)

        try:
            await self._app(scope, receive, remembering)
        except Exception as error:
            # BaseHTTPMiddleware raises it again with another cause: what is known is marked now.
            if earlier := report_of(error):
                mark(error, earlier.event_id)
            request.error = error
            raise


class OuterLayer:
    """Outside of everything, the framework's own answer to an unhandled error included."""

    def __init__(self, app: ASGIApp, owner: FastAPI, settings: SentrySettings) -> None:
        self._app = app
        self._owner = owner
        self._rate = settings.sentry_traces_sample_rate
        self._bodies = settings.sentry_request_bodies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
        elif current_request.get():  # an app mounted in another one
            await self._app(scope, receive, send)
        else:
            request = CurrentRequest(scope, self._owner.routes, keep_body=self._bodies)
            token = current_request.set(request)
            try:
                with sentry_sdk.isolation_scope() as isolation:
                    await self._observe(request, isolation, receive, send)
            finally:
                current_request.reset(token)

    async def _observe(
        self, request: CurrentRequest, isolation: sentry_sdk.Scope, receive: Receive, send: Send
    ) -> None:
        isolation.clear_breadcrumbs()
        isolation.add_event_processor(request.describe)
        join_trace(request, isolation)
        transaction = start_trace(request, isolation, self._rate)
        with transaction or nullcontext():
            watched = _watch(request, send, transaction)
            try:
                await self._app(request.scope, request.watch(receive), watched)
            except Exception as error:
                request.crashed = True
                await _unhandled(error, request, receive, watched)
            finally:
                send_waiting(request)
                sessions.count(request.outcome)
                if transaction:
                    route = request.route()
                    transaction.name = route or NO_ROUTE
                    transaction.source = "route" if route else "custom"

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def deliver_first(message: Message) -> None:
            if message["type"].endswith(".failed") and (error := sys.exc_info()[1]):
                report(error, handled=False)
            if message["type"] != "lifespan.startup.complete":
                # The server ends the process next, by a signal that goes past `atexit`.
                await shutdown.deliver_in_thread()
            await send(message)

        shutdown.begin_anew()
        await self._app(scope, receive, deliver_first)


def _fails(message: Message) -> bool:
    is_start = message["type"] == "http.response.start"
    return is_start and message["status"] in severity.failed_statuses


def _watch(request: CurrentRequest, send: Send, transaction: Transaction | None) -> Send:
    """Wrap `send`: an answer of 5xx is reported before it starts, so that it can name its event."""

    async def watched(message: Message) -> None:
        if message["type"] == "http.response.start":
            if transaction:
                transaction.set_http_status(message["status"])
            if _fails(message):
                _report_answer(request, message["status"])
            else:
                send_waiting(request)
        if message["type"] in ("http.response.start", "websocket.accept"):
            request.started = True
        await send(message)

    return watched


def _report_answer(request: CurrentRequest, status: int) -> None:
    if request.event_id:
        return
    # The framework sends the answer of an exception handler inside of its `except`.
    if error := request.error or sys.exc_info()[1]:
        report(error)
    elif not request.failed:
        request.failed = True
        route = request.route() or NO_ROUTE
        event = {
            "level": "error",
            "logentry": {"message": f"{route} answered {status}"},
            "fingerprint": ["ion-answered", route, str(status)],
        }
        request.event_id = send_event(Key(f"{status} of {route}", "", 0), event)
        request.logged.clear()


async def _unhandled(
    error: Exception, request: CurrentRequest, receive: Receive, send: Send
) -> None:
    """Report and log what nothing handled, and answer it if nothing else did."""
    event_id = report(error, handled=False)
    if not is_worth_reporting(error):
        logger.info("Unhandled, but no error: %s", type(error).__name__)
    elif event_id is None and sentry_sdk.is_initialized():
        logger.error("Unhandled error, held back: %s", type(error).__name__)
    else:
        logger.error("Unhandled error", exc_info=error, extra={"event_id": event_id})
    with suppress(Exception):  # the connection may be gone
        if request.scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1011})
        elif not request.started:
            await Problem(500, event_id=event_id)(request.scope, receive, send)
