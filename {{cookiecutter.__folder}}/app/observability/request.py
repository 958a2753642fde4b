"""What is known of the request at hand, for the event that tells of its failure."""

import itertools
import json
from contextvars import ContextVar
from typing import Any, Final
from urllib.parse import parse_qsl

import sentry_sdk
from starlette.routing import BaseRoute, Match, Mount
from starlette.types import Message, Receive, Scope

from .storm import Key

MAX_BODY: Final = 64 * 1024  # bytes
NO_ROUTE: Final = "(no route)"
_HEADERS: Final = {b"accept", b"content-length", b"content-type", b"host", b"user-agent"}
_READABLE_BODIES: Final = ("application/json", "application/x-www-form-urlencoded", "text/")


_serials = itertools.count(1)


class CurrentRequest:
    """One request or websocket, from the outermost layer to its end."""

    def __init__(self, scope: Scope, routes: list[BaseRoute], *, keep_body: bool) -> None:
        self.serial = next(_serials)  # unlike `id`, never used again
        self.scope = scope
        self.started = False  # the response
        self.gone = False  # the client
        self.error: BaseException | None = None  # what a 5xx was made of
        self.event_id: str | None = None
        self.failed = False
        self.crashed = False
        self.logged: list[tuple[Key, dict[str, Any], sentry_sdk.Scope]] = []
        self._routes = routes
        self._original = {**scope, "path_params": {}}
        self._body: bytearray | None = None
        self._cut = False
        content_type = self.header(b"content-type")
        if keep_body and scope["type"] == "http" and content_type.startswith(_READABLE_BODIES):
            self._body = bytearray()

    @property
    def outcome(self) -> str:
        """How it went, in the words of Sentry's sessions."""
        return "crashed" if self.crashed else "errored" if self.failed else "exited"

    def header(self, name: bytes) -> str:
        """Return a header's value, empty if it isn't there."""
        for key, value in self.scope["headers"]:
            if key == name:
                return str(value.decode("latin-1"))
        return ""

    def watch(self, receive: Receive) -> Receive:
        """Keep the body while the application itself reads it; nothing is read ahead."""

        async def watched() -> Message:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.gone = True
            elif self._body is not None and (chunk := message.get("body")):
                room = MAX_BODY - len(self._body)
                self._body += chunk[:room]
                self._cut = self._cut or len(chunk) > room
            return message

        return watched

    def route(self) -> str | None:
        """Return the route's template with the prefixes of its mounts, None if none matched."""
        route = self.scope.get("route")
        effective = self.scope.get("fastapi", {}).get("effective_route_context")
        path = getattr(effective, "path", None) or getattr(route, "path", None)
        if not path:
            return None
        root = self._original.get("root_path", "")
        return str(path) if self.scope.get("root_path", "") == root else f"{self._mounts()}{path}"

    def _mounts(self) -> str:
        # Starlette keeps the filled-in path of a mount only, so its template is matched again.
        scope, routes, prefix = dict(self._original), self._routes, ""
        while True:
            for route in routes:
                if isinstance(route, Mount):
                    match, child = route.matches(scope)
                    if match is Match.FULL:
                        break
            else:
                return prefix
            prefix += route.path
            scope |= child
            routes = route.routes
            if scope["root_path"] == self.scope["root_path"]:
                return prefix

    def describe(self, event: Any, hint: dict[str, Any]) -> Any:
        """Add the request to an event of it: an event processor."""
        route, scope = self.route(), self.scope
        event["transaction"] = route or NO_ROUTE
        event["transaction_info"] = {"source": "route" if route else "custom"}
        query = parse_qsl(scope.get("query_string", b"").decode("latin-1"), True)
        event["request"] = {
            "method": scope.get("method"),
            "url": f"{scope['scheme']}://{self.header(b'host')}{scope['path']}",
            "query_string": "&".join(f"{name}=[Filtered]" for name, _ in query),
            "headers": {
                name.decode(): value.decode("latin-1")
                for name, value in scope["headers"]
                if name in _HEADERS
            },
        }
        if event.get("type") == "transaction":
            return event
        if params := scope.get("path_params"):
            event.setdefault("contexts", {})["path_params"] = {k: str(v) for k, v in params.items()}
        if self._body:
            event["request"]["data"] = self._readable_body(self._body)
        return event

    def _readable_body(self, body: bytearray) -> Any:
        text = body.decode("utf-8", "replace")
        content_type = self.header(b"content-type")
        try:
            if self._cut:
                return f"{text}… (the first {MAX_BODY} bytes)"
            if content_type.startswith("application/json"):
                return json.loads(text)
            if content_type.startswith("application/x-www-form-urlencoded"):
                return dict(parse_qsl(text, True))
        except (ValueError, RecursionError):
            pass
        return text


current_request: ContextVar[CurrentRequest | None] = ContextVar("current_request", default=None)
