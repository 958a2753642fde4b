"""Whatever is sent to a service, it answers as its OpenAPI says, and never with a 5xx."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Generate
from tests.services import Running, Service

MESSAGE = b'{"persona":"mentor","text":"Hi"}'
# What generated tests don't think of, or can't send. All of it comes in from the internet sooner
# or later.
BODIES = {
    "half of a surrogate pair": rb'{"persona":"\ud800","text":"x"}',
    "half of a pair in a name": rb'{"\ud800":1}',
    "two halves the wrong way": rb'{"persona":"x","text":"\udc00\ud800"}',
    "an escaped NUL": rb'{"persona":"\u0000","text":"a\u0000b"}',
    "a NUL": b'{"persona":"x","text":"a\0b"}',
    "only NULs": b"\0\0\0\0",
    "no UTF-8": b'{"persona":"\xff","text":"\xc3"}',
    "an encoded surrogate": b'{"persona":"\xed\xa0\x80","text":"x"}',
    "UTF-8 with a mark": b"\xef\xbb\xbf" + MESSAGE,
    "UTF-16": MESSAGE.decode().encode("utf-16"),
    "half of UTF-16": MESSAGE.decode().encode("utf-16")[:-1],
    "UTF-32": MESSAGE.decode().encode("utf-32"),
    "begun": b'{"persona":',
    "null": b"null",
    "a list": b"[[]]",
    "a number": b"-1e999",
    "no number": b'{"persona":NaN,"text":-Infinity}',
    "5,000 digits": b'{"persona":' + b"9" * 5_000 + b',"text":"x"}',
    "a name twice": b'{"persona":1,"persona":"x","text":"x"}',
    "10,000 lists deep": b"[" * 10_000 + b"]" * 10_000,
    "100,000 objects deep": b'{"a":' * 100_000,
    "deep in its place": b'{"text":"x","persona":' + b"[" * 900 + b"]" * 900 + b"}",
    "too long": b'{"persona":"x","text":"' + b"x" * 1_000_000 + b'"}',
}
CONTENT_TYPES = {
    "none": b"",
    "empty": b"Content-Type:\r\n",
    "two": b"Content-Type: application/json\r\nContent-Type: text/xml\r\n",
    "two in one": b"Content-Type: application/json, text/xml\r\n",
    "another charset": b"Content-Type: application/json; charset=utf-16\r\n",
    "an unknown charset": b"Content-Type: application/json; charset=\xff\r\n",
    "a form": b"Content-Type: application/x-www-form-urlencoded\r\n",
    "parts without a boundary": b"Content-Type: multipart/form-data\r\n",
    "parts that never end": b"Content-Type: multipart/form-data; boundary=x\r\n",
    "a slash": b"Content-Type: /\r\n",
    "encoded": b"Content-Type: =?utf-8?q?application/json?=\r\n",
    "long": b"Content-Type: application/json" + b";a=b" * 5_000 + b"\r\n",
    "compressed": b"Content-Type: application/json\r\nContent-Encoding: gzip\r\n",
}
IDS = ["0", "-1", str(2**31), str(2**63), str(2**64), "9" * 5_000, "1e3", "1_0", "%00", "%ff"]
IDS += ["%D9%A1", "%ED%A0%80", "%2e%2e%2f1", "1%2F1", "%20", "1%0A", "nan", "None", "%", "%zz"]
REQUEST_LINES = [
    *(f"GET /api/messages/{message_id}" for message_id in IDS),
    "GET /api/messages/1?%ff=%00&a&&=;",
    "HEAD /api/messages/1",
    "OPTIONS /api/messages",
    "TRACE /api/messages",
    "FOO /api/messages",
    "GET //healthz",
    "GET /healthz/",
    "GET http://elsewhere.example/healthz",
    "GET /\N{NO-BREAK SPACE}",
]


@pytest.fixture(
    scope="module", params=["sqlite", "postgresql", pytest.param("none", marks=pytest.mark.slow)]
)
def running(request: pytest.FixtureRequest, generate: Generate) -> Iterator[Running]:
    # The route that fails on purpose is `local` only.
    with generate(database=request.param).serving(ENVIRONMENT="test") as running:
        yield running
    assert not [line for line in running.output if '"level": "error"' in line]


def test_generated_requests(running: Running, tmp_path: Path) -> None:
    done = Service(tmp_path).run(  # it leaves files behind
        "schemathesis",
        "run",
        f"{running.url}/openapi.json",
        "--max-examples=100",
        "--generation-deterministic",
        "--continue-on-failure",
        "--no-color",
    )
    assert done.returncode == 0, done.stdout
    assert "4 selected / 4 total" in done.stdout


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_bodies(running: Running, body: bytes) -> None:
    send(running, "POST /api/messages", b"Content-Type: application/json\r\n", body)


@pytest.mark.parametrize("headers", CONTENT_TYPES.values(), ids=CONTENT_TYPES)
def test_content_types(running: Running, headers: bytes) -> None:
    send(running, "POST /api/messages", headers, MESSAGE)


@pytest.mark.parametrize("line", REQUEST_LINES)
def test_request_lines(running: Running, line: str) -> None:
    send(running, line)


def send(running: Running, line: str, headers: bytes = b"", body: bytes = b"") -> None:
    """Send a request as it is, and judge the answer."""
    host, port = running.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(
            b"%b HTTP/1.1\r\nHost: %b\r\nConnection: close\r\n%bContent-Length: %d\r\n\r\n%b"
            % (line.encode(), host.encode(), headers, len(body), body)
        )
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head = answer.partition(b"\r\n\r\n")[0].decode().lower()
    status = int(head.split()[1])
    assert status < 500, answer
    # What is no HTTP at all uvicorn answers by itself.
    if status >= 400 and b"Invalid HTTP request" not in answer:
        assert "content-type: application/problem+json" in head, answer
