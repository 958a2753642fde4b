"""One attempt at a delivery, or at a question: what is told of it, and that it has an end."""

from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from demo.receiver import LoopbackServer, Receiver
from tests.line import Attempts, Connect, connect, standard
from tests.the_standard import Standard

__all__ = ["connect", "standard"]


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        (None, (403, "HTTP 403")),  # it is no envelope of ours
        (503, (503, "HTTP 503")),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"], (200, "HTTP 200")),
        ([b"what?\r\n\r\n"], (0, "BadStatusLine")),
        (ConnectionAbortedError, (0, "Remote end closed connection without response")),
    ],
)
def test_what_became_of_an_attempt(connect: Connect, trouble: Any, told: tuple[int, str]) -> None:
    with Receiver(trouble=Attempts(trouble)) as receiver:
        assert connect(receiver).transport.post(b"", {}) == told


def test_nobody_listens(connect: Connect) -> None:
    with Receiver() as receiver:
        sentry = connect(receiver)
    assert sentry.transport.post(b"", {}) == (0, "Connection refused")


def test_no_answer_comes(
    connect: Connect, standard: Standard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standard.sdk.connection.Connection, "TIMEOUT", 0.2)
    done = Event()
    with Receiver(trouble=lambda: done.wait(20) and None) as receiver:
        assert connect(receiver).transport.post(b"", {}) == (0, "timed out")
        done.set()


class _Site(BaseHTTPRequestHandler):
    """Answers questions: with what was asked by, with another address, or without an end."""

    def do_GET(self) -> None:
        self.send_response({"/moved": 302}.get(self.path, 200))
        self.send_header("Location", "/asked")
        self.end_headers()
        self.wfile.write(self.headers["Authorization"].encode())
        with suppress(OSError):  # the other side hangs up
            while self.path == "/endless":
                self.wfile.write(b"x" * 65_536)

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def site() -> Iterator[str]:
    with LoopbackServer(("127.0.0.1", 0), _Site) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_a_question_is_answered_and_not_led_on(connect: Connect, site: str) -> None:
    with Receiver() as receiver:
        connection = connect(receiver).transport
        by = {"Authorization": "Bearer a"}
        assert connection.get(f"{site}/asked", by) == (200, b"Bearer a")
        assert connection.get(f"{site}/moved", by) == (302, b"Bearer a")
        with pytest.raises(TimeoutError, match="no answer in time"):
            connection.get(f"{site}/endless", by)


def test_a_proxy_is_told(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    with Receiver() as receiver:
        assert connect(receiver).transport.proxy is None
        assert Path(connect(receiver).transport.trusted).is_file()
        monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
        monkeypatch.setenv("NO_PROXY", "")
        assert connect(receiver).transport.proxy == "http://proxy.example:3128"
        monkeypatch.setenv("HTTP_PROXY", "proxy:example:3128")
        with pytest.raises(SystemExit, match="HTTPS_PROXY or HTTP_PROXY: it is no address"):
            connect(receiver)
