"""How the receiver's answers are read: within a time limit, however slowly the bytes come."""

# The first connection imports it: a process that forks meanwhile has children that wait for the
# lock of an import which nobody goes on with.
import encodings.idna  # noqa: F401
import http.client
import io
import socket
import time
from typing import Any, Final

import urllib3

MAX_ANSWER: Final = 65_536  # bytes
_SECONDS: Final = 5.0


def read_in_time(pool: urllib3.PoolManager, url: str) -> None:
    """Give the answers of `url` that time limit as a whole; a socket's own is for each read."""
    of_host = pool.connection_from_url(url)
    connection: Any = of_host.ConnectionCls
    of_host.ConnectionCls = type("InTime", (connection,), {"response_class": _AnswerInTime})


def skim(answer: urllib3.BaseHTTPResponse) -> None:
    """Read an answer to its end, so that the connection can be used again; or hang up."""
    try:
        answer.read(MAX_ANSWER, decode_content=False)
    finally:
        answer.close()  # which hangs up if there is more


class _AnswerInTime(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(_Source(sock), *args, **options)  # type: ignore[arg-type]


class _Source:
    """The only thing of a socket that HTTPResponse uses."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_InTime(self._sock))


class _InTime(io.RawIOBase):
    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._file = sock.makefile("rb", buffering=0)
        # urllib3 has set what is left of the request's time.
        self._end = time.monotonic() + (sock.gettimeout() or _SECONDS)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(left)
        return self._file.readinto(buffer)

    def close(self) -> None:
        self._file.close()
        super().close()
