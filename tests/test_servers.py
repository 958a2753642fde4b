"""What only a real server decides: kept-alive connections, streams, clients that leave, signals."""

import json
import socket
import textwrap
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from demo.receiver import Receiver
from tests.conftest import Generate
from tests.services import Running

PROBE = """
import asyncio
import logging
from contextlib import suppress

from fastapi import BackgroundTasks, Depends, FastAPI, Request, WebSocket
from fastapi.responses import StreamingResponse
from starlette.background import BackgroundTask

from app.observability import SentrySettings, error_scope, init_sentry, install, set_user, spawn

settings = SentrySettings.load()
init_sentry(settings)
app = FastAPI()
install(app, settings)
log = logging.getLogger("probe")
ONLY_ONE = RuntimeError("the same object each time")


@app.post("/upload/{user}")
async def upload(user: str, request: Request):
    set_user(user)
    with error_scope(tags={"who": user}, user={"id": user}):
        return {"bytes": len(await request.body())}


@app.get("/fails")
async def fails():
    raise ValueError("fails")


@app.get("/same/{user}")
async def same(user: str):
    with error_scope(tags={"who": user}, contexts={"text": {"of": user}}, user={"id": user}):
        raise ONLY_ONE


async def tell_late():
    await asyncio.sleep(0)
    raise OSError("late")


async def failing_dependency():
    yield
    raise RuntimeError("dependency")


async def chunks():
    yield b"one"
    yield b"two"


@app.get("/stream_then_background")
async def stream_then_background():
    return StreamingResponse(chunks(), background=BackgroundTask(tell_late))


@app.get("/stream_then_dependency")
async def stream_then_dependency(given: None = Depends(failing_dependency)):
    return StreamingResponse(chunks())


@app.get("/stream_then_task")
async def stream_then_task():
    async def later():
        await asyncio.sleep(0.05)
        log.error("an error of a task that outlives its request")

    task = asyncio.create_task(later())
    app.state.task = task
    return StreamingResponse(chunks())


@app.get("/stream_fails")
async def stream_fails():
    async def broken():
        yield b"one"
        raise RuntimeError("broken stream")

    return StreamingResponse(broken())


@app.get("/endless")
async def endless():
    async def forever():
        while True:
            yield b"x" * 65536
            await asyncio.sleep(0.001)

    return StreamingResponse(forever())


@app.get("/slow")
async def slow():
    await asyncio.sleep(0.5)


@app.websocket("/socket")
async def talk(socket: WebSocket):
    await socket.accept()
    await socket.receive_text()
    raise ValueError("socket")
"""


