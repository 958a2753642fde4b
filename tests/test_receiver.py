"""The receiver that stands in for Sentry, with the real SDK and with deliveries made by hand."""

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from threading import Timer
from typing import Any
from urllib.parse import urlsplit

import pytest
import sentry_sdk
from hypothesis import given
from hypothesis import strategies as st
from sentry_sdk.envelope import Envelope, Item, PayloadRef
from sentry_sdk.utils import event_from_exception

from demo.envelope import parse
from demo.receiver import Receiver

EVENT = b'{"event_id":"%032x"}\n{"type":"event"}\n{"message":"by hand"}\n' % 1


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def client(dsn: str) -> Any:
    return sentry_sdk.Client(dsn=dsn, default_integrations=False, release="shop@1")


def deliver(
    receiver: Receiver,
    body: bytes,
    *,
    path: str = "/api/1/envelope/",
    key: str | None = None,
    encoding: str | None = None,
    method: str = "POST",
) -> tuple[int, bytes]:
    headers = {"X-Sentry-Auth": f"Sentry sentry_key={key or urlsplit(receiver.dsn).username}"}
    if encoding:
        headers["Content-Encoding"] = encoding
    with closing(HTTPConnection("127.0.0.1", receiver.port, timeout=10)) as connection:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response.status, response.read()


def test_an_error_of_the_real_sdk(receiver: Receiver) -> None:
    sdk = client(receiver.dsn)
    try:
        raise LookupError("nobody is here")
    except LookupError as error:
        event, hint = event_from_exception(error, client_options=sdk.options)
    event_id = sdk.capture_event(event, hint)
    sdk.close()

    [item] = receiver.wait_for("event")
    [payload] = receiver.payloads("event")
    [request] = receiver.requests
    assert item.envelope_headers["event_id"] == payload["event_id"] == event_id
    assert payload["release"] == "shop@1"
    assert payload["exception"]["values"][0]["value"] == "nobody is here"
    assert request.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(request.wire) == request.body == receiver.raw
    assert item.payload in receiver.raw


def test_several_items_in_one_delivery(receiver: Receiver) -> None:
    envelope = Envelope(headers={"event_id": "e" * 32})
    envelope.add_event({"message": "two\nlines, ü"})
    envelope.add_item(Item(PayloadRef(bytes=b"\n\x00 raw \n"), type="attachment"))
    envelope.add_transaction({"transaction": "/", "type": "transaction"})

    assert deliver(receiver, envelope.serialize()) == (200, b'{"id": "%s"}' % (b"e" * 32))
    assert [item.type for item in receiver.items] == ["event", "attachment", "transaction"]
    assert receiver.payloads("event")[0]["message"] == "two\nlines, ü"
    assert receiver.items[1].payload == b"\n\x00 raw \n"
    assert receiver.items[1].headers["length"] == 8


@given(st.lists(st.binary()))
def test_any_payload_is_read_as_it_was_written(payloads: list[bytes]) -> None:
    items = [Item(PayloadRef(bytes=payload), type="attachment") for payload in payloads]
    assert [item.payload for item in parse(Envelope(items=items).serialize())] == payloads


@pytest.mark.parametrize("body", [EVENT, EVENT.rstrip(b"\n")])
def test_an_item_without_a_length_ends_with_its_line(body: bytes) -> None:
    assert [item.payload for item in parse(body)] == [b'{"message":"by hand"}']


@pytest.mark.parametrize(
    ("encoding", "encode"),
    [(None, bytes), ("identity", bytes), ("gzip", gzip.compress), ("deflate", zlib.compress)],
)
def test_encodings(
    receiver: Receiver, encoding: str | None, encode: Callable[[bytes], bytes]
) -> None:
    assert deliver(receiver, encode(EVENT), encoding=encoding)[0] == 200
    assert receiver.requests[0].wire == encode(EVENT)
    assert receiver.raw == EVENT


@pytest.mark.parametrize(
    ("status", "changes"),
    [
        (403, {"key": "0" * 32}),
        (403, {"path": "/api/2/envelope/"}),
        (404, {"path": "/api/1/store/"}),
        (404, {"path": "/"}),
        (400, {"encoding": "gzip"}),
        (400, {"encoding": "br"}),
        (400, {"body": b""}),
        (400, {"body": b"\xff"}),
        (400, {"body": b"[]\n"}),
        (400, {"body": b'{}\n{"length":2}\n{}'}),
        (400, {"body": b'{}\n{"type":"event","length":3}\n{}'}),
        (400, {"body": b'{}\n{"type":"event","length":1}\n{}'}),
        (400, {"body": b'{}\n{"type":"event","length":"2"}\n{}'}),
        (400, {"body": b'{}\n{"type":"event","length":-1}\n{}'}),
        (501, {"method": "GET"}),
    ],
)
def test_what_sentry_would_reject(receiver: Receiver, status: int, changes: Any) -> None:
    answer = deliver(receiver, **{"body": EVENT, **changes})
    assert answer[0] == status
    assert not receiver.requests
    assert not receiver.items


def test_the_key_may_be_in_the_query(receiver: Receiver) -> None:
    path = f"/api/1/envelope/?sentry_key={urlsplit(receiver.dsn).username}&sentry_version=7"
    assert deliver(receiver, EVENT, path=path, key="-")[0] == 200


def test_waiting_ends_when_the_last_one_arrives(receiver: Receiver) -> None:
    deliver(receiver, EVENT)
    later = Timer(0.1, deliver, (receiver, EVENT))
    later.start()
    assert len(receiver.wait_for("event", count=2, timeout=10)) == 2
    later.join()


def test_waiting_in_vain_says_what_did_arrive(receiver: Receiver) -> None:
    with pytest.raises(TimeoutError, match=r"no 1 x event within 0 s; arrived: nothing$"):
        receiver.wait_for("event", timeout=0)

    deliver(receiver, EVENT)
    deliver(receiver, EVENT, key="0")
    with pytest.raises(
        TimeoutError, match="arrived: 1 x event, rejected: 403 wrong project or key"
    ):
        receiver.wait_for("event", count=2, timeout=0.01)


def test_the_sdk_with_a_wrong_key_is_named(receiver: Receiver) -> None:
    dsn = receiver.dsn.replace(str(urlsplit(receiver.dsn).username), "0" * 32)
    sdk = client(dsn)
    sdk.capture_event({"message": "to somebody else"})
    sdk.close()
    with pytest.raises(TimeoutError, match="403"):
        receiver.wait_for("event", timeout=0)


def test_many_at_the_same_time(receiver: Receiver) -> None:
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: deliver(receiver, EVENT), range(100)))
    assert {status for status, _ in answers} == {200}
    assert len(receiver.wait_for("event", count=100)) == len(receiver.requests) == 100
    assert json.loads(answers[0][1]) == {"id": f"{1:032x}"}


def test_a_taken_port_is_an_error_of_the_operating_system(receiver: Receiver) -> None:
    with pytest.raises(OSError, match="in use"):
        Receiver(receiver.port)


def test_two_receivers_have_their_own_ports_and_keys(receiver: Receiver) -> None:
    with Receiver() as other:
        assert other.port != receiver.port
        assert urlsplit(other.dsn).username != urlsplit(receiver.dsn).username


def test_nothing_answers_after_the_end() -> None:
    with Receiver() as receiver:
        assert deliver(receiver, EVENT)[0] == 200
    with pytest.raises(ConnectionRefusedError):
        deliver(receiver, EVENT)
