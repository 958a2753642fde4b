"""Values in SQL, alone and in text."""

import pytest

from .scrubbing_rules import EMAIL, SCRUBBER, text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a = 'b' AND c = 'd''e' OR f", "a = %s AND c = %s OR f"),
        ("a = E'b\\'c' AND d = e'f''g\\\\'", "a = %s AND d = %s"),
        ("a LIKE 'b\\' AND c", "a LIKE %s AND c"),
        ("a = N'b' AND c = U&'d' AND e=X'f'", "a = %s AND c = %s AND e=%s"),
        ("a = $$b'c$$ AND d = $x$e$$f$x$ OR g", "a = %s AND d = %s OR g"),
        ("a = 5 AND b=-1.5e3 AND c=0xFF", "a = %s AND b=-%s AND c=%s"),
        ("a /* b */ c -- d\ne", "a /*[Filtered]*/ c --[Filtered]\ne"),
        ("a = 'b", "a = %s"),
        ("a = $$b", "a = %s"),
        ("a /* b", "a /*[Filtered]*/"),
        ("a = '--' AND b = 'c'", "a = %s AND b = %s"),
        ("a = \"z' AND c = 'd'", 'a = "z%sd%s'),
        (f'SELECT "{EMAIL}"', 'SELECT "[Filtered]"'),
    ],
)
def test_sql(before: str, after: str) -> None:
    assert SCRUBBER.sql(before) == after


@pytest.mark.parametrize(
    "harmless",
    [
        "SELECT a1, t2.c FROM t2 WHERE b = ? AND c = :c AND d = $1 AND e = %(e)s AND f = @p1",
        "SELECT a::text, :1, ?1 FROM \"no 1 table\", `no 2 column` WHERE a != ''".replace(
            "''", "?"
        ),
    ],
)
def test_sql_without_values(harmless: str) -> None:
    assert SCRUBBER.sql(harmless) == harmless


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("(Error) x\n[SQL: SELECT 'a', ?]", "(Error) x\n[SQL: SELECT %s, ?]"),
        (
            "[SQL: SELECT 'a']\n[parameters: ('b', \"it's\")]\n(Background on this error at: c1)",
            "[SQL: SELECT %s]\n[parameters: [Filtered]]\n(Background on this error at: c1)",
        ),
        ("it's INSERT INTO a VALUES ('b')", "it's INSERT INTO a VALUES (%s)"),
        ("insert into a values ('b')", "insert into a values (%s)"),
        ("MERGE INTO a USING 'b'", "MERGE INTO a USING %s"),
        ("DELETE FROM a WHERE b='c'", "DELETE FROM a WHERE b=%s"),
        ("delete from a where b='c'", "delete from a where b=%s"),
        ("UPDATE a SET b='c'", "UPDATE a SET b=%s"),
        ("update a set b='c'", "update a set b=%s"),
        ("ALTER USER a PASSWORD 'b'", "ALTER USER a PASSWORD %s"),
        ("CREATE ROLE a PASSWORD 'b'", "CREATE ROLE a PASSWORD %s"),
        ("failed: select a from b where c='d'", "failed: select a from b where c=%s"),
        ("LINE 1: ...a = 'b'", "LINE 1: ...a = %s"),
        ("'x\\nSELECT 'a'", "'x\\nSELECT %s"),
        ("x\nDETAIL:  Key (a)=(b) exists.\ny", "x\nDETAIL:  [Filtered]\ny"),
        ("CONTEXT:  unnamed portal parameter $1 = 'a'", "CONTEXT:  [Filtered]"),
        ("STATEMENT:  a b", "STATEMENT:  [Filtered]"),
        ("QUERY:  a b", "QUERY:  [Filtered]"),
        (
            'invalid input syntax for type integer: "a b"',
            'invalid input syntax for type integer: "[Filtered]"',
        ),
        ('invalid input value for enum a: "b c"', 'invalid input value for enum a: "[Filtered]"'),
        *(
            (f"[{how} 0.1s] ('a\n', 'b')", f"[{how} 0.1s] [Filtered]")
            for how in ("generated in", "cached since", "raw sql", "no key", "caching disabled")
        ),
    ],
)
def test_sql_in_text(before: str, after: str) -> None:
    assert text(before) == after


@pytest.mark.parametrize(
    "harmless",
    [
        "update 15 mentors; select 'one' of 2; delete 'x'; insert 'x'; CREATE 'x'",
        "Details: 5 'x'; QUERY: 'x'",
        "[generated] ('x')",
    ],
)
def test_text_that_is_no_sql(harmless: str) -> None:
    assert text(harmless) == harmless
