"""Stands in for Sentry's monitoring API on loopback: keeps what is written, and how it was asked.

Use:
    with SentryApi() as sentry:
        run_the_program(SENTRY_URL=sentry.url, SENTRY_AUTH_TOKEN=sentry.token)
        assert [one for one in sentry.log if one.method == "POST"]
"""

import copy
import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler
from threading import Event, RLock, Thread
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from demo.receiver import LoopbackServer
from demo.sentry_routes import handle
from demo.sentry_state import Json, Organization, Refused

SCOPES = frozenset({"org:read", "project:read", "project:write", "alerts:write"})


@dataclass(frozen=True)
class Exchange:
    """One request and its answer. `body` and `answer` are decoded; `headers` are the request's."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    status: int
    answer: Any
    headers: dict[str, str]


@dataclass
class Fault:
    """Something that goes wrong with the next `times` requests that fit."""

    status: int  # 0: no answer at all
    method: str = ".*"
    path: str = ".*"
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 1
    done: bool = False  # it is done all the same, only the answer says otherwise


class SentryApi:
    """A Sentry with one organisation and one token. Safe to use from several threads."""

    def __init__(self, port: int = 0) -> None:
        """Take `port` of loopback, 0 for a free one. Raises OSError if another has it."""
        self.organization = Organization()
        self.token = secrets.token_hex(32)
        self.scopes = set(SCOPES)
        self.page = 100  # objects, whatever a client asks for
        self.log: list[Exchange] = []
        self.faults: list[Fault] = []
        self.before: Callable[[str, str], None] | None = None  # sees method and path, may wait
        self._lock = RLock()
        self._closing = Event()
        self._server = LoopbackServer(("127.0.0.1", port), partial(_Handler, self))
        self.port: int = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def writes(self) -> list[Exchange]:
        """Every request so far that was meant to change something."""
        with self._lock:
            return [one for one in self.log if one.method != "GET"]

    def answer(
        self, method: str, target: str, headers: dict[str, str], wire: bytes
    ) -> tuple[int, Any, dict[str, str]] | None:
        """Return status, body and headers; None for no answer."""
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query))
        body = json.loads(wire) if wire else None
        if self.before:
            self.before(method, parts.path)
        with self._lock:
            fault = self._fault(method, parts.path)
            if fault is None or fault.done:
                status, answer, extra = self._handle(method, parts.path, query, body, headers)
            if fault:
                status, answer, extra = fault.status, fault.body, fault.headers
            asked = (method, parts.path, query, body)
            self.log.append(Exchange(*copy.deepcopy(asked), status, answer, headers))
        if not status:
            self._closing.wait()
            return None
        return status, answer, extra

    def _fault(self, method: str, path: str) -> Fault | None:
        for fault in self.faults:
            if re.fullmatch(fault.method, method) and re.search(fault.path, path) and fault.times:
                fault.times -= 1
                return fault
        return None

    def _handle(
        self, method: str, path: str, query: dict[str, str], body: Any, headers: dict[str, str]
    ) -> tuple[int, Any, dict[str, str]]:
        try:
            if headers.get("Authorization") != f"Bearer {self.token}":
                raise Refused(401, {"detail": "Invalid token"})
            if not self.scopes & _needed(method, path):
                detail = "You do not have permission to perform this action."
                raise Refused(403, {"detail": detail})
            status, answer = handle(self.organization, method, path, query, copy.deepcopy(body))
        except Refused as refused:
            return refused.status, refused.body, {}
        if not isinstance(answer, list):
            return status, answer, {}
        start = int(query.get("cursor", "0:0:0").split(":")[1])
        end = start + min(self.page, int(query.get("per_page", 100)))
        link = ", ".join(
            f'<{self.url}{path}?cursor={cursor}>; rel="{rel}"; results="{there}"; cursor="{cursor}"'
            for rel, there, cursor in (
                ("previous", str(start > 0).lower(), f"0:{max(0, start - self.page)}:1"),
                ("next", str(end < len(answer)).lower(), f"0:{end}:0"),
            )
        )
        return status, answer[start:end], {"Link": link}


def _needed(method: str, path: str) -> set[str]:
    read = method == "GET"
    if "/issues/" in path:
        return {"event:read", "event:write"}
    if re.search("/(detectors|workflows)/", path):
        return {"org:read"} if read else {"alerts:write"}
    if re.search("/(projects|releases|spike-protections)/", path):
        return {"project:read", "project:write"} if read else {"project:write"}
    return {"org:read"}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __init__(self, sentry: SentryApi, *args: Any) -> None:
        self._sentry = sentry
        super().__init__(*args)

    def _answer(self) -> None:
        wire = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answered = self._sentry.answer(self.command, self.path, dict(self.headers), wire)
        if answered is None:
            self.close_connection = True
            return
        status, body, headers = answered
        text = "" if body is None else body if isinstance(body, bytes) else json.dumps(body)
        data = text if isinstance(text, bytes) else text.encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_DELETE = _answer

    def log_message(self, format: str, *args: Any) -> None:
        pass


__all__ = ["Exchange", "Fault", "Json", "SentryApi"]
