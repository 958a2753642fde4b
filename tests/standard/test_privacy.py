"""Canaries: a secret in every place that could leak one; every byte that leaves is searched."""

import logging
from typing import Any

import pytest
import sentry_sdk
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from sentry_sdk.traces import start_span

from app.observability import (
    SentrySettings,
    add_scrubber,
    capture_error,
    capture_message,
    error_scope,
    install,
)
from app.observability.testing import RecordingTransport

log = logging.getLogger("tests.privacy")
CARD = "4111 1111 1111 1111"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJlLW9mLWEtY2FuYXJ5"
AWS = "AKIAIOSFODNN7EXAMPLE"


def canary(place: str) -> str:
    """A secret that its name tells, distinct for each place."""
    return f"canary-{place}-hunter2"


@pytest.fixture
def sentry_settings(sentry_settings: SentrySettings) -> SentrySettings:
    return sentry_settings.model_copy(
        update={
            "sentry_traces_sample_rate": 1.0,
            "sentry_profile_session_sample_rate": 1.0,
            "sentry_log_level": "info",
            "sentry_sensitive_keys": ["mentee_note"],
        }
    )


@pytest.fixture
def client(sentry_transport: RecordingTransport, sentry_settings: SentrySettings) -> TestClient:
    app = FastAPI()
    install(app, sentry_settings)

    @app.post("/items/{item}/{token}")
    async def fails(item: int, token: str, request: Request) -> None:
        body = await request.json()
        log.warning("signing in with password=%s", canary("log"))
        log.warning("password %s", canary("logargument"), extra={"api_key": canary("extra")})
        statement = f"SELECT '{canary('sql')}' FROM t WHERE a = 1"
        with start_span(statement, {"sentry.op": "db", "db.query.text": statement}):
            pass
        with start_span("GET https://x.example", {"sentry.op": "http.client"}) as span:
            span.set_attribute("url.full", f"https://u:{canary('urlpassword')}@x.example/?k={AWS}")
            span.set_attribute("http.query", f"token={canary('spanquery')}")
        sentry_sdk.add_breadcrumb(message=f"card {CARD}", data={"secret": canary("crumb")})
        own_password = canary("variable")
        assert own_password
        settings = {"deep": [{"userPassword": canary("deepvariable")}]}
        with error_scope(
            tags={"auth_token": canary("tag"), "card": CARD},
            contexts={"user_input": {"mentee_note": canary("ownkey"), "jwt": JWT, "say": JWT}},
        ):
            try:
                raise ValueError(f"no login with password={canary('inner')!r} for {len(body)}")
            except ValueError as inner:
                inner.add_note(f"Authorization: Bearer {canary('note')}")
                raise ExceptionGroup(
                    f"api_key={canary('group')}",
                    [RuntimeError(f"postgresql://u:{canary('dburl')}@db/x", settings)],
                ) from inner

    return TestClient(app)


def sent(transport: RecordingTransport) -> bytes:
    sentry_sdk.flush()
    return b"\n".join(envelope.serialize() for envelope in transport.envelopes)


def test_no_canary_gets_out(client: TestClient, sentry_transport: RecordingTransport) -> None:
    sentry_sdk.metrics.count("logins", 1, attributes={"password": canary("metric")})
    client.post(
        f"/items/7/{JWT}?token={canary('query')}&page=2",
        json={"persona": "mentor", "deep": {"list": [{"db_password": canary("body")}]}},
        headers={
            "authorization": f"Bearer {canary('authorization')}",
            "cookie": f"session={canary('cookie')}",
            "referer": f"https://x.example/?token={canary('referer')}",
            "x-custom": canary("header"),
        },
    )
    everything = sent(sentry_transport)
    types = {item.type for envelope in sentry_transport.envelopes for item in envelope.items}
    assert {"event", "span", "log", "trace_metric"} <= types
    assert b"hunter2" not in everything, _around(everything, b"hunter2")
    for shape in (CARD, JWT, AWS):
        assert shape.encode() not in everything, _around(everything, shape.encode())


def _around(everything: bytes, secret: bytes) -> str:
    at = everything.find(secret)
    return everything[max(0, at - 200) : at + 50].decode()


def test_what_helps_is_there(client: TestClient, sentry_transport: RecordingTransport) -> None:
    client.post("/items/7/short?page=2", json={"persona": "mentor", "password": "hunter2"})
    [event] = sentry_transport.events
    request = event["request"]
    assert event["transaction"] == "/items/{item}/{token}"
    assert request["method"] == "POST"
    assert request["data"] == {"persona": "mentor", "password": "[Filtered]"}
    assert request["query_string"] == "page=2"
    assert event["contexts"]["path_params"] == {"item": "7", "token": "[Filtered]"}
    assert event["contexts"]["user_input"]["mentee_note"] == "[Filtered]"
    assert event["tags"]["auth_token"] == "[Filtered]"
    own = event["exception"]["values"][-1]["stacktrace"]["frames"][-1]
    assert own["vars"]["own_password"] == "[Filtered]"
    assert own["vars"]["item"] == "7"
    assert "raise ExceptionGroup(" in own["context_line"]


