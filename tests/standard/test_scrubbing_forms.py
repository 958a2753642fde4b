"""What markup, forms, pairs and statements call secret: all of it, and nothing beside it."""

from typing import Any

import pytest

from app.observability.scrubbing import FILTERED, Scrubber

from .scrubbing_rules import text, value


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<max:password>a b</max:password>", "<max:password>[Filtered]</max:password>"),
        ("</password><password>ab</password>", "</password><password>[Filtered]</password>"),
        (
            "<password>a</password> c <password>b</password>",
            "<password>[Filtered]</password> c <password>[Filtered]</password>",
        ),
        ("</a><password>a b", "</a><password>[Filtered]"),
    ],
)
def test_elements(before: str, after: str) -> None:
    assert text(before) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('form-data; name="password"\n\na b\n--x', 'form-data; name="password"\n\n[Filtered]\n--x'),
        ('form-data; name="page"\n\na b\n--x', 'form-data; name="page"\n\na b\n--x'),
        (
            'form-data; name="pin"\n\n1\n--x\nform-data; name="page"\n\n2\n--x',
            'form-data; name="pin"\n\n[Filtered]\n--x\nform-data; name="page"\n\n2\n--x',
        ),
    ],
)
def test_parts_of_a_body(before: str, after: str) -> None:
    assert text(before) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("say name='/max/password' value='ab' end", "say name='/max/password' value='{}' end"),
        ("- value='ab', name='password'", "- value='{}', name='password'"),
        (
            "<x value='open'> <x name='password' value='ab'> <x value='open'>",
            "<x value='open'> <x name='password' value='{}'> <x value='open'>",
        ),
        (
            f"name='password' value='ab' {250 * '.'} value='open' <x",
            f"name='password' value='{{}}' {250 * '.'} value='open' <x",
        ),
    ],
)
def test_values_beside_their_names(before: str, after: str) -> None:
    assert text(before) == after.format(FILTERED)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("(mysql -phunter2) failed", "(mysql -p[Filtered]) failed"),
        ("(mysql -p3306) failed", "(mysql -p3306) failed"),
    ],
)
def test_options_of_commands(before: str, after: str) -> None:
    assert text(before) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("pw=a", "pw=[Filtered]"),
        ("    ", "    "),
        ("a\x00b", "ab"),
        (r"p\x00i\x00n\x00=\x001\x002\x003\x004\x00", "pin=[Filtered]"),
        ("say password_hint=x9Kd82hfQ1a end", "say password_hint=[Filtered] end"),
        ("say password_hint=pet end", "say password_hint=pet end"),
        ("cookie_2: a=b; c=d", "cookie_2: [Filtered]"),
        ("self.get_password()='hunter2'", "self.get_password()='[Filtered]'"),
        ("password: |\n  a b\n  c\nuser: kim", "password: [Filtered]\nuser: kim"),
        ("- token: >-  \r\n    a b\r\n\n    c\n", "- token: [Filtered]\n"),
        ("token: |\nuser: kim", "token: [Filtered]\nuser: kim"),
        ("password:\n  - tulpe1\n  - a b\nuser: kim", "password:\n  [Filtered]\nuser: kim"),
        ("passwords:\n- tulpe1\n- a b", "passwords:\n[Filtered]"),
        ("password: - kim", "password: [Filtered]"),
        ("password: | kim", "password: [Filtered] kim"),
    ],
)
def test_pairs(before: str, after: str) -> None:
    assert text(before) == after


def test_what_a_name_in_a_text_calls_secret_is_secret_in_all_of_the_event() -> None:
    event = {"message": "say password=Pw1-kim end", "tags": {"a": "of Pw1-kim"}}
    scrubbed = Scrubber().payload("event", event)
    assert scrubbed == {"message": "say password=[Filtered] end", "tags": {"a": "of [Filtered]"}}


def test_options_are_looked_at_also_before_very_many_users() -> None:
    assert "hunter2" not in text("mysql -phunter2 " + 101 * "curl -u kim:Pw1 ")


@pytest.mark.parametrize(
    ("name", "given", "left"),
    [
        ("tokenizer_password", "ab", FILTERED),
        ("password_hint", "x9Kd82hfQ1a", FILTERED),
        ("password_hint", "my first pet", "my first pet"),
        ("session", "x9Kd82hfQ1a", FILTERED),
        ("session", "Monday", "Monday"),
        ("max_tokens", "unlimited", "unlimited"),
        ("tokens_used", "many", "many"),
        ("tokens", "many", FILTERED),
        ("tokens", 12, 12),
    ],
)
def test_names_of_more_than_one_meaning(name: str, given: Any, left: Any) -> None:
    assert value({name: given}) == {name: left}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "INSERT INTO users VALUES ('hunter2') (select 7 from x",
            "INSERT INTO users VALUES (%s) (select %s from x",
        ),
        ("a from b: select 3 mentors", "a from b: select 3 mentors"),
        ("a: select 3 from mentors", "a: select %s from mentors"),
        ("\"SELECT a\", ('b',)", '"SELECT a", [Filtered]'),
        (
            """first "SELECT 'a'" and then "DELETE FROM b WHERE c='d'" failed""",
            'first "SELECT %s" and then "DELETE FROM b WHERE c=%s" failed',
        ),
        (30 * "'SELECT 1' ", 20 * "'SELECT %s' " + FILTERED),
    ],
)
def test_statements(before: str, after: str) -> None:
    assert text(before) == after
