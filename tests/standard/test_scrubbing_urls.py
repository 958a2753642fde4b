"""Secrets in URLs."""

from typing import Any
from urllib.parse import quote

import pytest

from .scrubbing_rules import CARD, DATABASE, EMAIL, JWT, SCRUBBER, TOKEN, text


@pytest.mark.parametrize("scrub", [text, SCRUBBER.url], ids=["text", "url"])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (DATABASE, "postgresql+psycopg://[Filtered]@db:5432/app"),
        ("https://0123456789abcdef@sentry/1", "https://[Filtered]@sentry/1"),
        ("redis://:hunter2@cache", "redis://[Filtered]@cache"),
        ("db://someone@corp:hunter2@db/x", "db://[Filtered]@db/x"),
        ("db://a:b/c@db/x", "db://[Filtered]@db/x"),
        ("db://a:b#c?d@db/x", "db://[Filtered]@db/x"),
        ("db://a:b@c/d@db/x?e=f@g", "db://[Filtered]@db/x?e=f@g"),
        (f"https://h/a/{TOKEN}/b", "https://h/a/[Filtered]/b"),
        (f"/a/{32 * 'a1'}", "/a/[Filtered]"),
        (f"/a/{10 * 'a1'}?{TOKEN}", "/a/[Filtered]?[Filtered]"),
        (f"/a/{TOKEN.replace('N', '%4e')}", "/a/[Filtered]"),
        (f"/a/{JWT}", "/a/[Filtered]"),
        (f"/a/{EMAIL}", "/a/[Filtered]"),
        ("/a/nobody%40example.com", "/a/[Filtered]"),
        ("/password/abc1/x", "/password/[Filtered]/x"),
        ("/a;jsessionid=1/b", "/a;jsessionid=[Filtered]"),
        ("/a?token=b&c=d", "/a?token=[Filtered]&c=d"),
        ("/a?user%5Bp%61ssword%5D=b", "/a?user%5Bp%61ssword%5D=[Filtered]"),
        ("/a?c=nobody%40example.com&d=e%20f", "/a?c=[Filtered]&d=e%20f"),
        (f"/a?b={CARD.replace(' ', '+')}", "/a?b=[Filtered]"),
        (f"/a?code={TOKEN}", "/a?code=[Filtered]"),
        ("/a?next=db%3A%2F%2Fa%3Ab%40c", "/a?next=[Filtered]"),
        ("/a?b=%2Fc%3Fd%3D%252Fe%253Ftoken%253Df", "/a?b=[Filtered]"),
        ("/a?b=%2Fc%3Fd%3D%252Fe%253Fpin%253D1234", "/a?b=[Filtered]"),  # nested too deep
        (f"/a?b=%28{TOKEN}%29", "/a?b=[Filtered]"),
        ("/a?b=pin%3A1234", "/a?b=[Filtered]"),
        ("https://h/#access_token=b&c=d", "https://h/#access_token=[Filtered]&c=d"),
        (f"https://h/#{TOKEN}", "https://h/#[Filtered]"),
    ],
)
def test_urls(scrub: Any, before: str, after: str) -> None:
    assert scrub(before) == after


@pytest.mark.parametrize("scrub", [text, SCRUBBER.url], ids=["text", "url"])
@pytest.mark.parametrize(
    "harmless",
    [
        "https://host:8080/@someone/x?y=z&a#b",
        "https://host:8080",
        "/users/550e8400-e29b-41d4-a716-446655440000",
        "/the-article-of-2024-that-is-long-enough/getUserPreferencesByAccountId",
        "/static/swagger-ui-bundle.5.17.14.js",
        "/auth/login, /auth/v1/x, /api/messages/123",
        "/a?token=&b=None&c=%20+d&state",
        "/usr/lib/python3.13/site-packages/app/main.py",
    ],
)
def test_harmless_urls(scrub: Any, harmless: str) -> None:
    assert scrub(harmless) == harmless


@pytest.mark.parametrize("around", ["'{}'", "b'{}'", "['{}', '{}']", "'{}': 1", "('{}')", '"{}"'])
def test_urls_in_quotes(around: str) -> None:
    before, after = f"/a/{TOKEN}", "/a/[Filtered]"
    assert text(around.format(before, before)) == around.format(after, after)


@pytest.mark.parametrize("mark", ".,;:!)]}")
def test_urls_before_punctuation(mark: str) -> None:
    assert text(f"see /a/{TOKEN}{mark} b") in ("see /a/[Filtered] b", f"see /a/[Filtered]{mark} b")


def test_urls_side_by_side() -> None:
    assert text("db://a:b@c/x,db://d:e@f") == "db://[Filtered]@c/x,db://[Filtered]@f"


def test_urls_that_text_does_not_show() -> None:
    assert SCRUBBER.url(f"a/{TOKEN}") == "a/[Filtered]"
    assert SCRUBBER.url("db://a:b c@d/e") == "db://[Filtered]@d/e"


@pytest.mark.parametrize("scrub", [SCRUBBER.url, SCRUBBER.query, text, SCRUBBER.source])
def test_urls_in_urls_are_looked_through_three_deep(scrub: Any) -> None:
    def nested(depth: int) -> str:
        return f"next=/a?{quote(nested(depth - 1))}" if depth else "page=2"

    for depth in (0, 1, 2):
        address = f"/a?{nested(depth)}" if scrub != SCRUBBER.query else nested(depth)
        assert scrub(address) == address
    assert "[Filtered]" in scrub(f"/a?{nested(3)}")


@pytest.mark.parametrize("number", [256, 257])
def test_of_very_many_urls_none_is_told(number: int) -> None:
    many = number * "db://h/a "
    assert text(many) == ("[Filtered]" if number > 256 else many)


@pytest.mark.parametrize("number", [256, 257, 300])
def test_more_parts_than_are_looked_at_are_filtered(number: int) -> None:
    pairs = [f"a{n}=b" for n in range(number)]
    left = pairs if number == 256 else [*pairs[:256], "[Filtered]"]
    assert SCRUBBER.query("&".join(pairs)) == "&".join(left)
