"""Outgoing requests, answered as the event's breadcrumbs say they were."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final, NamedTuple
from unittest.mock import patch
from urllib.parse import urlsplit

Json = Mapping[str, Any]

_CLIENTS: Final = ("httpx", "httpx2")


class Outgoing:
    """The answers that the event tells of, in their order; what it doesn't tell of is refused."""

    def __init__(self, event: Json) -> None:
        self.made: list[Json] = []  # each request, and what it was answered
        self._told = [told for crumb in event["breadcrumbs"] if (told := _told(crumb))]
        # A connection that failed has left no breadcrumb, but it may be what the error is made of.
        self._failures = [link["type"] for link in event["exception"]]

    def begin_anew(self) -> None:
        """Answer from the first one on: for another attempt."""
        self._left = list(self._told)
        self.made.clear()

    @contextmanager
    def instead_of_the_network(self) -> Iterator[None]:
        """Answer what httpx sends. Other clients find the network refused."""
        self.begin_anew()
        with ExitStack() as stack:
            for name in filter(find_spec, _CLIENTS):
                client = import_module(name)
                patches = {
                    (client.HTTPTransport, "handle_request"): self._now(client),
                    (client.AsyncHTTPTransport, "handle_async_request"): self._later(client),
                }
                for (owner, method), answer in patches.items():
                    stack.enter_context(patch.object(owner, method, answer))
            yield

    def _now(self, client: Any) -> Any:
        return lambda transport, request: self._answer(client, request, is_async=False)

    def _later(self, client: Any) -> Any:
        async def answer(transport: Any, request: Any) -> Any:
            await request.aread()
            return self._answer(client, request, is_async=True)

        return answer

    def _answer(self, client: Any, request: Any, *, is_async: bool) -> Any:
        url = f"{request.url.scheme}://{request.url.netloc.decode('ascii')}{request.url.path}"
        made = {
            "client": client.__name__,
            "is_async": is_async,
            "request": f"{request.method} {url}",
        }
        if told := self._told_of(request.method, url):
            self._left.remove(told)
            self.made.append({**made, "status": told.status})
            # Its body isn't told. An object without anything in it gets further than nothing.
            return client.Response(told.status, request=request, json={})
        failure = self._failure(client)
        self.made.append({**made, "error": failure.__name__})
        raise failure(f"reproduce lets nothing out: {url}", request=request)

    def _told_of(self, method: str, url: str) -> "_Told | None":
        """Return what was told of a request: to this host, or to another one's same path."""
        same = [told for told in self._left if told.method == method]
        path = urlsplit(url).path
        return next(
            (told for told in same if told.url == url),
            next((told for told in same if urlsplit(told.url).path == path), None),
        )

    def _failure(self, client: Any) -> Any:
        errors = {kind.__name__: kind for kind in _kinds(client.TransportError)}
        return next(
            (errors[name] for name in self._failures if name in errors), client.ConnectError
        )


def _kinds(kind: type) -> Iterator[type]:
    below: type
    for below in kind.__subclasses__():
        yield below
        yield from _kinds(below)


class _Told(NamedTuple):
    """An outgoing request as a breadcrumb tells it."""

    method: str
    url: str  # without its query
    status: int


def _told(crumb: Json) -> _Told | None:
    data = crumb["data"]
    method = data.get("http.method", data.get("http.request.method"))
    status = data.get("http.response.status_code", data.get("status_code"))
    url = data.get("url")
    if isinstance(status, str) and status.isdecimal():
        status = int(status)
    if not (isinstance(method, str) and isinstance(url, str) and isinstance(status, int)):
        return None
    return _Told(method, url.partition("?")[0], status) if 100 <= status <= 599 else None
