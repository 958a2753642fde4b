"""Sentry's web API: one request, all pages of a list, and a clear line for everything that fails.

A request is repeated only if that can do no harm: when Sentry says that it did nothing with it
(429), when it never got there, or when doing it twice comes to the same (all but POST).
"""

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Final, Self

import httpx

from ion_sentry.git import Failure

from .exits import Exit
from .refusals import failure_of
from .service import Connection

Json = dict[str, Any]

ATTEMPTS: Final = 4
LONGEST_WAIT: Final = 60.0  # seconds that Sentry may ask us to wait
_PER_PAGE: Final = 100  # the most that Sentry gives
_NEVER_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class Api:
    """A connection to one Sentry. Every method raises Failure."""

    def __init__(
        self, connection: Connection, timeout: float, report: Callable[[str], None]
    ) -> None:
        """`timeout` is in seconds, for each request; `report` hears of what takes long."""
        self._report = report
        self.url = connection.url
        self._token = connection.token
        self._timeout = timeout
        try:
            self._client = httpx.Client(
                base_url=f"{connection.url}/api/0/",
                headers={"Authorization": f"Bearer {connection.token}"},
                timeout=timeout,
            )
        except (ImportError, OSError, ValueError, httpx.InvalidURL) as error:
            why = "a SOCKS proxy isn't supported" if isinstance(error, ImportError) else error
            raise Failure(
                f"This shell's way to Sentry can't be used: {why}. Mend, or unset, ALL_PROXY, "
                "HTTPS_PROXY, HTTP_PROXY or SSL_CERT_FILE.",
                Exit.VARIABLES,
            ) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._client.close()
        if isinstance(error, Failure):  # Sentry's own words may repeat it
            raise Failure(error.message.replace(self._token, "***"), error.code) from None

    def find(self, path: str, what: str) -> Json | None:
        """Return an object, None if it isn't there."""
        answer = self._send("GET", path, what, may_be=404)
        return None if answer.status_code == 404 else self._json(answer, what, dict)

    def all(self, path: str, what: str, **query: str) -> Iterator[Json]:
        """Yield all objects of a list, however many pages it has."""
        self._report(f"reading {what} …")
        found = 0
        seen: set[str] = set()
        cursor: str | None = ""
        while cursor is not None:
            if cursor in seen:
                problem = "gives the same page again and again. Is SENTRY_URL right?"
                raise Failure(f"{what}: {self.url} {problem}", Exit.UNEXPECTED)
            seen.add(cursor)
            page = {**query, "per_page": str(_PER_PAGE)} | ({"cursor": cursor} if cursor else {})
            answer = self._send("GET", path, what, query=page)
            items = self._json(answer, what, list)
            yield from items
            found += len(items)
            # The cursor alone: its address may be another host's, which must not get the token.
            following = answer.links.get("next", {})
            more = following.get("results") == "true"
            cursor = following.get("cursor") if more else None
            if cursor:
                self._report(f"reading {what}: {found} …")

    def create(self, path: str, body: Json, what: str) -> Json:
        """POST a body and return what was made of it."""
        created: Json = self._json(self._send("POST", path, what, body=body), what, dict)
        return created

    def update(self, path: str, body: Json, what: str) -> None:
        """PUT a body."""
        self._send("PUT", path, what, body=body)

    def switch(self, path: str, body: Json, what: str, *, on: bool) -> None:
        """POST a body to switch something on, DELETE it to switch it off."""
        self._send("POST" if on else "DELETE", path, what, body=body)

    def delete(self, path: str, what: str) -> None:
        """Delete an object; it is no failure if it is gone already."""
        self._send("DELETE", path, what, may_be=404)

    def _send(
        self,
        method: str,
        path: str,
        what: str,
        *,
        body: Json | None = None,
        query: Mapping[str, str] | None = None,
        may_be: int | None = None,
    ) -> httpx.Response:
        for attempt in range(1, ATTEMPTS + 1):
            last = attempt == ATTEMPTS
            pause = 0.25 * 2**attempt
            try:
                answer = self._client.request(method, path, json=body, params=query)
            except (httpx.HTTPError, UnicodeError) as error:  # of a host's name
                harmless = method != "POST" or isinstance(error, _NEVER_SENT)
                if last or not harmless or isinstance(error, UnicodeError):
                    raise self._no_answer(error, method, what) from None
            else:
                if answer.is_success or answer.status_code == may_be:
                    return answer
                if answer.status_code == 429:
                    pause = _seconds_to_wait(answer, pause)
                    again = pause <= LONGEST_WAIT
                else:
                    again = answer.is_server_error and method != "POST"
                if last or not again:
                    raise failure_of(answer, method, what, self.url)
            if pause >= 1:
                self._report(f"{what}: Sentry is busy, going on in {pause:.0f} s …")
            time.sleep(pause)
        raise AssertionError("unreachable")

    def _no_answer(self, error: Exception, method: str, what: str) -> Failure:
        never = (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol, UnicodeError)
        if isinstance(error, never):
            return Failure(
                f"Sentry can't be reached at {self.url} ({error}). Is SENTRY_URL right?",
                Exit.UNREACHABLE,
            )
        took = isinstance(error, httpx.TimeoutException)
        silence = f"no answer within {self._timeout:g} s" if took else f"no whole answer ({error})"
        hint = " It may have been done: run it again, it goes on." if method == "POST" else ""
        return Failure(f"{what}: {silence}.{hint}", Exit.TIMEOUT)

    def _json(self, answer: httpx.Response, what: str, kind: type) -> Any:
        try:
            decoded = answer.json()
        except (ValueError, RecursionError):
            decoded = None
        if not isinstance(decoded, kind):
            problem = "answered with something that is no answer of Sentry's API"
            raise Failure(f"{what}: {self.url} {problem}. Is SENTRY_URL right?", Exit.UNEXPECTED)
        return decoded


def _seconds_to_wait(answer: httpx.Response, otherwise: float) -> float:
    """Read Retry-After, which is a number of seconds or a date."""
    text = answer.headers.get("Retry-After", "")
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return otherwise
