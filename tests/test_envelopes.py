"""What leaves is taken: Relay reads every event, and nothing is larger than a server allows."""

import json
import time
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sentry_relay.processing import StoreNormalizer
from sentry_sdk.envelope import Envelope, Item, PayloadRef

from demo.envelope import Item as Arrived
from demo.envelope import parse
from tests.the_standard import Standard, standard

__all__ = ["standard"]

EVENT_ID = "0" * 31 + "1"
TRACE = {"trace_id": "1" * 32, "span_id": "2" * 16}
SURROGATE = "a\ud800b"


class Scrubber:
    """Takes nothing out, and copies nothing."""

    def payload(self, kind: str, payload: Any) -> Any:
        return payload

    def trace(self, header: Mapping[str, Any]) -> dict[str, Any]:
        return dict(header)

    def attachment(self, data: bytes, content_type: str) -> bytes:
        return data


def sent(standard: Standard, *items: Item, **headers: Any) -> list[Arrived]:
    envelope = Envelope(headers=headers, items=list(items))
    return parse(standard.delivery.envelopes.prepared(envelope, Scrubber()).serialize())


def leave(standard: Standard, kind: str, payload: Any, **headers: Any) -> Any:
    """The payload as it arrives, read by the strictest reader there is."""
    [item] = sent(standard, Item(PayloadRef(json=payload), type=kind, headers=headers))
    assert len(item.payload) <= (200_000 if kind == "event" else 1_000_000)

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is no JSON")

    return json.loads(item.payload, parse_constant=refuse)


def judge(event: Any) -> dict[str, Any]:
    """What Relay makes of an event, which it has nothing to say against."""
    relay = StoreNormalizer(project_id=1, protocol_version="7", max_secs_in_past=10**12)
    raw = json.dumps(event, ensure_ascii=False)
    normalized: dict[str, Any] = relay.normalize_event(raw_event=raw)
    assert '"err"' not in json.dumps(normalized.get("_meta"))
    assert normalized["event_id"] == EVENT_ID
    return normalized


def event(**fields: Any) -> dict[str, Any]:
    return {
        "event_id": EVENT_ID,
        "level": "error",
        "platform": "python",
        "timestamp": "2026-01-02T03:04:05.000000Z",
        "exception": {"values": [error()]},
        "contexts": {"trace": TRACE},
        **fields,
    }


def error(
    frames: int = 3, variables: str = "", value: str = "nobody", lines: int = 0
) -> dict[str, Any]:
    return {
        "type": "LookupError",
        "value": value,
        "stacktrace": {
            "frames": [
                {
                    "function": f"f{number}",
                    "lineno": number + 1,
                    "in_app": True,
                    "pre_context": [f"line {n}" for n in range(lines)],
                    "vars": {"number": str(number), "text": variables},
                }
                for number in range(frames)
            ]
        },
    }


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


LARGE: dict[str, dict[str, Any]] = {
    "a recursion with long variables": {"exception": {"values": [error(1000, "x" * 2800)]}},
    "a hundred long breadcrumbs": {"breadcrumbs": {"values": [{"message": "x" * 16_000}] * 100}},
    "many small breadcrumbs": {"breadcrumbs": {"values": [{"message": "x"}] * 100_000}},
    "extra": {"extra": {"small": "kept", "large": "x" * 3_000_000}},
    "contexts": {"contexts": {f"c{n}": {"text": "x" * 10_000} for n in range(300)}},
    "a body": {"request": {"data": {"text": "x" * 3_000_000}, "url": "http://x/"}},
    "many frames": {"exception": {"values": [error(50_000)]}},
    "much source": {"exception": {"values": [error(1000, lines=500)]}},
    "a long value": {"exception": {"values": [error(value="x" * 3_000_000)]}},
    "many causes": {"exception": {"values": [error(value=str(n)) for n in range(5_000)]}},
    "many tags": {"tags": {f"tag{n}": "x" * 100 for n in range(10_000)}},
    "a long message": {"logentry": {"formatted": "x" * 3_000_000, "params": ["x" * 900_000]}},
    "many arguments": {"logentry": {"message": "x", "params": list(range(200_000))}},
    "a long name": {"extra": {"x" * 3_000_000: 1}},
    "a long tag's name": {"tags": {"x" * 3_000_000: "1"}},
    "a long type": {"exception": {"values": [{"type": "x" * 3_000_000, "value": "v"}]}},
    "modules": {"modules": {f"package{n}": "1.2.3" for n in range(50_000)}},
    "threads": {"threads": {"values": [{"id": str(n), **error(50)} for n in range(200)]}},
    "characters of three bytes": {"extra": {"text": "한" * 100_000}},
}
LARGE |= {
    "everything is long": {
        "exception": {
            "values": [
                {
                    "type": "x" * 9_000,
                    "stacktrace": {"frames": [{f"f{n}": "x" * 900 for n in range(90)}] * 30},
                }
            ]
            * 5
        }
    },
    "many keys": {"exception": {"values": [error() | {f"k{n}": n for n in range(100_000)}]}},
    "lists in lists": {
        "contexts": {"trace": {**TRACE, "data": {"x": [[[["x" * 50] * 30] * 30] * 30] * 30}}}
    },
}
LARGE["all of it"] = {
    field: value for fields in LARGE.values() for field, value in fields.items()
} | {"exception": {"values": [error(3000, "x" * 500, "x" * 90_000, 20) for _ in range(5)]}}