BODIES: list[tuple[str, bytes, Any]] = [
    ("application/json", b'{"password": "hunter2", "a": 1}', {"password": "[Filtered]", "a": 1}),
    ("application/json", b"[1, 2", "[1, 2"),
    ("application/json", b'{"password": "hunter2", ', '{"password": "[Filtered]", '),
    ("application/x-www-form-urlencoded", b"pin=1&a=b", {"pin": "[Filtered]", "a": "b"}),
    ("text/plain", b"hello", "hello"),
    (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="password"\r\n\r\nhunter2\r\n'
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n'
        b'--x\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n123\r\n--x--\r\n',
        {"password": "[Filtered]", "a": "b", "f": "<3 bytes>"},
    ),
    (
        "multipart/form-data; boundary=x",
        b'hello\r\n--x\r\nContent-Disposition: form-data; name="pin"\r\n\r\nhunter2\r\n--x--',
        {"pin": "[Filtered]"},
    ),
    (
        "text/plain",
        b'hello\r\n--x\r\nContent-Disposition: form-data; name="pin"\r\n\r\nhunter2\r\n--x--',
        'hello\r\n--x\r\nContent-Disposition: form-data; name="pin"\r\n\r\n[Filtered]\r\n--x--',
    ),
    ("text/xml", b"hello <a><pin>hunter2</pin></a>", "hello <a><pin>[Filtered]</pin></a>"),
    ("application/json", '{"password": "hunter2"}'.encode("utf-16"), {"password": "[Filtered]"}),
    ("application/json", '{"password": "hunter2"}'.encode("utf-32"), {"password": "[Filtered]"}),
    ("application/octet-stream", b"\x00\x01", None),
]


@pytest.fixture
def reader(sentry_transport: RecordingTransport, sentry_settings: SentrySettings) -> TestClient:
    app = FastAPI()
    install(app, sentry_settings)

    @app.post("/reads")
    async def reads(request: Request) -> None:
        await request.body()
        raise RuntimeError

    @app.post("/receives")
    async def receives(request: Request) -> dict[str, Any]:
        message = await request.receive()
        return {"body": message["body"].decode()}

    @app.post("/ignores")
    async def ignores(request: Request) -> None:
        raise RuntimeError

    return TestClient(app)


@pytest.mark.parametrize(("content_type", "body", "shown"), BODIES)
def test_bodies(
    reader: TestClient,
    sentry_transport: RecordingTransport,
    content_type: str,
    body: bytes,
    shown: Any,
) -> None:
    reader.post("/reads", content=body, headers={"content-type": content_type})
    [event] = sentry_transport.events
    assert event["request"].get("data") == shown


def test_a_long_body_is_cut(reader: TestClient, sentry_transport: RecordingTransport) -> None:
    text = "lorem ipsum " * 20_000
    reader.post("/reads", content=text, headers={"content-type": "text/plain"})
    [event] = sentry_transport.events
    assert 1000 < len(event["request"]["data"]) <= 65 * 1024


def test_nothing_is_read_ahead(reader: TestClient, sentry_transport: RecordingTransport) -> None:
    headers = {"content-type": "text/plain"}
    assert reader.post("/receives", content="x", headers=headers).json() == {"body": "x"}
    reader.post("/ignores", content="x", headers=headers)
    [event] = sentry_transport.events
    assert "data" not in event["request"]


class TestSwitchedOff:
    @pytest.fixture
    def sentry_settings(self, sentry_settings: SentrySettings) -> SentrySettings:
        return sentry_settings.model_copy(
            update={"sentry_request_bodies": False, "sentry_local_variables": "off"}
        )

    def test_no_body_and_no_variables(
        self, reader: TestClient, sentry_transport: RecordingTransport
    ) -> None:
        reader.post("/reads", content="x", headers={"content-type": "text/plain"})
        [event] = sentry_transport.events
        assert "data" not in event["request"]
        frames = event["exception"]["values"][-1]["stacktrace"]["frames"]
        assert not any("vars" in frame for frame in frames)
        assert "context_line" in frames[-1]


class TestOwnScrubbers:
    @pytest.fixture(autouse=True)
    def own_scrubbers(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def no_mentors(text: str) -> str:
            if "unscrubbable" in text:
                raise ValueError
            return text.replace("Ada", "[a mentor]")

        monkeypatch.setattr("app.observability.sdk.start._text_scrubbers", [])
        add_scrubber(no_mentors)

    def test_they_see_every_text(self, sentry_transport: RecordingTransport) -> None:
        capture_message("Ada is away")
        capture_error(ValueError("Ada"), contexts={"who": {"name": "Ada"}})
        message, error = sentry_transport.events
        assert message["message"] == "[a mentor] is away"
        assert error["exception"]["values"][0]["value"] == "[a mentor]"
        assert error["contexts"]["who"] == {"name": "[a mentor]"}

    def test_one_that_fails_filters_its_text_only(
        self, sentry_transport: RecordingTransport
    ) -> None:
        capture_error(ValueError("unscrubbable"), tags={"kept": "yes"})
        [event] = sentry_transport.events
        assert event["exception"]["values"][0]["value"] == "[Filtered]"
        assert event["tags"]["kept"] == "yes"
