"""One attempt at a delivery: no redirects, and an end to every answer, whatever the receiver does.

Pool, proxies, certificates and rate limits are those of the SDK's own transport. The names with `_`
are those of sentry_sdk 2.75; 3.0.0b2 has the same.
"""

# The first connection imports it: a process that forks meanwhile has children that wait for the
# lock of an import which nobody goes on with.
import encodings.idna  # noqa: F401
import http.client
import io
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from datetime import UTC, datetime
from typing import Any, Final

import urllib3
from sentry_sdk.envelope import Item
from sentry_sdk.transport import HttpTransport

CONNECTIONS: Final = 4
MAX_ANSWER: Final = 65_536  # bytes
NO_ANSWER: Final = 0  # in place of a status
_MAX_BODY: Final = 1 << 22  # bytes that are asked for: an event is a quarter of it at most
_MAX_LIMITS: Final = 100  # Sentry has fewer categories


class Connection(HttpTransport):
    """The SDK's transport, with another way to send: `post`, from several threads."""

    TIMEOUT = 5  # seconds: to connect, and for a request with its answer

    def __init__(self, options: dict[str, Any]) -> None:
        """Raises SystemExit, with one line, for a proxy's address that can't be read."""
        try:
            super().__init__(options)
        except urllib3.exceptions.LocationValueError:  # which repeats it, a password included
            told = "HTTPS_PROXY or HTTP_PROXY: it is no address like http://proxy.example:3128"
            raise SystemExit(told) from None
        self.lock = threading.RLock()  # of what the SDK's transport keeps, made for one thread

    def post(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
        """Make one attempt. Return the answer's status, or NO_ANSWER, and what happened in words.

        Rate limits that the answer tells of are kept.
        """
        try:
            answer = self.exchange(body, headers)
        except Exception as error:
            return NO_ANSWER, in_words(error)
        with suppress(Exception):  # the status is all that counts
            _skim(answer)
        return answer.status, f"HTTP {answer.status}"

    def exchange(self, body: bytes, headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        """Make one attempt and return the answer, unread. Raises what the pool raises."""
        pool: Any = self._pool
        # No redirects: they would carry events and the key to wherever the answer says.
        answer: urllib3.BaseHTTPResponse = pool.urlopen(
            "POST",
            self._auth.get_api_url(),
            body=body,
            headers=headers,
            redirect=False,
            retries=False,
            preload_content=False,
        )
        with self.lock, suppress(Exception):  # a header that can't be read
            self._update_rate_limits(answer)
            if len(self._disabled_until) > _MAX_LIMITS:
                self._disabled_until.clear()
        return answer

    def get(self, url: str, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """Ask for something else, the way that deliveries go: return the status and the body.

        Raises what the pool raises, and TimeoutError for an answer without an end.
        """
        pool: Any = self._pool
        end = time.monotonic() + self.TIMEOUT
        asked = {"headers": headers, "timeout": self.TIMEOUT, "preload_content": False}
        answer = pool.request("GET", url, **asked, redirect=False, retries=False)
        with closing(answer):
            body = b""
            while part := answer.read1(MAX_ANSWER, decode_content=True):
                body += part
                if len(body) > _MAX_BODY or time.monotonic() > end:
                    raise TimeoutError("no answer in time")
        return answer.status, body

    @property
    def proxy(self) -> str | None:
        """The address of the proxy that deliveries go through."""
        pool: Any = self._pool
        proxy = getattr(pool, "proxy", None) or getattr(pool, "proxy_url", None)
        return str(proxy) if proxy else None

    @property
    def trusted(self) -> str:
        """The file with the certificates that are trusted."""
        return str(self._get_pool_options()["ca_certs"])

    def headers(self, encoding: str | None) -> dict[str, str]:
        """Return the headers of a delivery whose body is in that encoding."""
        headers = {"Content-Type": "application/x-sentry-envelope"}
        if encoding:
            headers["Content-Encoding"] = encoding
        self._update_headers(headers)
        return headers

    def report_of_losses(self, interval: int) -> Item | None:
        """Return a client report, if the last one is older than `interval` seconds."""
        with self.lock:
            return self._fetch_pending_client_report(force=not interval, interval=interval)

    def limited(self, category: Any) -> float:
        """Return for how many seconds a rate limit stops a category, 0 if none does."""
        if not self._disabled_until:
            return 0.0
        limits = [self._disabled_until.get(name) for name in (category, None)]
        now = datetime.now(UTC)
        return max([0.0, *((until - now).total_seconds() for until in limits if until)])

    def _get_pool_options(self) -> dict[str, Any]:
        return super()._get_pool_options() | {"maxsize": CONNECTIONS}

    def _make_pool(self) -> urllib3.PoolManager:
        pool = super()._make_pool()
        # The answer as a whole has a time limit; a socket's own is for each read.
        of_host = pool.connection_from_url(self._auth.get_api_url())
        connection: Any = of_host.ConnectionCls
        of_host.ConnectionCls = type("InTime", (connection,), {"response_class": _AnswerInTime})
        return pool


def in_words(error: Exception) -> str:
    """Say why there is no answer."""
    for cause in (error, error.__cause__, *error.args):
        if isinstance(cause, OSError):
            return cause.strerror or str(cause)
        if isinstance(cause, http.client.HTTPException):
            return type(cause).__name__
    is_late = isinstance(error, urllib3.exceptions.TimeoutError)
    return "no answer in time" if is_late else type(error).__name__


def _skim(answer: urllib3.BaseHTTPResponse) -> None:
    """Read an answer to its end, so that the connection can be used again; or hang up."""
    try:
        answer.read(MAX_ANSWER, decode_content=False)
    finally:
        answer.close()  # which hangs up if there is more


class _AnswerInTime(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp = io.BufferedReader(_InTime(sock, self.fp.detach()))


class _InTime(io.RawIOBase):
    def __init__(self, sock: socket.socket, file: io.RawIOBase) -> None:
        self._sock = sock
        self._file = file
        # urllib3 has set what is left of the request's time.
        self._end = time.monotonic() + (sock.gettimeout() or Connection.TIMEOUT)

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
