"""Every request passes here: it gets a scope of its own, a trace if it is chosen, and a report if
it fails. There are two layers, because only the outermost sees everything, and only the innermost
sees which exception a 5xx was made of.
"""

import gc
import logging
import sys
from asyncio import CancelledError
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

import sentry_sdk
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..delivery.shutdown import shutdown
from ..errors import severity
from ..errors.capture import is_worth_reporting, report, send_event
from ..errors.log_records import send_waiting
from ..errors.scopes import Details
from ..errors.severity import Severity
from ..errors.storm import Key
from ..plain import type_name
from ..sdk.frameworks import lay_around
from ..sdk.scopes import new_scopes, scopes_here, use_scopes
from ..settings import SentrySettings
from .current import ANSWER_STARTS, NO_ROUTE, CurrentRequest, request_of
from .outcome import Outcome, is_stop, outcome_of
from .problems import Problem, unanswered
from .sessions import sessions
from .traces import end_trace, join_trace, start_trace

logger = logging.getLogger(__name__)

_MOST_LAYERS: Final = 20  # around a mounted application


def install_middleware(app: FastAPI, settings: SentrySettings) -> None:
    """Lay the layers around and into the stack when it is built, after all that a team adds."""
    # What is set at start-up goes with every event. A request's scope is a fork of this one, not
    # of the current one: that may be of the last request on the same connection.
    at_start = sentry_sdk.get_isolation_scope()

    def layers(build: Callable[[], ASGIApp]) -> ASGIApp:
        app.user_middleware.append(Middleware(InnerLayer))
        _leave_unhandled_to_us(app.routes)
        return OuterLayer(build(), app, settings, at_start)

    lay_around(app, layers)


def _leave_unhandled_to_us(routes: Sequence[BaseRoute]) -> None:
    """Keep mounted applications from answering a crash in plain text before it is reported."""
    for route in routes:
        mounted = getattr(route, "app", None)
        for _ in range(_MOST_LAYERS):
            if not isinstance(mounted, Starlette):
                mounted = getattr(mounted, "app", None)
        if isinstance(mounted, Starlette):
            mounted.exception_handlers.setdefault(Exception, unanswered)
        _leave_unhandled_to_us(getattr(route, "routes", None) or ())


class InnerLayer:
    """Just outside of the exception handlers: remembers what a middleware may hide later."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = request_of(scope)
        if request is None:
            await self._app(scope, receive, send)
            return
        request.scope = scope  # a middleware may have made a copy, and routing tells this one

        async def remembering(message: Message) -> None:
            if _fails(message) and request.error is None:
                request.error = sys.exc_info()[1]
            await send(message)

        try:
            await self._app(scope, receive, remembering)
        except Exception as error:
            # BaseHTTPMiddleware raises it again with another cause.
            request.records.judge(error)
            request.error = error
            raise


class OuterLayer:
    """Outside of everything, the framework's own answer to an unhandled error included."""

    def __init__(
        self, app: ASGIApp, owner: FastAPI, settings: SentrySettings, at_start: sentry_sdk.Scope
    ) -> None:
        self._app = app
        self._owner = owner
        self._bodies = settings.sentry_request_bodies
        self._untraced = frozenset(settings.sentry_untraced_paths)
        self._rate = settings.sentry_traces_sample_rate
        self._at_start = at_start

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
        elif request_of(scope):  # an app mounted in another one
            await self._app(scope, receive, send)
        else:
            request = CurrentRequest(scope, self._owner.routes, keep_body=self._bodies)
            before = scopes_here()
            pointers = request.begin()
            try:
                self._isolate(request)
                await self._observe(request, receive, send)
            finally:
                request.end(pointers)
                use_scopes(before)

    def _isolate(self, request: CurrentRequest) -> None:
        """Give a request scopes of its own, that know what was set at start-up and nothing else."""
        isolation, current = new_scopes(self._at_start)
        isolation.add_event_processor(request.describe)
        join_trace(request, isolation)
        use_scopes((isolation, current))

    async def _observe(self, request: CurrentRequest, receive: Receive, send: Send) -> None:
        is_probe = request.scope["path"] in self._untraced
        span = start_trace(request, None if is_probe else self._rate)
        watched = request.watch_send(send, _at_start)
        error: BaseException | None = None
        try:
            await self._app(request.scope, request.watch_receive(receive), watched)
        except BaseException as caught:
            error = caught
        if error is request.answered:
            error = None  # Starlette raises again what a team's handler of all exceptions answered
        outcome = outcome_of(
            error,
            is_answered=request.status is not None,
            is_failed_status=request.status in severity.failed_statuses,
            is_forgiven=error is not None and request.is_forgiven(error),
            is_worth_reporting=error is not None and is_worth_reporting(error),
        )
        try:
            if error is not None and outcome.is_failure:
                # What the policy has no name for, a task that was cancelled, is a failure here.
                usual = None if isinstance(error, Exception) else Severity.P2
                request.fails(report(error, Details(usual), handled=False))
            send_waiting(request)
            if outcome.level:
                _log(error, outcome, request)
            if error is not None and outcome not in (Outcome.STOPPED, Outcome.CLIENT_LEFT):
                # Whatever there was to report is reported.
                await self._answer(request, receive, request.watch_send(send, lambda _: None))
        finally:
            if not is_probe:
                sessions.count(request.session(outcome))
            end_trace(span, request, outcome)
        if error is not None and not isinstance(error, Exception) and not _is_stray(error):
            raise error

    async def _answer(self, request: CurrentRequest, receive: Receive, send: Send) -> None:
        """Answer what nothing else did, with the headers that let another origin's page read it."""
        with suppress(Exception):  # the connection may be gone
            if request.scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1011})
            elif request.status is None:
                answer: ASGIApp = Problem(500, event_id=request.event_id)
                for cls, args, kwargs in self._owner.user_middleware:
                    if isinstance(cls, type) and issubclass(cls, CORSMiddleware):
                        answer = cls(answer, *args, **kwargs)
                await answer(request.scope, receive, send)

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def deliver_first(message: Message) -> None:
            if message["type"].endswith(".failed") and (error := sys.exc_info()[1]) is not None:
                report(error, handled=False)
            if message["type"] == "lifespan.startup.complete":
                # A full collection looks at every object: 60 ms, in which nothing is answered.
                # What is there now stays anyway, so it needn't be looked at.
                gc.collect()
                gc.freeze()
            else:
                # The server ends the process next, by a signal that goes past `atexit`.
                await shutdown.deliver_in_thread()
            await send(message)

        shutdown.begin_anew()
        try:
            await self._app(scope, receive, deliver_first)
        finally:
            gc.unfreeze()


def _fails(message: Message) -> bool:
    return message["type"] in ANSWER_STARTS and message["status"] in severity.failed_statuses


def _at_start(request: CurrentRequest) -> None:
    """Report a failure before its answer starts, so that it can name its event."""
    if request.status in severity.failed_statuses:
        _report_answer(request)
    else:
        send_waiting(request)


def _report_answer(request: CurrentRequest) -> None:
    # The framework sends the answer of an exception handler inside of its `except`.
    error = request.error if request.error is not None else sys.exc_info()[1]
    # What the policy ignores may be answered with a failure all the same, on purpose.
    if error is not None and (severity.severity_of(error) or request.is_forgiven(error)):
        request.answered = error
        request.fails(report(error))
    elif request.failed:
        request.fails(request.event_id)  # what was captured tells of it
    else:
        method = request.scope.get("method", "GET")  # of a websocket's handshake
        route, status = request.route() or NO_ROUTE, request.status
        event: dict[str, Any] = {
            "level": "error",
            "logentry": {"message": f"{method} {route} answered {status}"},
            "fingerprint": ["ion-answered", method, route, str(status)],
        }
        request.fails(send_event(Key(f"{status} of {method} {route}", "", 0), event))


def _is_stray(error: BaseException) -> bool:
    """Tell a cancellation that was meant for another task, which this one awaited."""
    return isinstance(error, CancelledError) and not is_stop(error)


def _log(error: BaseException | None, outcome: Outcome, request: CurrentRequest) -> None:
    told = outcome.meaning.capitalize()
    if error is None:
        told, error_to_show = f"{told}: {request.status}", None
    elif outcome.is_failure and (request.event_id or not sentry_sdk.is_initialized()):
        error_to_show = error
    else:  # held back: in a storm a traceback each would cost as much as its report
        told, error_to_show = f"{told}: {type_name(type(error))}", None
    with suppress(BaseException):  # a handler of the team's may fail, and has to be outlived
        logger.log(
            outcome.level, told, exc_info=error_to_show, extra={"event_id": request.event_id}
        )