@pytest.mark.parametrize("fields", LARGE.values(), ids=LARGE)
def test_however_large_an_event_is_it_arrives(standard: Standard, fields: Any) -> None:
    arrived = leave(standard, "event", event(**fields))
    judge(arrived)
    assert arrived["exception"]["values"][-1].get("type", "x" * 12)[:12] in (
        "LookupError",
        "x" * 12,
    )
    assert arrived["contexts"]["truncated"]["left_out"]


def test_what_a_developer_misses_least_goes_first(standard: Standard) -> None:
    crumbs = [{"message": f"crumb {number}"} for number in range(50)]
    large = event(
        exception={"values": [error(1000, "x" * 600)]},
        breadcrumbs={"values": crumbs},
        extra={"small": "kept"},
        request={"data": "body"},
    )
    arrived = leave(standard, "event", large)
    frames = arrived["exception"]["values"][0]["stacktrace"]["frames"]
    assert len(frames) == 1000 and "vars" not in frames[0]
    assert all("x" * 600 in frame["vars"]["text"] for frame in frames[-8:])
    assert arrived["breadcrumbs"]["values"] == crumbs and arrived["extra"] == {"small": "kept"}
    assert arrived["request"] == {"data": "body"}
    [what] = arrived["contexts"]["truncated"]["left_out"]
    assert "variables of far frames" in what
    assert arrived["contexts"]["truncated"]["size"] > 600_000


def test_what_is_cut_keeps_its_numbers(standard: Standard) -> None:
    chained = {"mechanism": {"type": "chained", "exception_id": 3, "handled": False}}
    values = [error(value="x" * 300_000) | chained]
    arrived = leave(standard, "event", event(exception={"values": values}))
    [value] = arrived["exception"]["values"]
    assert value["mechanism"] == chained["mechanism"]
    assert value["value"] == "x" * 1_999 + "…"
    told = ["3 x vars of the nearest frames", "3 x pre_context of the nearest frames"]
    told.append("1 x the rest of what is long")
    assert arrived["contexts"]["truncated"]["left_out"] == told
    assert arrived["contexts"]["trace"] == TRACE


def test_what_is_left_out_is_counted(standard: Standard) -> None:
    crumbs = [{"message": f"{number}{'x' * 90_000}"} for number in range(5)]
    large = event(breadcrumbs={"values": crumbs}, extra={"small": "a", "large": "x" * 300_000})
    arrived = leave(standard, "event", large)
    assert arrived["contexts"]["truncated"]["left_out"] == [
        "5 x oldest breadcrumbs",
        "1 x extra: large",
    ]
    assert arrived["extra"] == {"small": "a"}


def test_the_newest_breadcrumbs_stay(standard: Standard) -> None:
    crumbs = [{"message": f"{number} {'x' * 5_000}"} for number in range(100)]
    arrived = leave(standard, "event", event(breadcrumbs={"values": crumbs}))
    assert arrived["breadcrumbs"]["values"] == crumbs[-len(arrived["breadcrumbs"]["values"]) :]
    assert len(arrived["breadcrumbs"]["values"]) > 30


def test_a_large_batch_of_logs_stays_a_batch(standard: Standard) -> None:
    bodies = ["x" * 300_000, *(f"log {number}" for number in range(98)), "y" * 2_000_000]
    logs = {"version": 2, "items": [{"body": body, "attributes": {}} for body in bodies]}
    arrived = leave(standard, "log", logs, item_count=100)
    assert [log["body"][:6] for log in arrived["items"]] == [body[:6] for body in bodies]


def test_the_count_of_a_batch_is_true(standard: Standard) -> None:
    many = {f"a{n}": {"value": "x" * 1_900, "type": "string"} for n in range(300)}
    items = [{"body": "small"}, {"body": "large", "attributes": many}] * 3
    [item] = sent(
        standard,
        Item(PayloadRef(json={"items": items}), type="log", headers={"item_count": 6}),
    )
    arrived = json.loads(item.payload)["items"]
    assert len(arrived) == item.headers["item_count"] < 6
    assert [log["body"] for log in arrived].count("small") == 3


def test_a_large_profile_gets_coarser(standard: Standard) -> None:
    samples = [
        {"timestamp": moment, "thread_id": str(thread), "stack_id": 0}
        for moment in range(10_000)
        for thread in range(4)
    ]
    profile = {"profile": {"samples": samples, "frames": [], "stacks": [[]]}}
    arrived = leave(standard, "profile_chunk", profile)["profile"]["samples"]
    assert {sample["thread_id"] for sample in arrived} == {"0", "1", "2", "3"}
    assert max(sample["timestamp"] for sample in arrived) > 9_990
    assert len(arrived) > 8_000


def test_what_is_too_large_in_a_way_that_nobody_knows_is_left_out(standard: Standard) -> None:
    assert sent(standard, Item(PayloadRef(json={"x": "x" * 2_000_000}), type="check_in")) == []


def test_what_the_service_holds_is_not_changed(standard: Standard) -> None:
    large = event(extra={"text": "x" * 1_000_000, "odd": SURROGATE, "n": float("inf")})
    before = repr(large)
    leave(standard, "event", large)
    assert repr(large) == before
