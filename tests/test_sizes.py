"""Nothing is larger than a server takes, and what a developer misses least goes first."""

import json
from typing import Any

import pytest
from sentry_sdk.envelope import Item, PayloadRef

from tests.envelopes import TRACE, error, event, judge, leave, sent
from tests.the_standard import Standard, standard

__all__ = ["standard"]

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


def frames(number: int, **fields: Any) -> dict[str, Any]:
    """An error whose frames have nothing but these fields, and their number."""
    stack = [{"lineno": n, **fields} for n in range(number)]
    return {"exception": {"values": [{"type": "LookupError", "stacktrace": {"frames": stack}}]}}


LONG = 20_000 * "x"


@pytest.mark.parametrize(
    ("fields", "left_out"),
    [
        (frames(20, vars={"text": LONG}), ["11 x variables of far frames"]),
        (frames(20, pre_context=[LONG]), ["11 x source of far frames"]),
        (frames(20, post_context=[LONG]), ["11 x source of far frames"]),
        (frames(20, context_line=LONG), ["11 x source of far frames"]),
        (
            frames(9, vars={"text": 2 * LONG}),
            ["1 x variables of far frames", "4 x vars of the nearest frames"],
        ),
        (frames(8, pre_context=[2 * LONG]), ["4 x pre_context of the nearest frames"]),
        (frames(8, post_context=[2 * LONG]), ["4 x post_context of the nearest frames"]),
        ({"extra": {"small": 1, "large": 10 * LONG}}, ["1 x extra: large"]),
        ({"contexts": {"trace": TRACE, "cart": {"text": 10 * LONG}}}, ["1 x contexts: cart"]),
        ({"request": {"data": 10 * LONG, "headers": {"a": "b"}}}, ["1 x request: data"]),
        (frames(1) | {"tags": {f"{n:03}": LONG[:2000] for n in range(120)}}, ["24 x tags"]),
        (frames(1) | {"modules": {"name": 10 * LONG}}, ["1 x fields: modules"]),
    ],
)
def test_what_goes_first_is_told(
    standard: Standard, fields: dict[str, Any], left_out: list[str]
) -> None:
    arrived = leave(standard, "event", event(**fields))
    assert arrived["contexts"]["truncated"]["left_out"] == left_out


def test_the_middle_of_a_stack_and_of_a_chain_goes_first(standard: Standard) -> None:
    arrived = leave(standard, "event", event(**frames(100, function=LONG[:2_400])))
    [value] = arrived["exception"]["values"]
    left = [frame["lineno"] for frame in value["stacktrace"]["frames"]]
    assert left == [*range((len(left) + 1) // 2), *range(100 - len(left) // 2, 100)]
    assert arrived["contexts"]["truncated"]["left_out"] == [
        f"{100 - len(left)} x frames in the middle"
    ]
    chain = [
        {"type": str(n), "value": LONG[:2_400], "stacktrace": {"frames": [{"lineno": n}]}}
        for n in range(100)
    ]
    arrived = leave(standard, "event", event(exception={"values": chain}))
    left = [int(value["type"]) for value in arrived["exception"]["values"]]
    assert left == [*range((len(left) + 1) // 2), *range(100 - len(left) // 2, 100)]
    assert arrived["contexts"]["truncated"]["left_out"] == [
        f"{100 - len(left)} x causes in the middle"
    ]


def test_what_is_cut_keeps_its_numbers(standard: Standard) -> None:
    chained = {"mechanism": {"type": "chained", "exception_id": 3, "handled": False}}
    values = [error(value="x" * 300_000) | chained]
    arrived = leave(standard, "event", event(exception={"values": values}))
    [value] = arrived["exception"]["values"]
    assert value["mechanism"] == chained["mechanism"]
    assert value["value"] == "x" * 1_999 + "…"
    assert arrived["contexts"]["truncated"]["left_out"] == [
        "3 x vars of the nearest frames",
        "3 x pre_context of the nearest frames",
        "1 x the rest of what is long",
    ]
    assert arrived["contexts"]["trace"] == TRACE


def test_a_request_keeps_what_was_asked(standard: Standard) -> None:
    request = {"method": "POST", "url": "http://x/", "data": "body"}
    large = event(**frames(8, vars={"text": 2 * LONG}), request=request)
    arrived = leave(standard, "event", large)
    assert arrived["request"] == {"method": "POST", "url": "http://x/"}
    told = ["1 x request", "4 x vars of the nearest frames"]
    assert arrived["contexts"]["truncated"]["left_out"] == told


def test_what_is_no_exception_is_cut_as_text(standard: Standard) -> None:
    arrived = leave(standard, "event", event(exception={"values": ["x" * 300_000]}))
    assert arrived["exception"]["values"] == ["x" * 1_999 + "…"]


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


def test_a_batch_of_which_nothing_is_left_does_not_leave(standard: Standard) -> None:
    many = {f"a{n}": {"value": "x" * 1_900, "type": "string"} for n in range(600)}
    batch = PayloadRef(json={"items": [{"body": "large", "attributes": many}]})
    assert sent(standard, Item(batch, type="log", headers={"item_count": 1})) == []


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
    large = {"x": "x" * 2_000_000}
    profiles: list[Any] = [None, 5, [], [large], {"samples": None}, {"samples": [large]}]
    for kind, payload in [
        ("check_in", large),
        ("profile_chunk", [large]),
        *(("profile_chunk", large | {"profile": profile}) for profile in profiles),
    ]:
        assert sent(standard, Item(PayloadRef(json=payload), type=kind)) == []
