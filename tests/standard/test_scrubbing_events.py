"""Every part of an event is scrubbed by its own rule."""

import json
from typing import Any

import pytest

from app.observability.scrubbing import FILTERED

from .scrubbing_rules import (
    CARD,
    EMAIL,
    JWT,
    LEAK,
    NO_SECRETS,
    SCRUBBED,
    SECRETS,
    TOKEN,
    event,
    planted,
)


@pytest.mark.parametrize(
    "path",
    [
        "message",
        "transaction",
        "culprit",
        "logentry/message",
        "logentry/formatted",
        "exception/values/0/value",
        "exception/0/value",
        "breadcrumbs/values/0/message",
        "breadcrumbs/0/message",
        "contexts/trace/description",
        "request/url",
        "request/query_string",
        "request/fragment",
        "request/data",
        "a_field_of_tomorrow",
    ],
)
def test_text_of_events(path: str) -> None:
    assert event(planted(path, LEAK)) == planted(path, SCRUBBED)


@pytest.mark.parametrize(
    "path",
    [
        "tags",
        "user",
        "extra",
        "contexts/mine",
        "contexts/trace/data",
        "contexts/trace/tags",
        "logentry/params",
        "request/headers",
        "request/query_string",
        "request/data",
        "request/env",
        "exception/values/0/mechanism/data",
        "exception/values/0/stacktrace/frames/0/vars",
        "exception/values/0/raw_stacktrace/frames/0/vars",
        "threads/values/0/stacktrace/frames/0/vars",
        "stacktrace/frames/0/vars",
        "breadcrumbs/values/0/data",
        "a_field_of_tomorrow",
    ],
)
def test_data_of_events(path: str) -> None:
    assert event(planted(path, SECRETS)) == planted(path, NO_SECRETS)
    pairs, scrubbed_pairs = map(list, (SECRETS.items(), NO_SECRETS.items()))
    assert event(planted(path, pairs)) == planted(path, [list(pair) for pair in scrubbed_pairs])


@pytest.mark.parametrize(
    ("path", "before", "after", "beside"),
    [
        ("extra/sys.argv", ["a", "--pw", "b"], ["a", "--pw", FILTERED], {}),
        ("fingerprint", ["a", EMAIL], ["a", FILTERED], {}),
        ("transaction", f"GET /a/{TOKEN}", "GET /a/[Filtered]", {}),
        ("tags", [["token", "a"]], [["token", FILTERED]], {}),
        ("contexts/trace/description", "a='b'", "a=%s", {"op": "db"}),
        ("contexts/trace/description", "a='b'", "a=%s", {"op": "db.query"}),
        ("contexts/trace/description", "a='b'", "a='b'", {"op": "function"}),
        (
            "contexts/trace/description",
            "GET db://a:b@c",
            "GET db://[Filtered]@c",
            {"op": "http.client"},
        ),
        ("breadcrumbs/values/0/message", "a='b'", "a=%s", {"category": "query"}),
        ("breadcrumbs/values/0/message", "a='b'", "a='b'", {"category": "query.other"}),
        ("request/url", f"a/{TOKEN}", "a/[Filtered]", {"method": "GET"}),
        ("request/query_string", TOKEN, FILTERED, {}),
        ("request/fragment", TOKEN, FILTERED, {}),
        ("request/headers", {"Referer": f"a/{TOKEN}"}, {"Referer": "a/[Filtered]"}, {}),
        ("request/cookies", {"a": "b", EMAIL: None}, {"a": FILTERED, FILTERED: FILTERED}, {}),
        ("request/cookies", [["a", "b"]], [["a", FILTERED]], {}),
        ("request/cookies", "a=b", FILTERED, {}),
        ("request/data", "a=b&token=c", "a=b&token=[Filtered]", {}),
        ("request/data", "some words", "some words", {}),
        ("request/data", '{"a": "b", "pin": "1', '{"a": "b", "pin": "[Filtered]', {}),
        ("request/data", " <a>b</a><otp>c</otp>", " <a>b</a><otp>[Filtered]</otp>", {}),
        (
            "request/data",
            '--x\r\nContent-Disposition: form-data; name="pin"\r\n\r\nb\r\n--x--',
            '--x\r\nContent-Disposition: form-data; name="pin"\r\n\r\n[Filtered]\r\n--x--',
            {},
        ),
        *(
            ("stacktrace/frames/0/vars", {"a": "1"}, {"a": FILTERED}, {"module": f"{module}.b"})
            for module in ("sqlalchemy", "psycopg", "aiosqlite", "sqlite3")
        ),
        ("stacktrace/frames/0/vars", {"a": "1"}, {"a": "1"}, {"module": "sqlalchemys.b"}),
        ("stacktrace/frames/0/context_line", "pw = 'a'", "pw = '[Filtered]'", {}),
        ("stacktrace/frames/0/context_line", "token = pw()", "token = pw()", {}),
        ("stacktrace/frames/0/context_line", "f('Bearer a1')", "f('Bearer [Filtered]", {}),
        ("stacktrace/frames/0/pre_context", [f"a = {CARD}"], ["a = [Filtered]"], {}),
        ("stacktrace/frames/0/post_context", [f"# {EMAIL}"], ["# [Filtered]"], {}),
        ("stacktrace/frames/0/context_line", "SELECT 'a'", "SELECT 'a'", {"lineno": 1}),
        ("stacktrace/frames/0/context_line", f"{300 * ' '}{JWT}", f"{300 * ' '}[Filtered]", {}),
        ("exception/values/0/value", None, None, {"type": "KeyError"}),
        ("_meta/extra", {EMAIL: {"": {"len": 9}}}, {FILTERED: {"": {"len": 9}}}, {}),
        ("_meta/extra", {"token": {"": {"len": 9}}}, {"token": {"": {"len": 9}}}, {}),
    ],
)
def test_parts_of_events(path: str, before: Any, after: Any, beside: dict[str, Any]) -> None:
    assert event(planted(path, before, **beside)) == planted(path, after, **beside)


KEPT = """
    check_in_id environment event_id level logger platform release sdk server_name timestamp
    transaction_info contexts/runtime request/method
    contexts/trace/op contexts/trace/origin contexts/trace/parent_span_id contexts/trace/span_id
    contexts/trace/status contexts/trace/trace_id
    breadcrumbs/values/0/category breadcrumbs/values/0/level breadcrumbs/values/0/timestamp
    breadcrumbs/values/0/type
    exception/values/0/type exception/values/0/module exception/values/0/thread_id
    stacktrace/frames/0/function stacktrace/frames/0/filename stacktrace/frames/0/module
"""


@pytest.mark.parametrize("path", KEPT.split())
def test_what_the_sdk_says_is_kept(path: str) -> None:
    assert event(planted(path, CARD)) == planted(path, CARD)


def test_the_event_itself_is_not_changed() -> None:
    before = planted("stacktrace/frames/0/vars", SECRETS, lineno=1) | {"extra": [SECRETS]}
    copy = json.loads(json.dumps(before))
    event(before)
    assert before == copy
