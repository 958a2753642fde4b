"""Secrets in data: by names, beside names, in texts that are data."""

from typing import Any

import pytest

from app.observability.scrubbing import FILTERED

from .scrubbing_rules import CARD, EMAIL, TOKEN, value


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"a": [{"b": {"Password": 1}}]}, {"a": [{"b": {"Password": FILTERED}}]}),
        (
            {"headers": [["X-Api-Key", "a"], ["Accept", "b"]]},
            {"headers": [["X-Api-Key", FILTERED], ["Accept", "b"]]},
        ),
        ([["b'cookie'", "b'a'"], ("token", 1)], [["b'cookie'", FILTERED], ["token", FILTERED]]),
        (["run", "--password", "a", "--port", "1"], ["run", "--password", FILTERED, "--port", "1"]),
        (["-token", "a", "--db-password=b"], ["-token", FILTERED, "--db-password=[Filtered]"]),
        (["'--password'", "'a'"], ["'--password'", FILTERED]),
        (["password", "a", "b"], ["password", "a", "b"]),
        ({EMAIL: 1, CARD: 2, "x": 3}, {FILTERED: 1, "[Filtered] 2": 2, "x": 3}),
        ('{"a": {"token": "b"}, "c": 1.0}', '{"a": {"token": "[Filtered]"}, "c": 1.0}'),
        (' ["비번", {"비번": 1}]', '["비번", {"비번": "[Filtered]"}]'),
        ('{"token":"a","token":null}', '{"token":"[Filtered]","token":null}'),
        ('{"a": "{\\"token\\": 1}"}', '{"a": "{\\"token\\": \\"[Filtered]\\"}"}'),
        ("a=b&p%61ssword=c", "a=b&p%61ssword=[Filtered]"),
        ("email=nobody%40example.com", "email=[Filtered]"),
        (str({"a": EMAIL}), "{'a': '[Filtered]'}"),
        (1.5, 1.5),
        ({"x": b"password=a"}, {"x": "b'password=[Filtered]"}),
        ('{"a":1}', '{"a":1}'),
        ("[1,2]", "[1,2]"),
    ],
)
def test_data(before: Any, after: Any) -> None:
    assert value(before) == after


@pytest.mark.parametrize("name", ["name", "key", "field", "header", "Name", "Parameter", "k"])
@pytest.mark.parametrize(
    "named", ["value", "values", "input", "ctx", "content", "data", "default", "Value", "new", "v"]
)
def test_names_beside_values(name: str, named: str) -> None:
    assert value({name: "Password", named: "a", "x": "b"}) == {
        name: "Password",
        named: FILTERED,
        "x": "b",
    }
    assert value({name: "x", named: "a"}) == {name: "x", named: "a"}
    assert value({name: "Password", named: None}) == {name: "Password", named: None}


def test_errors_of_pydantic() -> None:
    error = {
        "type": "x",
        "loc": ["body", "password"],
        "msg": "wrong",
        "input": "a",
        "ctx": {"b": 1},
    }
    assert value(error) == error | {"input": FILTERED, "ctx": FILTERED}
    harmless = error | {"loc": ["body", 0, "text"]}
    assert value(harmless) == harmless


@pytest.mark.parametrize(
    "key", ["url", "http.url", "url.full", "url.path", "http.target", "path", "Referer"]
)
def test_keys_of_urls(key: str) -> None:
    assert value({key: f"a/{TOKEN}", "x": f"a/{TOKEN}"}) == {key: "a/[Filtered]", "x": f"a/{TOKEN}"}


@pytest.mark.parametrize(
    "key", ["query_string", "http.query", "url.query", "http.fragment", "url.fragment"]
)
def test_keys_of_queries(key: str) -> None:
    assert value({key: TOKEN, "x": TOKEN}) == {key: FILTERED, "x": TOKEN}


@pytest.mark.parametrize("key", ["db.statement", "db.query.text"])
def test_keys_of_statements(key: str) -> None:
    assert value({key: "CALL a('b')", "x": "CALL a('b')"}) == {
        key: "CALL a(%s)",
        "x": "CALL a('b')",
    }


def test_depth_is_bounded() -> None:
    deep: Any = "x"
    for _ in range(100_000):
        deep = [deep]
    shallow = value(deep)
    depth = 0
    while isinstance(shallow, list):
        shallow, depth = shallow[0], depth + 1
    assert (shallow, depth) == (FILTERED, 32)
    for _ in range(40):
        deep = {"a": deep if isinstance(deep, dict) else "x"}
    assert str(value(deep)).count("{") == 32


def test_objects_are_shown_scrubbed() -> None:
    class Hidden:
        def __repr__(self) -> str:
            raise RuntimeError

    class Shown:
        def __repr__(self) -> str:
            return "Shown(password='a')"

    hidden, shown = value([Hidden(), Shown()])
    assert hidden.endswith("Hidden: RuntimeError>")
    assert shown == "Shown(password='[Filtered]')"