@pytest.fixture(params=["h11", "httptools"])
def http(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def running(generate: Generate, receiver: Receiver, http: str) -> Iterator[Running]:
    service = generate()
    probe = service.folder / "probe.py"
    probe.write_text(textwrap.dedent(PROBE))
    command = ("uvicorn", "probe:app", "--port", "0", "--http", http)
    try:
        with service.serving(
            *command, SENTRY_DSN=receiver.dsn, SENTRY_TRACES_SAMPLE_RATE="1"
        ) as running:
            yield running
    finally:
        probe.unlink()


class Connection:
    """One connection that is kept alive, byte by byte."""

    def __init__(self, running: Running) -> None:
        host, port = running.url.removeprefix("http://").split(":")
        self.socket = socket.create_connection((host, int(port)), timeout=20)
        self._read = self.socket.makefile("rb")

    def send(self, method: str, path: str, body: bytes = b"") -> None:
        head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        self.socket.sendall(head.encode() + body)

    def answer(self) -> tuple[int, bytes]:
        status = int(self._read.readline().split()[1])
        headers = {}
        while line := self._read.readline().strip():
            name, _, value = line.partition(b":")
            headers[name.lower()] = value.strip()
        if b"content-length" in headers:
            return status, self._read.read(int(headers[b"content-length"]))
        body = b""
        while size := int(self._read.readline(), 16):
            body += self._read.read(size)
            self._read.readline()
        self._read.readline()
        return status, body

    def close(self) -> None:
        self._read.close()
        self.socket.close()


def events_of(running: Running, receiver: Receiver) -> list[dict[str, Any]]:
    running.stop()
    return receiver.payloads("event")


@pytest.mark.parametrize("size", [10, 200_000])
def test_two_people_on_one_connection_are_two(
    running: Running, receiver: Receiver, size: int
) -> None:
    with closing(Connection(running)) as connection:
        connection.send("POST", "/upload/alice", b"a" * size)
        assert connection.answer() == (200, json.dumps({"bytes": size}).replace(" ", "").encode())
        connection.send("GET", "/fails")
        status, problem = connection.answer()
    assert status == 500
    [event] = events_of(running, receiver)
    assert event["event_id"] == json.loads(problem)["event_id"]
    assert event["transaction"] == "/fails"
    assert event["request"]["method"] == "GET"
    assert event["request"]["url"] == "http://x/fails"
    assert "data" not in event["request"]
    assert event["tags"] == {"priority": "P2"}
    assert "user" not in event
    assert "alice" not in json.dumps(event)


def test_requests_sent_at_once_are_two(running: Running, receiver: Receiver) -> None:
    with closing(Connection(running)) as connection:
        connection.send("GET", "/same/alice")
        connection.send("GET", "/same/bob")
        assert [connection.answer()[0], connection.answer()[0]] == [500, 500]
    # They leave over connections of their own, and may overtake each other.
    alice, bob = sorted(events_of(running, receiver), key=lambda event: event["tags"]["who"])
    assert (alice["user"], bob["user"]) == ({"id": "alice"}, {"id": "bob"})
    assert (alice["tags"]["who"], bob["tags"]["who"]) == ("alice", "bob")
    assert "alice" not in json.dumps(bob) and "bob" not in json.dumps(alice)


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/stream_then_background", "late"),
        ("/stream_then_dependency", "dependency"),
        ("/stream_fails", "broken stream"),
    ],
)
def test_what_fails_after_the_answer_began_is_reported(
    running: Running, receiver: Receiver, path: str, told: str
) -> None:
    with closing(Connection(running)) as connection:
        connection.send("GET", path)
        if path != "/stream_fails":
            assert connection.answer() == (200, b"onetwo")
        receiver.wait_for("event")
    [event] = events_of(running, receiver)
    assert event["exception"]["values"][-1]["value"] == told
    assert event["exception"]["values"][-1]["mechanism"]["handled"] is False
    assert event["transaction"] == path
    [request] = requests_of(receiver)
    assert request["status"] == "error"
    assert sessions_of(receiver) == {"crashed": 1}


def test_a_task_that_outlives_its_stream_is_heard(running: Running, receiver: Receiver) -> None:
    with closing(Connection(running)) as connection:
        connection.send("GET", "/stream_then_task")
        assert connection.answer() == (200, b"onetwo")
        receiver.wait_for("event")
    [event] = events_of(running, receiver)
    assert event["logentry"]["formatted"] == "an error of a task that outlives its request"


def test_a_client_that_leaves_is_no_failure(running: Running, receiver: Receiver) -> None:
    with closing(Connection(running)) as connection:
        connection.send("GET", "/endless")
        connection.socket.recv(1)
    with closing(Connection(running)) as connection:
        connection.send("GET", "/slow")
    running.call("POST", "/upload/bob", {})
    assert events_of(running, receiver) == []
    assert {request["status"] for request in requests_of(receiver)} == {"ok"}


def requests_of(receiver: Receiver) -> list[dict[str, Any]]:
    spans = [span for batch in receiver.payloads("span") for span in batch["items"]]
    return [span for span in spans if span["is_segment"]]


def sessions_of(receiver: Receiver) -> dict[str, int]:
    buckets = [bucket for sent in receiver.payloads("sessions") for bucket in sent["aggregates"]]
    total: dict[str, int] = {}
    for bucket in buckets:
        for name in {"exited", "errored", "crashed"} & set(bucket):
            total[name] = total.get(name, 0) + bucket[name]
    return total
