"""The doctor, and what it says."""

import json
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from functools import partial
from http.server import BaseHTTPRequestHandler
from threading import Thread
from typing import Any

from demo.receiver import LoopbackServer
from tests.services import Service

KEY = "0123456789abcdef0123456789abcdef"
HIDDEN = KEY[4:]  # of it the doctor shows the first four digits


class _Answers(BaseHTTPRequestHandler):
    """One answer to everything: a status, headers, a body and a time."""

    protocol_version = "HTTP/1.1"

    def __init__(self, answer: dict[str, Any], *args: Any) -> None:
        self._answer = answer
        super().__init__(*args)

    def do_POST(self) -> None:
        wire = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if hangs := self._answer.get("until"):
            hangs.wait()
        body = self._answer.get("body", b"")
        if self._answer.get("names_it"):
            # As Relay: what has no id isn't named.
            event_id = json.loads(wire.split(b"\n")[0]).get("event_id")
            body = json.dumps({"id": event_id} if event_id else {}).encode()
        self.send_response_only(self._answer.get("status", 200))
        for name, value in {
            "Date": formatdate(time.time() + self._answer.get("ahead", 0), usegmt=True),
            "Content-Length": str(len(body)),
            **self._answer.get("headers", {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = self._answer.get("hangs_up", False)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def answering(tls: ssl.SSLContext | None = None, **answer: Any) -> Iterator[int]:
    """Answer so on a free port of loopback, which is given."""
    with LoopbackServer(("127.0.0.1", 0), partial(_Answers, answer)) as server:
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield int(server.server_address[1])
        server.shutdown()


def dsn(port: int) -> str:
    return f"http://{KEY}@127.0.0.1:{port}/1"


def check(service: Service, *options: str, **env: str) -> tuple[int, str]:
    done = service.run("python", "-m", "app.observability", "check", *options, **env)
    return done.returncode, done.stdout


def line_of(output: str, about: str) -> str:
    """Return the last line about something, and what to do if it says that."""
    lines = output.splitlines()
    found = [number for number, line in enumerate(lines) if f"  {about} " in f"{line[:30]} "]
    [*_, last] = found
    advice = lines[last + 1 : last + 2]
    return "\n".join([lines[last], *(line for line in advice if "->" in line)])
