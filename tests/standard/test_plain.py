"""Foreign objects as plain data: all of the small ones, and of the large ones what fits."""

from asyncio import CancelledError
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field

from app.observability.plain import MAX_DEPTH, MAX_ITEMS, MAX_NAME, Plain, module_of, short_repr

from .failing_app import Awkward, Nameless, boom

MANY = 100_000  # characters
LONG = 2**1023  # the first integer that is told by its length only


class Point(NamedTuple):
    x: int
    y: Any


class Box(NamedTuple):
    held: Any


@dataclass
class Order:
    number: int
    lines: list[Any]
    secret: str = field(default="kept to itself", repr=False)


class Holder(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    number: int
    held: Any


class Endless:
    def __repr__(self) -> str:
        raise RecursionError


def nested_list(depth: int) -> Any:
    made: Any = "core"
    for _ in range(depth):
        made = [made]
    return made


def nested_dict(depth: int) -> Any:
    made: Any = "core"
    for _ in range(depth):
        made = {"in": made}
    return made


def depth_of(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + depth_of(value["in"])
    return 1 + depth_of(value[0]) if isinstance(value, list) else 0


def test_data_is_as_json_has_it() -> None:
    data = {"none": None, "yes": True, "float": 1.5, "int": LONG - 1, "text": "x", "list": [1, {}]}
    assert Plain(MANY).data(data) == data
    assert Plain(MANY).data([(1,), {2}, deque([3])]) == [[1], [2], [3]]
    assert Plain(MANY).data([LONG, b"x", Point(1, 2)]) == [
        "<int of 1024 bits>",
        "b'x'",
        "Point(x=1, y=2)",
    ]


def test_variables_are_told_by_their_repr() -> None:
    shown = Plain(MANY).variables([("text", "x"), ("number", 1), ("dict", {"a": None})])
    assert shown == {"text": "'x'", "number": "1", "dict": {"a": "None"}}


def test_a_text_is_as_long_as_is_said() -> None:
    assert Plain(MANY).data("x" * 512) == "x" * 512
    assert Plain(MANY).data("x" * 513) == "x" * 511 + "…"
    assert Plain(MANY, text=10).data("x" * 10) == "x" * 10
    assert Plain(MANY, text=10).data("x" * 11) == "x" * 9 + "…"
    assert Plain(MANY, text=10).data(b"x" * 100) == "b'xxxxxxx…"


def test_containers_tell_how_much_more_there_is() -> None:
    assert Plain(MANY).data(list(range(MAX_ITEMS))) == list(range(MAX_ITEMS))
    assert Plain(MANY).data(list(range(MAX_ITEMS + 5))) == [*range(MAX_ITEMS), "… 5 more"]
    some = {str(number): number for number in range(MAX_ITEMS)}
    assert Plain(MANY).data(some) == some
    more = {str(number): number for number in range(MAX_ITEMS + 5)}
    assert Plain(MANY).data(more) == some | {"…": "5 more"}


def test_variables_end_after_the_most_of_a_container() -> None:
    variables = [(str(number), number) for number in range(MAX_ITEMS + 1)]
    assert list(Plain(MANY).variables(variables)) == [name for name, _ in variables[:-1]]


def test_names_are_short() -> None:
    name = "n" * MAX_NAME
    assert Plain(MANY).variables([(name + "n", 1)]) == {name: "1"}
    assert Plain(MANY).data({name + "n": 1}) == {name: 1}
    assert Plain(MANY).data({("k" * 200,): 1}) == {"('" + "k" * (MAX_NAME - 3) + "…": 1}


@pytest.mark.parametrize(
    ("characters", "value", "shown"),
    [
        (16, [None, True, 1.5], [None, True, "…"]),
        (17, [None, True, 1.5], [None, True, 1.5]),
        (16, [1, 2, 3], [1, 2, "…"]),
        (17, [1, 2, 3], [1, 2, 3]),
        (14, ["abc", "abc", "abc"], ["abc", "abc", "…"]),
        (15, ["abc", "abc", "abc"], ["abc", "abc", "abc"]),
        (13, {"a": 1, "b": 2}, {"a": 1, "b": "…"}),
        (19, {"a": 1, "b": 2}, {"a": 1, "b": 2}),
    ],
)
def test_no_more_is_told_than_there_are_characters_for(
    characters: int, value: Any, shown: Any
) -> None:
    assert Plain(characters).data(value) == shown


def test_variables_end_where_the_characters_do() -> None:
    variables = [("a", "xx"), ("b", "xx"), ("c", "xx")]  # 8 characters each
    assert Plain(16).variables(variables) == {"a": "'xx'", "b": "'xx'"}
    assert Plain(17).variables(variables) == {"a": "'xx'", "b": "'xx'", "c": "'xx'"}


@pytest.mark.parametrize("nested", [nested_list, nested_dict])
def test_what_is_nested_is_told_up_to_a_depth(nested: Any) -> None:
    assert Plain(MANY).data(nested(MAX_DEPTH)) == nested(MAX_DEPTH)
    assert depth_of(Plain(MANY).data(nested(MAX_DEPTH + 1))) == MAX_DEPTH
    [told] = Plain(MANY).variables([("v", nested(MAX_DEPTH))]).values()
    assert depth_of(told) == MAX_DEPTH - 1


def test_what_changes_while_it_is_told_says_so() -> None:
    class Meddling:
        def __repr__(self) -> str:
            holder[len(holder)] = 1
            return "meddling"

    holder: dict[Any, Any] = {Meddling(): 1}
    assert Plain(MANY).data(holder) == "<dict: RuntimeError>"


def test_a_class_that_cannot_be_compared_says_so() -> None:
    class Incomparable(type):
        def __eq__(cls, other: object) -> bool:
            raise CancelledError

        __hash__ = type.__hash__

    class Job(metaclass=Incomparable):
        pass

    [told] = Plain(MANY).variables([("job", Job())]).values()
    assert told.endswith("Job: CancelledError>")


@pytest.mark.parametrize(
    "value",
    [
        {"a": 1, "b": [1.5, None]},
        [],
        [1, "two", b"three"],
        (1, 2),
        {1},
        Point(1, "y"),
        Order(1, ["a", "b"]),
        Holder(number=1, held="x"),
        ValueError("x", 1),
    ],
)
def test_a_small_object_is_told_as_it_tells_itself(value: Any) -> None:
    assert short_repr(value) == repr(value)


def test_other_sequences_are_told_as_sets() -> None:
    assert short_repr(frozenset([1])) == short_repr(deque([1])) == "{1}"


@pytest.mark.parametrize(
    ("kind", "start"),
    [
        (OrderedDict, "OrderedDict({"),
        (lambda items: defaultdict(list, items), "defaultdict({"),
        (Counter, "Counter({"),
        (lambda items: MappingProxyType(dict(items)), "mappingproxy({"),
        (lambda items: dict(items).items(), "dict_items(["),
        (lambda items: dict(items).keys(), "dict_keys(["),
        (lambda items: dict(items).values(), "dict_values(["),
    ],
)
def test_no_more_of_a_mapping_is_asked_than_is_told(kind: Any, start: str) -> None:
    asked = 0

    class Asked:
        def __repr__(self) -> str:
            nonlocal asked
            asked += 1
            return "asked"

    told = short_repr(kind({Asked(): Asked() for _ in range(10_000)}))
    assert told.startswith(f"{start}{'(' if 'items' in start else ''}asked")
    assert told.endswith("…") and asked < 100
    few = short_repr(kind({1: 2}))
    assert few.startswith(start) and few.endswith({"{": "})", "[": "])"}[start[-1]])


def test_a_repr_is_as_long_as_is_said() -> None:
    assert short_repr("x" * 510) == repr("x" * 510)
    assert short_repr("x" * 511) == "'" + "x" * 510 + "…"
    assert short_repr([1, 2], 6) == "[1, 2]"
    assert short_repr([1, 2], 5) == "[1,…"
    assert short_repr([1, 2], 2) == "[…"


def test_what_fails_halfway_says_what_it_was() -> None:
    assert short_repr([1, Endless()]) == "[1, <list: RecursionError>"


def test_long_integers_are_told_by_their_length() -> None:
    assert short_repr(LONG - 1) == str(LONG - 1)
    assert short_repr(LONG) == "<int of 1024 bits>"


@pytest.mark.parametrize(
    ("made", "shown"),
    [
        (FastAPI, "<FastAPI>"),
        (lambda: [FastAPI()], "[<FastAPI>]"),
        (lambda: Holder(number=1, held=FastAPI()), "Holder(number=1, held=<FastAPI>)"),
        (lambda: Order(1, [FastAPI()]), "Order(number=1, lines=[<FastAPI>])"),
        (lambda: Point(1, FastAPI()), "Point(x=1, y=<FastAPI>)"),
    ],
)
def test_what_may_hold_a_secret_is_told_by_its_type(made: Any, shown: str) -> None:
    assert short_repr(made()) == shown


def test_what_pydantic_is_made_of_is_looked_into() -> None:
    told = short_repr(Field(default=FastAPI(), description="held"))
    assert "default=<FastAPI>" in told and "description='held'" in told


def test_a_tuple_that_lacks_fields_is_told() -> None:
    made: Any = namedtuple("made", ["x", "y"])
    assert short_repr(tuple.__new__(made, [1])) == "made(x=1)"


@pytest.mark.parametrize(
    ("around", "before", "after"),
    [
        (lambda inner: [inner], "[", "]"),
        (lambda inner: {"k": inner}, "{'k': ", "}"),
        (lambda inner: Box(inner), "Box(held=", ")"),
    ],
)
def test_a_repr_ends_at_a_depth(around: Any, before: str, after: str) -> None:
    value = None
    for _ in range(MAX_DEPTH):
        value = around(value)
    assert short_repr(value) == before * MAX_DEPTH + "None" + after * MAX_DEPTH
    levels = MAX_DEPTH + 1
    assert short_repr(around(value)) == before * levels + "…" + after * levels


def test_a_key_ends_at_a_depth() -> None:
    key: Any = None
    for _ in range(MAX_DEPTH - 1):
        key = (key,)
    assert short_repr({key: 1}) == "{((((None)))): 1}"
    assert short_repr({(key,): 1}) == "{(((((…))))): 1}"


@pytest.mark.parametrize("raised", [RuntimeError, CancelledError])
def test_a_module_is_told_whatever_its_metaclass_says(raised: type[BaseException]) -> None:
    class Odd:
        @property
        def __module__(self) -> str:  # type: ignore[override]
            raise raised

    assert module_of(Nameless) == module_of(Awkward) == module_of(boom) == boom.__module__
    assert module_of(Odd()) == ""
