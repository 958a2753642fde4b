"""Whatever is scrubbed: no secret is left, nothing raises, nothing takes its time."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.observability.scrubbing import FILTERED

from .scrubbing_rules import DATABASE, SCRUBBER, SENSITIVE, SHAPES, event, planted, text, value

PLAIN = st.text("abc xyz.,/-", max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4)
    ),
    max_leaves=20,
)
PARTS = ["exception", "breadcrumbs", "contexts", "request", "logentry", "extra", "_meta"]
SECRET_TEXT = st.sampled_from([*SHAPES.values(), DATABASE, "password=hunter2"])


@st.composite
def haystacks(draw: st.DrawFn) -> tuple[Any, str]:
    """Return JSON with a secret somewhere in it, and that secret."""
    secret = draw(SECRET_TEXT)
    tree: Any = draw(PLAIN) + " " + secret + " " + draw(PLAIN)
    if draw(st.booleans()):
        secret = draw(st.text("0123456789", min_size=30, max_size=40))
        tree = {
            draw(st.sampled_from(SENSITIVE)): draw(
                st.sampled_from([secret, [secret], {"a": secret}])
            )
        }
    for _ in range(draw(st.integers(0, 6))):
        other = draw(PLAIN)
        tree = draw(
            st.sampled_from(
                [
                    [other, tree],
                    {"a": other, draw(PLAIN): tree},
                    {"values": [tree]},
                    {draw(st.sampled_from(PARTS)): tree},
                    json.dumps([tree]),
                    *([{tree: other}] if isinstance(tree, str) else []),
                ]
            )
        )
    return tree, secret


def has_shape_of(before: Any, after: Any) -> bool:
    """Say whether `after` is nested as `before` is, except for what is filtered."""
    if isinstance(before, dict) and isinstance(after, dict):
        return len(before) == len(after) and all(map(has_shape_of, before.values(), after.values()))
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(map(has_shape_of, before, after))
    if before == after or FILTERED in str(after):
        return True
    # Neither NUL nor what spells it can be kept by a database.
    return isinstance(before, str) and after == before.replace("\x00", "").replace(r"\x00", "")


@given(haystacks())
def test_no_secret_is_found_again(haystack: tuple[Any, str]) -> None:
    tree, secret = haystack
    for scrubbed in (value(tree), event({"extra": tree, "request": {"data": tree}, "x": [tree]})):
        assert json.dumps(secret)[1:-1] not in json.dumps(scrubbed)


@given(JSON)
@example("\x00")
def test_data_keeps_its_shape_and_is_scrubbed_once(data: Any) -> None:
    scrubbed = value(data)
    assert has_shape_of(data, scrubbed)
    assert value(scrubbed) == scrubbed


@given(st.text() | haystacks().map(lambda haystack: json.dumps(haystack[0])))
def test_text_is_scrubbed_once(data: str) -> None:
    for scrub in (text, SCRUBBER.url, SCRUBBER.query, SCRUBBER.sql, SCRUBBER.source):
        assert scrub(scrub(data)) == scrub(data)


@given(st.dictionaries(st.sampled_from(PARTS) | st.text(), JSON), st.sampled_from(PARTS), JSON)
def test_nothing_makes_it_raise(data: dict[str, Any], part: str, inner: Any) -> None:
    for scrub in (event, SCRUBBER.breadcrumb, SCRUBBER.log, SCRUBBER.metric):
        json.dumps(scrub(data))
        json.dumps(scrub(inner))
    json.dumps(event({part: {"values": [inner], "frames": [inner], "trace": inner, "data": inner}}))


# Were a rule quadratic, one of these would take minutes.
@pytest.mark.parametrize(
    "part",
    [
        *("a", "A1", "@", "a@", "a@b.", "eyJ", "-eyJ", "1 ", "1-", "123 ", "4111 ", "'", '"', "--"),
        *(
            "--a",
            "://",
            "://a:",
            "://a:b@",
            "/a",
            "/%61",
            "?a=/",
            "%25",
            "=",
            "a=",
            "a:",
            "a.",
            "a_",
        ),
        *("password=", "token '", "password=a,", "(", "['", "[", '{"a":', "\\", "\\n", "$a$", "$$"),
        *(
            "SELECT ",
            "select ",
            "/*",
            "UPDATE a ",
            "Bearer ",
            "-----BEGIN PRIVATE KEY",
            "DETAIL:  ",
        ),
        *("[parameters: ", "\n", "%s", "{", "%(a)s"),
    ],
)
def test_hostile_text(part: str) -> None:
    for size in (8 * 1024, 64 * 1024, 1024 * 1024):
        hostile = part * (size // len(part))
        for scrub in (text, value, SCRUBBER.url, SCRUBBER.query, SCRUBBER.sql, SCRUBBER.source):
            assert len(scrub(hostile)) <= 8192
        event(planted("request/data", hostile, url=hostile))
        event(planted("logentry/message", hostile, formatted=hostile, params=[hostile, "a"]))


@pytest.mark.parametrize(
    "nested", ["[" * 50_000 + "]" * 50_000, '{"a":' * 10_000 + "1" + "}" * 10_000]
)
def test_hostile_json(nested: str) -> None:
    assert len(str(event(planted("request/data", nested)))) < 9000
    assert len(text(nested)) <= 8192
