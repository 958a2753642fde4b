"""Prints what a service sends, as it arrives."""

import io
import json
import sys
import threading
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from ..sdk.names import Envelope
from .found import HOST, dsn
from .screen import INDENT
from .show import shown
from .streams import check_in, logs, metrics, spans

_LINES: Final[dict[str, Callable[[Any], Iterable[str]]]] = {
    "event": lambda event: ("", *(INDENT + line for line in shown(event)), ""),
    "span": spans,
    "log": logs,
    "trace_metric": metrics,
    "check_in": check_in,
}
_MAX_BODY: Final = 20_000_000  # bytes, on the wire and unpacked: Sentry takes no more of one


class Tail(ThreadingHTTPServer):
    """Takes envelopes on loopback, of any key and project, and prints what is in them."""

    allow_reuse_port = False  # some Python releases turn it on: two would share a port

    def __init__(self, port: int) -> None:
        """Listen on `port`. Raises OSError if another has it."""
        self._screen = threading.Lock()
        super().__init__((HOST, port), _Handler)

    def take(self, body: bytes) -> None:
        """Print the items of an envelope that are for people. Raises what reading it raises."""
        lines: list[str] = []
        for item in Envelope.deserialize(body).items:
            if told := _LINES.get(str(item.type)):
                lines += told(json.loads(item.get_bytes()))
        with self._screen:
            for line in lines:
                print(line.rstrip())
            sys.stdout.flush()

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # a client that died is no news
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: Tail
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        if self.path == "/health":
            self._answer(200, b"OK")
        else:
            self._answer(404, b"")

    def do_POST(self) -> None:
        try:
            self.server.take(self._body())
        except Exception as error:
            self.close_connection = True  # the rest of it may still come
            self._answer(400, json.dumps({"detail": f"not an envelope: {error}"}).encode())
        else:
            self._answer(200, b"{}")

    def _body(self) -> bytes:
        length = int(self.headers["Content-Length"])
        if not 0 <= length <= _MAX_BODY:
            raise ValueError(f"{length} bytes")
        body = self.rfile.read(length)
        if not self.headers.get("Content-Encoding"):
            return body
        return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(body, _MAX_BODY)

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


def tail(port: int) -> int:
    """Print what arrives on `port` until Ctrl-C; return the exit code."""
    try:
        server = Tail(port)
    except OSError as error:
        print(f"Port {port} of {HOST} can't be had: {error.strerror}.", file=sys.stderr)
        return 1
    if isinstance(sys.stdout, io.TextIOWrapper):  # an event may hold what a terminal can't show
        sys.stdout.reconfigure(errors="replace")
    with server, suppress(KeyboardInterrupt):
        print(f"Waiting for what is sent to SENTRY_DSN={dsn(port)}", flush=True)
        server.serve_forever()
    return 0
