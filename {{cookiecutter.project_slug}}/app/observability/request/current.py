"""What is known of the request at hand: it lives in the request's ASGI scope.

Code that has no scope, such as a log handler, finds it by a context variable. That only points to
it and decides nothing: a server may run the next request of a kept-alive connection in the context
of the last one (uvicorn does, after a long body: encode/uvicorn#2167).
"""

import time
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any, Final

import sentry_sdk
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from ..errors.chain import PASSED_ON, Relation, walk
from ..errors.records import Records, current_records
from ..errors.scopes import Entered, innermost
from ..errors.storm import Key
from ..plain import cut, text_of
from .body import MAX_BODY, is_readable, readable
from .outcome import Outcome
from .route import template

MAX_QUERY: Final = 4 * 1024  # characters
NO_ROUTE: Final = "(no route)"
ANSWER_STARTS: Final = ("http.response.start", "websocket.http.response.start")
REQUEST: Final = "ion_request"  # in the hint of an event: the request that it is of
_KEY: Final = "ion.request"  # in the ASGI scope
_HEADERS: Final = frozenset(
    {b"accept", b"content-length", b"content-type", b"host", b"user-agent", b"x-request-id"}
)


_Pointers = tuple["CurrentRequest | None", Records, Entered | None]


class CurrentRequest:
    """One request or websocket, from the outermost layer to its end."""

    def __init__(self, scope: Scope, routes: Sequence[BaseRoute], *, keep_body: bool) -> None:
        self.scope = self._outermost = scope
        self.records = Records()
        self.status: int | None = None  # of the answer, once it has begun
        self.answered_at: float | None = None  # when its last byte was given to the server
        self.error: BaseException | None = None  # what a 5xx was made of
        self.answered: BaseException | None = None  # by a 5xx
        self.event_id: str | None = None
        self.trace_rate = 0.0
        self.failed = False  # an error of it was reported, or held back
        self.waiting: list[tuple[Key, dict[str, Any], sentry_sdk.Scope]] = []  # logged errors
        self._has_ended = False
        self._has_left = False  # the client, before its answer was complete
        self._forgiven: list[BaseException] = []  # raised by sending to a client that left
        self._routes = routes
        self._original = {**scope, "path_params": {}}
        self._body: bytearray | None = None
        self._length = 0
        if keep_body and scope["type"] == "http" and is_readable(self.header(b"content-type")):
            self._body = bytearray()
        scope[_KEY] = self

    def begin(self) -> _Pointers:
        """Point to this request and to nothing of another one; return what was pointed to."""
        before = current_request.get(), current_records.get(), innermost.get()
        current_request.set(self)
        current_records.set(self.records)
        innermost.set(None)
        return before

    def end(self, pointers: _Pointers) -> None:
        """Point to what was pointed to before, and let go of all that failed."""
        self._has_ended = True
        current_request.set(pointers[0])
        current_records.set(pointers[1])
        innermost.set(pointers[2])
        # Else they would hold each other until the garbage collector comes.
        for scope in (self._outermost, self.scope):
            scope.pop(_KEY, None)
        # A kept-alive connection may hold on to this request until the next one.
        self.records.forget()
        self.error = self.answered = None
        self._forgiven.clear()

    def leave_to_parent(self) -> None:
        """Wait for no answer in a forked child, where none is given."""
        self._has_ended = True

    @property
    def is_open(self) -> bool:
        """Whether it waits for its answer, and may yet fail instead."""
        return self.scope["type"] == "http" and self.status is None and not self._has_ended

    def header(self, name: bytes) -> str:
        """Return a header's value, empty if it isn't there."""
        for key, value in self.scope["headers"]:
            if key == name:
                return str(value.decode("latin-1"))
        return ""

    def watch_receive(self, receive: Receive) -> Receive:
        """Keep the body while the application itself reads it; nothing is read ahead."""

        async def watched() -> Message:
            message = await receive()
            if message["type"] in ("http.disconnect", "websocket.disconnect"):
                # After a complete answer it says nothing: a stream waits for it to end.
                self._has_left = self._has_left or self.answered_at is None
            elif self._body is not None and (chunk := message.get("body")):
                self._body += chunk[: MAX_BODY - len(self._body)]
                self._length += len(chunk)
            return message

        return watched

    def watch_send(self, send: Send, at_start: Callable[["CurrentRequest"], None]) -> Send:
        """Remember when the answer began and ended, and what sending to nobody raises.

        `at_start` is called before an answer by HTTP starts.
        """

        async def watched(message: Message) -> None:
            kind = message["type"]
            if kind in ANSWER_STARTS:
                self.status = message["status"]
                at_start(self)
            elif kind == "websocket.accept":
                self.status = 101
            try:
                await send(message)
            except Exception as error:
                # Servers raise OSError for a client that is gone; once they have told of that,
                # some raise RuntimeError for what is sent nevertheless.
                if isinstance(error, OSError) or self._has_left:
                    self._forgiven.append(error)
                raise
            if kind == "http.response.body" and not message.get("more_body"):
                self.answered_at = time.time()

        return watched

    def fails(self, event_id: str | None) -> None:
        """Remember which event tells of its failure; what was logged are breadcrumbs of that."""
        self.failed = True
        self.event_id = event_id
        self.waiting.clear()

    def is_forgiven(self, error: BaseException) -> bool:
        """Tell whether `error` only says that the client has left."""
        if isinstance(error, ClientDisconnect | WebSocketDisconnect):
            return True
        return bool(self._forgiven) and any(
            link.error is forgiven
            for link in walk(error, PASSED_ON | {Relation.MEMBER})
            for forgiven in self._forgiven
        )

    def session(self, outcome: Outcome) -> str:
        """Return how it went, in the words of Sentry's release health."""
        is_handled = self.failed and outcome.session == "exited"
        return "errored" if is_handled else outcome.session

    def route(self) -> str | None:
        """Return the route's template with the prefixes of its mounts, None if none matched."""
        try:
            return template(self.scope, self._original, self._routes)
        except Exception:  # a convertor of the team's
            return None

    def describe(self, event: Any, hint: dict[str, Any]) -> Any:
        """Add the request to an event of it: an event processor, which never raises."""
        route = self.route()
        event["transaction"] = route or NO_ROUTE
        event["transaction_info"] = {"source": "route" if route else "custom"}
        if params := self.scope.get("path_params"):
            plain = {name: text_of(value, 512) for name, value in params.items()}
            event.setdefault("contexts", {})["path_params"] = plain
        hint[REQUEST] = self  # the SDK would cut a body to pieces: it is added after that
        return event

    def description(self) -> dict[str, Any]:
        """Return the request as an event tells it."""
        scope = self.scope
        scheme = scope.get("scheme", "http")
        query = scope.get("query_string", b"").decode("latin-1")
        described = {
            "method": scope.get("method"),
            "url": cut(f"{scheme}://{self.header(b'host')}{scope['path']}", 2048),
            "query_string": cut(query, MAX_QUERY),
            "headers": {
                name.decode(): cut(value.decode("latin-1"), 512)
                for name, value in scope["headers"]
                if name in _HEADERS
            },
        }
        if self._body:
            content_type = self.header(b"content-type")
            described["data"] = readable(bytes(self._body), content_type, self._length)
        return described


def request_of(scope: Scope) -> CurrentRequest | None:
    """Return the request that an ASGI scope, or a copy of one, belongs to."""
    return scope.get(_KEY)


current_request: Final[ContextVar[CurrentRequest | None]] = ContextVar(
    "current_request", default=None
)
