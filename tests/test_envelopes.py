"""What leaves is taken: Relay reads every event, whatever is in it."""

import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sentry_sdk.envelope import Envelope, Item, PayloadRef

from tests.envelopes import EVENT_ID, SURROGATE, Scrubber, event, judge, leave, sent
from tests.the_standard import Standard, standard

__all__ = ["standard"]


def nested(depth: int) -> Any:
    value: Any = "bottom"
    for _ in range(depth):
        value = {"deeper": [value]}
    return value


def twice(depth: int) -> Any:
    value: Any = "bottom"
    for _ in range(depth):
        value = {"left": value, "right": value}
    return value


def endless() -> Any:
    value: dict[str, Any] = {}
    value["self"] = value
    return value


INVALID = {
    "surrogate": SURROGATE,
    "surrogate as a key": {SURROGATE: 1},
    "surrogate deep down": {"a": [{"b": [[SURROGATE]]}]},
    "half of a pair": "\udc00 \ud83d",
    "NUL": "a\0b",
    "NUL as a key": {"a\0b": 1},
    "not a number": float("nan"),
    "infinity": [float("inf"), float("-inf")],
    "keys": {1: "a", None: "b", 1.5: "c", float("nan"): "d"},
    "keys of other kinds": {("a", "b"): 1, b"c": 2, object: 3},
    "long integers": [2**64, -(2**63) - 1, 10**400, -(10**5000)],
    "long integers as keys": {10**5000: 1, 2**70: 2},
    "values of other kinds": [b"bytes", {1, 2}, object(), 1 + 2j],
    "deep": nested(70),
    "deeper": nested(500),
    "deepest": nested(50_000),
    "shared": twice(40),
    "endless": endless(),
}


@pytest.mark.parametrize("value", INVALID.values(), ids=INVALID)
def test_whatever_is_in_an_event_relay_reads_it(standard: Standard, value: Any) -> None:
    began = time.process_time()
    arrived = leave(standard, "event", event(extra={"value": value, "whole": "kept"}))
    assert time.process_time() - began < 20
    assert judge(arrived)["extra"].get("whole", "kept") == "kept"


def test_what_is_invalid_stays_as_readable_as_it_can(standard: Standard) -> None:
    odd = {
        "text": "a\0b\ud800c",
        "numbers": [2**64, -(2**63) - 1, float("nan"), float("-inf"), 10**5000],
        "\0": {1: b"", 2**70: "한"},
        "keys": {("a", "b"): 1},
    }
    assert leave(standard, "event", event(extra=odd))["extra"] == {
        "text": "a\ufffdb\ufffdc",
        "numbers": [str(2**64), str(-(2**63) - 1), "nan", "-inf", "an integer of 16610 bits"],
        "\ufffd": {"1": "<bytes>", str(2**70): "한"},
        "keys": {"<tuple>": 1},
    }
    # Nothing but this is odd, and it is found all the same.
    for value, mended in {"a\0b": "a\ufffdb", 2**64: str(2**64)}.items():
        assert leave(standard, "event", event(extra={"x": value}))["extra"] == {"x": mended}


def test_nesting_that_relay_reads_is_kept(standard: Standard) -> None:
    deep = {"mended": float("nan"), "kept": nested(31), "cut": nested(32)}
    extra = leave(standard, "event", event(extra=deep))["extra"]
    assert extra == {"mended": "nan", "kept": nested(31), "cut": extra["cut"]}
    assert str(extra["cut"]) == str(nested(32)).replace("['bottom']", "None")


@pytest.mark.parametrize("place", ["message", "transaction", "server_name", "tags", "breadcrumbs"])
def test_a_surrogate_is_replaced_wherever_it_stands(standard: Standard, place: str) -> None:
    value: Any = {
        "tags": {"name": SURROGATE},
        "breadcrumbs": {"values": [{"message": SURROGATE, "data": {SURROGATE: SURROGATE}}]},
    }.get(place, SURROGATE)
    assert "a\ufffdb" in json.dumps(
        judge(leave(standard, "event", event(**{place: value}))), ensure_ascii=False
    )


def anything(texts: Any, integers: Any, floats: Any) -> Any:
    return st.recursive(
        st.none() | st.booleans() | integers | floats | texts,
        lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
    )


ODD = anything(st.text() | st.characters(categories=["Cs", "Cc"]), st.integers(), st.floats())
ORDINARY = anything(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
)
often = settings(
    max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)


@often
@given(ODD)
def test_relay_reads_anything(standard: Standard, value: Any) -> None:
    judge(leave(standard, "event", event(extra={"value": value})))


@often
@given(ORDINARY)
def test_what_is_valid_is_not_changed(standard: Standard, value: Any) -> None:
    assert leave(standard, "event", event(extra={"value": value}))["extra"]["value"] == value


def test_headers_are_valid_too(standard: Standard) -> None:
    trace = {"trace_id": "1" * 32, "transaction": SURROGATE, "sample_rate": float("nan")}
    attachment = Item(b"\xff\0", filename=SURROGATE, type="attachment")
    [item] = sent(standard, attachment, event_id=EVENT_ID, trace=trace)
    assert item.headers["filename"] == "a\ufffdb" and item.payload == b"\xff\0"
    assert item.envelope_headers["trace"]["transaction"] == "a\ufffdb"


def test_what_can_not_be_scrubbed_does_not_leave_and_the_rest_does(standard: Standard) -> None:
    class Failing(Scrubber):
        def attachment(self, data: bytes, content_type: str) -> bytes:
            raise LookupError

    odd = Item(PayloadRef(json=event(message=SURROGATE)), type="event")
    envelope = Envelope(items=[Item(b"data", type="attachment"), odd, Item(b"{", type="event")])
    [left] = standard.delivery.envelopes.prepared(envelope, Failing()).items
    # Who reads the payload in a test reads what leaves.
    assert left.payload.json == json.loads(left.get_bytes()) == event(message="a\ufffdb")


def test_an_item_that_somebody_made_of_text_leaves(standard: Standard) -> None:
    text = Item(json.dumps(event(message="told")).encode(), type="event")
    batch = Item(PayloadRef(json={"items": [{"body": "told"}]}), type="log")
    left, log = sent(standard, text, batch)
    assert json.loads(left.payload) == event(message="told")
    assert "item_count" not in log.headers


def test_one_number_that_is_none_does_not_lose_a_batch(standard: Standard) -> None:
    logs = {
        "version": 2,
        "items": [
            {"body": "ordinary", "attributes": {"n": {"value": 1, "type": "integer"}}},
            {"body": "odd", "attributes": {"n": {"value": float("nan"), "type": "double"}}},
            {"body": SURROGATE, "attributes": {}},
        ],
    }
    arrived = leave(standard, "log", logs, item_count=3)
    assert [log["body"] for log in arrived["items"]] == ["ordinary", "odd", "a\ufffdb"]
    assert arrived["items"][1]["attributes"]["n"] == {"value": "nan", "type": "string"}


def test_what_the_service_holds_is_not_changed(standard: Standard) -> None:
    large = event(extra={"text": "x" * 1_000_000, "odd": SURROGATE, "n": float("inf")})
    before = repr(large)
    leave(standard, "event", large)
    assert repr(large) == before
