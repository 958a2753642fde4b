"""One event's request, made to happen against the service in this folder."""

import asyncio
import json
import os
import re
import runpy
from collections.abc import Coroutine
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from fastapi import FastAPI
from starlette.testclient import TestClient

from ..compare import differences, title
from ..model import Event
from .operation import operation_of
from .outgoing import Outgoing
from .rebuild import Rebuild, Rebuilt
from .world import Gate, clock, database, migrate

Json = dict[str, Any]

_SETTINGS: Final = {
    "SENTRY_DSN": "https://0123456789abcdef0123456789abcdef@sentry.invalid/1",
    "SENTRY_ENVIRONMENT": "reproduce",
    "SENTRY_RELEASE": "reproduce",
    "SENTRY_ERROR_SAMPLE_RATE": "1",
    "SENTRY_TRACES_SAMPLE_RATE": "0",
    "SENTRY_LOG_LEVEL": "off",
    "SENTRY_LOCAL_VARIABLES": "off",
}
_LONGEST_TASK: Final = 10.0  # seconds that what a request began may go on
_MOST_ATTEMPTS: Final = 6  # at values that the service's own validation accepts


class Unusable(Exception):
    """Why the event can't be made to happen here."""


def replay(order: Json, scratch: Path) -> Json:
    """Make the request of `order["event"]` in a world of its own, and tell what came of it.

    Raises:
        Unusable: if it can't be made.
    """
    event = order["event"]
    os.environ.update(_SETTINGS, ENVIRONMENT=event["environment"] or "production")
    gate, outgoing = Gate(), Outgoing(event)
    with (
        database(order["database"], scratch, order["postgresql"]) as url,
        gate.shut(url),
        clock(order["clock"]),
    ):
        if url and not order["database"]:
            migrate()
        app = _application()
        from app.observability.testing import recording

        with recording() as sent, outgoing.instead_of_the_network():
            attempts = Attempts(app, order, outgoing, sent.events)
            try:
                with TestClient(
                    app, _base_url(event), raise_server_exceptions=False, follow_redirects=False
                ) as client:
                    if order["seed"]:
                        _call(client, _fill(order["seed"], url))
                    attempts.run(client)
            except Unusable:
                raise
            except Exception as error:
                if event["request"]["method"] or not sent.events:
                    raise Unusable(f"The service can't be started here: {error!r}") from error
        told = attempts.told(sent.events)
    return {**told, "outgoing": outgoing.made, "refused": gate.refused}


def _application() -> FastAPI:
    try:
        from app.main import app
    except SystemExit as error:  # a setting of the team's is missing
        raise Unusable(f"The service can't be started here: {error}") from None
    if not isinstance(app, FastAPI):
        raise Unusable("app.main:app is no FastAPI application here.")
    return app


class Attempts:
    """Requests that may be the event's: with other values, and once more."""

    def __init__(self, app: FastAPI, order: Json, outgoing: Outgoing, reported: list[Json]) -> None:
        self._app = app
        self._event = order["event"]
        self._is_twice = order["twice"]
        self._outgoing = outgoing
        self._reported = reported
        self._request: Rebuilt | None = None
        self._status: int | None = None
        self._seen: list[Json] = []  # by the attempt that counts
        self._fails_twice = False  # but not once

    def run(self, client: TestClient) -> None:
        """Make the request until what was reported is the event's error."""
        if not self._event["request"]["method"]:
            _call(client, _finished(set()))
            return
        number = 0
        while not self._same():
            rebuild = self._send(client, number)
            # What was filled in may be what the service refuses.
            if self._status != 422 or not rebuild.has_more or number == _MOST_ATTEMPTS:
                break
            number += 1
        if not self._seen:  # what an earlier one left may be what made it fail
            before = self._status, self._seen
            self._send(client, number)
            self._fails_twice = self._same()
            if not self._is_twice:
                self._status, self._seen = before

    def told(self, reported: list[Json]) -> Json:
        """Return what came of it."""
        if self._request is None:  # nobody asked: it failed at the start, or in a task
            self._seen = list(map(normal, reported))
        found = min((differences(self._event, seen) for seen in self._seen), key=len, default=None)
        return {
            "request": asdict(self._request) if self._request else None,
            "status": self._status,
            "fails_twice": self._fails_twice,
            "differences": found,
            "reported": [title(event) for event in self._seen],
        }

    def _same(self) -> bool:
        return any(not differences(self._event, seen) for seen in self._seen)

    def _send(self, client: TestClient, number: int) -> Rebuild:
        method = self._event["request"]["method"]
        path = urlsplit(self._event["request"]["url"]).path or "/"
        operation = operation_of(self._app, self._event, path)
        if operation is None:
            raise Unusable(f"This checkout has no route {method} {self._event['transaction']}.")
        rebuild = Rebuild(self._event, operation, number)
        self._request = request = rebuild.made()
        self._outgoing.begin_anew()
        before, tasks = len(self._reported), _call(client, _tasks())
        try:
            self._status = _sent(client, request)
        except Exception:  # an answer that broke off
            self._status = None
        _call(client, _finished(tasks))
        self._seen = list(map(normal, self._reported[before:]))
        return rebuild


def normal(event: Json) -> Json:
    """Return an event in the form that the wanted one has."""
    return Event.model_validate(event).model_dump(mode="json")


def _sent(client: TestClient, request: Rebuilt) -> int:
    url = request.path + (f"?{urlencode(request.query)}" if request.query else "")
    body: Json = {}
    headers = dict(request.headers)
    if request.json is not None:
        headers.setdefault("content-type", "application/json")
        body["content"] = json.dumps(request.json).encode()
    elif request.text is not None:
        body["content"] = request.text.encode()
    elif request.form or request.files:
        body["data"] = request.form
        body["files"] = {
            name: (file, text.encode()) for name, (file, text) in request.files.items()
        }
    return client.request(request.method, url, headers=headers, **body).status_code


def _base_url(event: Json) -> str:
    parts = urlsplit(event["request"]["url"])
    is_host = re.fullmatch(r"[A-Za-z0-9.-]{1,253}(:\d{1,5})?", parts.netloc)
    scheme = parts.scheme if parts.scheme in ("http", "https") else "http"
    return f"{scheme}://{parts.netloc if is_host else 'testserver'}"


async def _fill(file: str, url: str) -> None:
    from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

    if not url:
        raise Unusable("This service has no database to fill.")
    seed = runpy.run_path(file).get("seed")
    if seed is None:
        raise Unusable(f"{file} has no function `async def seed(session)`.")
    engine = create_async_engine(url)
    async with AsyncSession(engine) as session, session.begin():
        await seed(session)
    await engine.dispose()


async def _tasks() -> set[asyncio.Task[Any]]:
    return asyncio.all_tasks()


async def _finished(before: set[asyncio.Task[Any]]) -> None:
    """Wait for what a request began and left behind."""
    mine = asyncio.current_task()
    while tasks := [task for task in asyncio.all_tasks() - before if task is not mine]:
        _, late = await asyncio.wait(tasks, timeout=_LONGEST_TASK)
        if late:
            return


def _call(client: TestClient, work: Coroutine[Any, Any, Any]) -> Any:
    """Await something in the loop that the service runs in."""
    assert client.portal

    async def awaited() -> Any:
        return await work

    return client.portal.call(awaited)
