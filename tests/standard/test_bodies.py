"""What an event shows of a request's body: data where it can be told, as much as is kept."""

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from app.observability import SentrySettings, install
from app.observability.request.body import MAX_BODY, MAX_FIELDS, readable

from .test_asgi import call, http

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=x"


@pytest.fixture
def client(captured_events: list[dict[str, Any]], sentry_settings: SentrySettings) -> TestClient:
    app = FastAPI()
    install(app, sentry_settings)

    @app.post("/")
    async def reads(request: Request) -> None:
        await request.body()
        raise RuntimeError

    return TestClient(app)


def part(head: str, body: bytes) -> bytes:
    return b"--x\r\n" + head.encode() + b"\r\n\r\n" + body + b"\r\n"


def field(name: str, body: bytes = b"b", more: str = "") -> bytes:
    return part(f'Content-Disposition: form-data; name="{name}"{more}', body)


@pytest.mark.parametrize(
    ("content_type", "body", "shown"),
    [
        ("text/plain", b'{"a": 1}', '{"a": 1}'),
        ("text/plain", b"a \xff", "a \ufffd"),
        ("application/json", b'{"a": 1}', {"a": 1}),
        ("Application/JSON; charset=utf-8", b'{"a": 1}', {"a": 1}),
        ("application/json", b'{"a": \xff}', '{"a": \ufffd}'),
        (FORM, b"a=&b=1", {"a": "", "b": "1"}),
        (FORM, b"a=\xff&a=2", {"a": ["\ufffd", "2"]}),
        (FORM, b"&".join(MAX_FIELDS * [b"a=b"]), {"a": MAX_FIELDS * ["b"]}),
        (FORM, b"&".join((MAX_FIELDS + 1) * [b"a=b"]), "&".join((MAX_FIELDS + 1) * ["a=b"])),
        (MULTIPART, field("a", b"1") + field("b", b"") + b"--x--", {"a": "1", "b": ""}),
        (MULTIPART, field("a", b"\xff") + field("a") + b"--x--", {"a": ["\ufffd", "b"]}),
        (MULTIPART, field("f", b"", '; filename="f"') + b"--x--", {"f": "<0 bytes>"}),
        (MULTIPART, part("Content-Type: text/plain", b"b") + b"--x--", {"": "b"}),
        (MULTIPART, field("비밀번호", b"1") + b"--x--", {"비밀번호": "1"}),
        (MULTIPART, field("a;b", b"1\r\n\r\n2") + b"--x--", {"a;b": "1\r\n\r\n2"}),
        (MULTIPART, b"before\r\n" + field("a", b"1") + b"--x--\r\nafter", {"a": "1"}),
        (MULTIPART, b"--x\r\nno head\r\n" + field("a", b"1") + b"--x--", {"a": "1"}),
        (MULTIPART, field("a", b"1").replace(b'"a"', b'"\xff"') + b"--x--", {"\ufffd": "1"}),
        ('multipart/form-data; boundary="x"', field("a", b"1") + b"--x--", {"a": "1"}),
        (MULTIPART, part("content-disposition: form-data; NAME=a", b"1") + b"--x--", {"a": "1"}),
        (MULTIPART, part(f"A: {'a' * 1022}\r\nform-data; name=a", b"1") + b"--x--", {"": "1"}),
        ("multipart/form-data", b"no boundary", "no boundary"),
        ("multipart/form-data; boundary=한글", b"a", "a"),
    ],
)
def test_bodies(content_type: str, body: bytes, shown: Any) -> None:
    assert readable(body, content_type, len(body)) == shown


def test_a_multipart_body_of_too_many_parts_is_text() -> None:
    parts = [field("a") for _ in range(MAX_FIELDS)]
    most = b"".join(parts) + b"--x--"
    assert readable(most, MULTIPART, len(most)) == {"a": MAX_FIELDS * ["b"]}
    more = field("a") + most
    assert readable(more, MULTIPART, len(more)) == more.decode()


def test_what_is_cut_is_no_data() -> None:
    assert readable(b"123", "application/json", 5) == "(the first 3 of 5 bytes) 123"
    assert readable(b"123", "text/plain", 3) == "123"


@pytest.mark.parametrize(
    ("sizes", "begins"),
    [
        ([2, 2], "a b "),
        ([MAX_BODY - 2, 2], "a a "),
        ([MAX_BODY - 2, 4], f"(the first {MAX_BODY} of {MAX_BODY + 2} bytes) a "),
        ([40_000, 40_000], f"(the first {MAX_BODY} of 80000 bytes) a "),
        ([MAX_BODY, 2, 2], f"(the first {MAX_BODY} of {MAX_BODY + 4} bytes) a "),
    ],
)
def test_a_body_that_comes_in_pieces(
    client: TestClient, captured_events: list[dict[str, Any]], sizes: list[int], begins: str
) -> None:
    pieces = [
        letter * (size // 2) for letter, size in zip([b"a ", b"b ", b"c "], sizes, strict=False)
    ]
    messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    messages[-1]["more_body"] = False
    scope = http(method="POST", headers=[(b"content-type", b"text/plain")])
    asyncio.run(call(client.app, scope, *messages))
    [event] = captured_events
    assert event["request"]["data"].startswith(begins)


def test_a_form_of_a_browser(client: TestClient, captured_events: list[dict[str, Any]]) -> None:
    files = {"photo": ("me.png", b"\x89PNG", "image/png")}
    data = {"name": "Kim", "pin": "7391", "note": ""}
    client.post("/", data=data, files=files)
    [event] = captured_events
    shown = {"name": "Kim", "pin": "[Filtered]", "note": "", "photo": "<4 bytes>"}
    assert event["request"]["data"] == shown
