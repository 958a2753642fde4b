"""Stands in for Sentry: receives envelopes on loopback, keeps them, lets a caller wait for them.

Use:
    with Receiver() as receiver:
        start_a_service(sentry_dsn=receiver.dsn)
        receiver.wait_for("event")
        [event] = receiver.payloads("event")
"""

import json
import re
import secrets
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from email.message import Message
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread
from typing import Any, Self

from demo.envelope import Item, decompress, parse

Trouble = Callable[[], int | Iterable[bytes] | None]


@dataclass(frozen=True)
class Request:
    """One accepted delivery: `wire` as it was sent, `body` with the compression taken off."""

    headers: "Message[str, str]"
    wire: bytes
    body: bytes


class Receiver:
    """A Sentry with one project and one key. Safe to use from several threads."""

    def __init__(self, port: int = 0, trouble: Trouble = lambda: None) -> None:
        """Take `port` of loopback, 0 for a free one. Raises OSError if another has it.

        `trouble` is called before each delivery is taken: it may return a status to refuse it
        with or the pieces of a whole answer, block, or raise ConnectionError to hang up.
        """
        self.trouble = trouble
        self._key = secrets.token_hex(16)
        self._changed = Condition()
        self._requests: list[Request] = []
        self._items: list[Item] = []
        self._rejected: list[str] = []
        self._server = LoopbackServer(("127.0.0.1", port), partial(_Handler, self))
        self.port: int = self._server.server_address[1]
        self.dsn = f"http://{self._key}@127.0.0.1:{self.port}/1"

    def __enter__(self) -> Self:
        # The interval bounds how long closing takes: the server looks for its end that often.
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def requests(self) -> list[Request]:
        """Every accepted delivery so far, in order of arrival."""
        with self._changed:
            return list(self._requests)

    @property
    def raw(self) -> bytes:
        """All that arrived, uncompressed: the place to look for what must never arrive."""
        return b"".join(request.body for request in self.requests)

    @property
    def items(self) -> list[Item]:
        """Every item so far, in order of arrival."""
        with self._changed:
            return list(self._items)

    def payloads(self, type: str) -> list[dict[str, Any]]:
        """Return the payloads of all items of a type, such as "event". ValueError if not JSON."""
        return [json.loads(item.payload) for item in self.items if item.type == type]

    def wait_for(self, type: str, count: int = 1, timeout: float = 10) -> list[Item]:
        """Return the items of a type as soon as there are `count`, within `timeout` seconds.

        Raises TimeoutError, which says what did arrive.
        """
        with self._changed:
            if self._changed.wait_for(lambda: self._types()[type] >= count, timeout):
                return [item for item in self._items if item.type == type]
            arrived = [f"{number} x {name}" for name, number in self._types().items()]
            arrived += [f"rejected: {reason}" for reason in self._rejected]
        summary = ", ".join(arrived) or "nothing"
        raise TimeoutError(f"no {count} x {type} within {timeout:g} s; arrived: {summary}")

    def _types(self) -> Counter[str]:
        return Counter(item.type for item in self._items)

    def _receive(self, path: str, headers: "Message[str, str]", wire: bytes) -> tuple[int, Any]:
        """Judge a delivery as Sentry would and keep it; return the status and the answer."""
        key = re.search(r"\bsentry_key=(\w+)", f"{headers.get('X-Sentry-Auth')} {path}")
        if not (project := re.match(r"/api/(\w+)/envelope/(\?|$)", path)):
            return self._reject(404, f"nothing at {path}")
        if project[1] != "1" or not key or key[1] != self._key:
            return self._reject(403, "wrong project or key")
        try:
            body = decompress(wire, headers.get("Content-Encoding"))
            items = parse(body)
        except ValueError as error:
            return self._reject(400, f"malformed: {error}")
        with self._changed:
            self._requests.append(Request(headers, wire, body))
            self._items += items
            self._changed.notify_all()
        return 200, {"id": items[0].envelope_headers.get("event_id") if items else None}

    def _reject(self, status: int, reason: str) -> tuple[int, Any]:
        with self._changed:
            self._rejected.append(f"{status} {reason}")
        return status, {"detail": reason}


class LoopbackServer(ThreadingHTTPServer):
    """Serves each request in a thread of its own."""

    allow_reuse_port = False  # some Python releases turn it on: two receivers would share a port
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):  # a client that died is no news
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __init__(self, receiver: Receiver, *args: Any) -> None:
        self._receiver = receiver
        super().__init__(*args)

    def do_POST(self) -> None:
        wire = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        trouble, answer = self._receiver.trouble(), {"detail": "in trouble"}
        match trouble:
            case None:
                status, answer = self._receiver._receive(self.path, self.headers, wire)
            case int(status):
                pass
            case pieces:
                self.close_connection = True
                for piece in pieces:
                    self.wfile.write(piece)
                return
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if status == 429:
            self.send_header("Retry-After", "1")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass
