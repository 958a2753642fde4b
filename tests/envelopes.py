"""What leaves of an envelope, read as strictly as servers read it."""

import json
from collections.abc import Mapping
from typing import Any

from sentry_relay.processing import StoreNormalizer
from sentry_sdk.envelope import Envelope, Item, PayloadRef

from demo.envelope import Item as Arrived
from demo.envelope import parse
from tests.the_standard import Standard

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
