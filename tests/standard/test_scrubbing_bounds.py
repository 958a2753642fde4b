"""At the bounds of what is looked at: nothing secret is left, and nothing else is lost."""

import json
from typing import Any

import pytest
import sentry_sdk
from sentry_sdk.envelope import Envelope, Item

from app.observability import capture_error
from app.observability.delivery.envelopes import prepared
from app.observability.request.body import MAX_BODY, readable
from app.observability.scrubbing import FILTERED, Scrubber

from .scrubbing_rules import CARD, DATABASE, EMAIL, JWT, RESIDENT, Rules, text
from .test_scrubbing_lists import cpu

Events = list[dict[str, Any]]
HALF_EMOJI = "ab cd\ud800ef"


def payload(kind: str, payload: Any) -> Any:
    return Scrubber().payload(kind, payload)


def fail(variable: str) -> None:
    try:
        raise LookupError(variable and "")
    except LookupError as error:
        capture_error(error)


@pytest.mark.parametrize(
    ("secret", "begins"),
    [
        *((CARD, "4111"), (RESIDENT, "9001"), (EMAIL, "nobo"), (JWT, "eyJ"), (DATABASE, "hunt")),
        ("ghp_" + 36 * "x", "ghp_"),
    ],
)
def test_no_variable_or_breadcrumb_is_cut_in_a_secret(
    captured_events: Events, secret: str, begins: str
) -> None:
    told = "a " * 600
    for start in range(510 - len(secret), 512):
        sentry_sdk.get_isolation_scope().clear_breadcrumbs()
        sentry_sdk.add_breadcrumb(message=f"{told[: 512 + start]} {secret} {told}")
        fail(f"{told[:start]} {secret} {told}")
        event = captured_events.pop()
        [frame] = event["exception"]["values"][0]["stacktrace"]["frames"]
        for shown in (frame["vars"]["variable"], event["breadcrumbs"]["values"][-1]["message"]):
            assert len(shown) > 400 and shown.endswith("…") and begins not in shown


@pytest.mark.parametrize("pair", ["a{}=1 ", "k8s.pod.label{0}=x{0} ", '{{"a{}": 1}} '])
@pytest.mark.parametrize("number", [100, 1001])
def test_what_comes_after_very_many_names_is_not_shown(pair: str, number: int) -> None:
    before = "".join(map(pair.format, range(number)))[:6000]
    left = text(f"{before}password=hunter2 a=2")
    assert "hunter2" not in left and left.startswith(before[:400])
    assert number > 100 or left == f"{before}password=[Filtered] a=2"


@pytest.mark.parametrize("number", [99, 101])
def test_what_comes_after_very_many_users_is_not_shown(number: int) -> None:
    left = text(number * "curl -u kim:hunter2 " + "end")
    assert "hunter2" not in left and left.endswith("end") is (number < 100)


def test_half_a_character_in_a_secret_loses_nothing() -> None:
    event = payload("event", {"extra": {"password": HALF_EMOJI}, "message": f"got {HALF_EMOJI}"})
    assert event == {"extra": {"password": FILTERED}, "message": "got [Filtered]"}


def test_a_key_of_any_kind_loses_nothing() -> None:
    event = payload("event", {"extra": {"password": "Tr0ub4dor&3"}, "contexts": {7: {None: "a"}}})
    assert event["contexts"] == {"7": {"None": "a"}}


def test_what_is_only_called_a_frame_is_looked_through() -> None:
    secret = "Tr0ub4dor&3"
    extra = {"password": secret, "frames": [{"a": f"of {secret}"}]}
    left = payload("event", {"extra": extra})["extra"]
    assert left == {"password": FILTERED, "frames": [{"a": f"of {FILTERED}"}]}


def test_what_can_not_be_scrubbed_takes_nothing_else_along() -> None:
    class Broken(dict[str, Any]):
        def items(self) -> Any:
            raise LookupError

    items = [{"body": "a"}, Broken(), {"body": "b"}]
    assert payload("log", {"items": items}) == {"items": [{"body": "a"}, {"body": "b"}]}
    assert payload("event", Broken()) is None


def test_the_name_of_an_attachment_is_looked_through() -> None:
    item = Item(b"told", type="attachment", filename=f"of {EMAIL}.txt", content_type="text/plain")
    left, other = prepared(Envelope(items=[item, Item(b"", type="attachment")]), Scrubber()).items
    assert "filename" not in other.headers
    assert (left.headers["filename"], left.get_bytes()) == (f"of {FILTERED}", b"told")


def test_a_private_key_is_not_shown_line_by_line(captured_events: Events) -> None:
    lines = [2 * "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC", 2 * "b3BlbnNzaC1rZXktdjEAAAAABG5vb+/9"]
    try:
        raise LookupError
    except LookupError as error:
        capture_error(error)
    [event] = captured_events
    [frame] = event["exception"]["values"][0]["stacktrace"]["frames"]
    assert frame["vars"]["lines"] == ["'[Filtered]'"] * 2
    assert text(lines[0]) == text(f"a {lines[1]} b").strip("a b") == FILTERED
    harmless = [32 * "ab", 32 * "AB", lines[0] + "=", lines[0][1:], f"x{lines[0]}", 64 * "/"]
    assert [text(each) for each in harmless] == harmless


@pytest.mark.parametrize(
    "head",
    [
        'Content-Disposition: form-data; name="a"' + ";" * 65_000,
        'form-data; name="a"' + ';"' * 32_000,
        "form-data;" + "name=" * 12_000,
        "--x\r\nform-data;name\r\n\r\n" * 3_000,
        "A: b\r\n" * 10_000,
    ],
)
def test_a_strangers_form_costs_what_its_length_costs(head: str) -> None:
    def read(head: str) -> float:
        body = f"--x\r\n{head}\r\n\r\nv\r\n--x--"[:MAX_BODY].encode()
        return cpu(lambda: readable(body, "multipart/form-data; boundary=x", len(body)))

    # What is quadratic costs thousands of times as much.
    assert read(head) < 100 * read(f'form-data; name="a"\r\n\r\n{60_000 * "a"}')


# --- What the SDK needs --------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["time", "name", "id", "segment", "status", "body"])
def test_a_teams_own_names_do_not_reach_what_sentry_needs(key: str) -> None:
    own = Rules([key])
    span = {"name": "GET /", "trace_id": "4" * 32, "span_id": "4" * 16, "is_segment": True}
    span |= {"start_timestamp": 1.5, "end_timestamp": 2.5, "status": "ok"}
    assert own.scrubber.payload("span", {"items": [span]}) == {"items": [span]}
    for item in ({"timestamp": 1.5, "body": "told"}, {"timestamp": 1.5, "name": "n", "value": 1}):
        assert own.log(item) == own.metric(item) == item


def test_a_teams_own_names_may_have_digits() -> None:
    own = Rules(["s3", "P-12", "1234"])
    data = {"status": "a", "page": "b", "s3_place": "c", "p12": "d", "x1234y": "e"}
    filtered = dict.fromkeys(["s3_place", "p12", "x1234y"], FILTERED)
    assert own.value(data) == data | filtered


def test_a_segments_name_is_looked_through() -> None:
    name = {"type": "string", "value": f"batch of {EMAIL}"}
    [span] = payload("span", {"items": [{"attributes": {"sentry.segment.name": name}}]})["items"]
    assert json.dumps(span).count(FILTERED) == 1 and EMAIL not in json.dumps(span)
