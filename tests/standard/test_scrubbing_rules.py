"""Nothing secret leaves: each rule with what it has to filter, and with what it has to leave.

The secrets are made up, but have the shape of real ones; some are put together here, so that no
scanner takes this file for a leak.
"""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.observability.scrubbing import FILTERED, Scrubber
from app.observability.scrubbing.names import Names
from app.observability.scrubbing.secrets import Secrets
from app.observability.scrubbing.text import Texts
from app.observability.scrubbing.walk import Walk

CARD = "4111 1111 1111 1111"
RESIDENT = "900101-1234568"
EMAIL = "nobody@example.com"
JWT = "eyJ" + "hbGciOiJub25lIn0.eyJzdWIiOiJub2JvZHkifQ.not-signed"
KEY = "-----BEGIN PRIVATE KEY-----\nbm90IGEga2V5\n-----END PRIVATE KEY-----"
TOKEN = "N0tARea1T0kenButL0ngEn0ugh"
DATABASE = "postgresql+psycopg://someone:hunter2@db:5432/app"


class Rules(Texts):
    """The rules one by one, as they are before a known secret is looked for in all the rest."""

    def __init__(self, extra_keys: Any = (), own: Any = ()) -> None:
        self.names = Names(extra_keys)
        self.scrubber = Scrubber(extra_keys, own)
        super().__init__(self.names, Secrets(), own)

    def value(self, value: Any) -> Any:
        return Walk(self.names, self, Secrets()).value(value)

    def event(self, event: Any) -> Any:
        return self.scrubber.payload("event", event)

    def breadcrumb(self, crumb: Any) -> Any:
        return self.event({"breadcrumbs": {"values": [crumb]}})["breadcrumbs"]["values"][0]

    def log(self, log: Any) -> Any:
        return self.scrubber.payload("log", {"items": [log]})["items"][0]

    def metric(self, metric: Any) -> Any:
        return self.scrubber.payload("trace_metric", {"items": [metric]})["items"][0]


SCRUBBER = Rules()


# By rules that remember nothing of other tests, such as texts that were harmless.
def text(before: str) -> str:
    return Rules().text(before)


def value(before: Any) -> Any:
    return Rules().value(before)


def event(before: Any) -> Any:
    return Rules().event(before)


# --- Names ----------------------------------------------------------------------------------------

SENSITIVE = """
    Password db_passwd passPhrase pass-code MYSQL_PWD 비밀번호 비번 인증번호
    client_secret refreshToken credential bearer jwt csrf xsrf hmac signature
    X-Api-Key api_key APIKey accessKeyId AccountKey private_key signing-key encryption.key
    Set-Cookie sessionToken PHPSESSID ConnectionString DATABASE_URL db-url
    cardNo card_number CreditCard ccnum 카드번호 account_number 계좌번호 주민번호 주민등록번호
    resident_registration passport db.params db.query.parameter.0 input_value
    auth oauth Authorization authorisation Proxy-Authorization
    db_pass pw userPin OTP totp PAN cvv cvc2 ssn rrn iban SENTRY_DSN connect.sid sig cred creds
    \uff50\uff41\uff53\uff53\uff57\uff4f\uff52\uff44 user[password]
""".split()  # noqa: SIM905
HARMLESS = """
    author co-authors authority unauthorized shipping company className friendsName compass
    passenger bypass hotpath footprint keyboard monkey discard cardinality sidebar design signal
    db.paramstyle credits spawn expansion current caliban database url name id status
""".split()  # noqa: SIM905


@pytest.mark.parametrize("name", SENSITIVE)
def test_names_of_secrets(name: str) -> None:
    assert value({name: {"a": ["hunter2"]}, "b": 1}) == {name: FILTERED, "b": 1}


@pytest.mark.parametrize("name", HARMLESS)
def test_other_names(name: str) -> None:
    assert value({name: "hunter2"}) == {name: "hunter2"}


def test_names_of_the_service() -> None:
    scrubber = Rules(["Mentor-Note", "", " "])
    assert scrubber.value({"mentorNote2": "told", "mentor": "y"}) == {
        "mentorNote2": FILTERED,
        "mentor": "y",
    }
    assert scrubber.text("mentor_note=told mentor=y") == "mentor_note=[Filtered] mentor=y"


@pytest.mark.parametrize("nothing", [None, True, False, "", "None", "True", "False", "null"])
def test_nothing_is_no_secret(nothing: Any) -> None:
    assert value({"password": nothing, "pairs": [["token", nothing]]}) == {
        "password": nothing,
        "pairs": [["token", nothing]],
    }


@pytest.mark.parametrize("something", [0, 1, 1.5, "0", [], {}, "none at all"])
def test_all_else_is_one(something: Any) -> None:
    assert value({"password": something}) == {"password": FILTERED}


# --- Shapes ---------------------------------------------------------------------------------------

SHAPES = {
    "JWT": JWT,
    "signed session": "eyJ1c2VyIjogMX0=.Z0Z0.not_signed",
    "AWS": "AKIAIOSFODNN7EXAMPLE",
    "AWS, temporary": "ASIAIOSFODNN7EXAMPLE",
    **{f"GitHub {kind}": f"gh{kind}_" + 36 * "x" for kind in "opsur"},
    "GitHub, fine-grained": "github_pat_" + 22 * "x",
    "GitLab": "glpat-" + 20 * "x",
    "Google": "AIza" + 35 * "x",
    "Google OAuth": "ya29." + 30 * "x",
    "Hugging Face": "hf_" + 34 * "x",
    "npm": "npm_" + 36 * "x",
    "OpenAI": "sk-proj-" + 30 * "x",
    "PyPI": "pypi-" + 40 * "x",
    "SendGrid": f"SG.{22 * 'x'}.{43 * 'x'}",
    "Sentry": "sntrys_" + 40 * "x",
    "Slack": "xoxb-" + 12 * "1",
    **{f"Stripe {kind}": f"{kind}_" + 24 * "x" for kind in ("sk_live", "rk_test", "pk_live")},
    "private key": KEY,
    "private key of a kind": KEY.replace("PRIVATE", "RSA PRIVATE"),
    "e-mail": EMAIL,
    "e-mail, tagged": "no.body+tag%x@mail.example.co.kr",
    "card": CARD,
    "card, hyphens": CARD.replace(" ", "-"),
    "card, one piece": CARD.replace(" ", ""),
    "card of 13 digits": "4222222222222",
    "card of 15 digits": "3782 822463 10005",
    "card of 19 digits": "6304 0000 0000 0000 000",
    "resident": RESIDENT,
    "resident, one piece": RESIDENT.replace("-", ""),
    "resident, blank": RESIDENT.replace("-", " "),
    "foreigner, leap day": "000229-8999999",
}


@pytest.mark.parametrize("secret", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("around", ["{}", "see {} there", "({})", "a={}", "'{}'", "은 {}"])
def test_shapes(secret: str, around: str) -> None:
    assert text(around.format(secret)) == around.format(FILTERED)


@pytest.mark.parametrize(
    "harmless",
    [
        "the keyJsonSerializerFactory",
        "eyJhbGci",
        "AKIA and AKIAIOSFODNN7EXAMPLES",
        "gho_short github_pat_short glpat-short AIzaShort ya29.short hf_short npm_short sk-short",
        "pypi-short SG.short.short sntrys_short xoxb-short sk_live_short sk_demo_" + 24 * "x",
        "-----BEGIN PUBLIC KEY-----",
        "@app.get, user@host, a @ b.co, package@1.2.3",
        "4111 1111 1111 1112",
        "0000000000000000 1700000000002 1700000000000000006",  # times
        "411111111111",
        "41111111111111111111",
        "901301-1234567 900132-1234567 900001-1234567 900100-1234567",
        "900101-0234567, 900101-9234567, 900101-123456",
        "550e8400-e29b-41d4-a716-446655440000",
        "2024-01-01 12:00:00.000000",
        "Message 5 of persona mentor created in 12.5 ms",
    ],
)
def test_near_shapes(harmless: str) -> None:
    assert text(harmless) == harmless


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"{CARD} 12/29", "[Filtered] 12/29"),
        (f"1 {CARD}", "1 [Filtered]"),
        (f"1-{CARD} {CARD}-1", "1-[Filtered] [Filtered]-1"),
        ("5 " + CARD, "5 [Filtered]"),
        (f"{RESIDENT},{RESIDENT}", "[Filtered],[Filtered]"),
        (f"x-{JWT}: y", "x-[Filtered]: y"),
        (f"x\\n{JWT}", "x\\n[Filtered]"),
        (f"x\n{KEY[:45]}", "x\n[Filtered]"),
    ],
)
def test_neighbours_do_not_hide_a_shape(before: str, after: str) -> None:
    assert text(before) == after


def test_numbers_by_shape() -> None:
    numbers = [int(CARD.replace(" ", "")), int(RESIDENT.replace("-", "")), 1700000000002, 5, 10**20]
    assert value(numbers) == [FILTERED, FILTERED, *numbers[2:]]


# --- Text -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("password=hunter2 x", "password=[Filtered] x"),
        ("password = hunter2", "password = [Filtered]"),
        ("password: hunter2", "password: [Filtered]"),
        ("password:= hunter2", "password:= [Filtered]"),
        ("password == 'hunter2'", "password == '[Filtered]'"),
        ("password => hunter2", "password => [Filtered]"),
        ("password:\n  hunter2", "password:\n  [Filtered]"),
        ("login.user_password=hunter2", "login.user_password=[Filtered]"),
        ("x-api-key: hunter2", "x-api-key: [Filtered]"),
        ("the api key: hunter2", "the api key: [Filtered]"),
        ("user[password]=hunter2", "user[password]=[Filtered]"),
        ('"user[password]": "a b"', '"user[password]": "[Filtered]"'),
        ("environ['password'] = 'a b'", "environ['password'] = '[Filtered]'"),
        ("Key (password)=(hunter2) exists", "Key (password)=[Filtered] exists"),
        ("'password': 'it\\'s'", "'password': '[Filtered]'"),
        ('{"password": "hunter 2", "a": 1}', '{"password": "[Filtered]", "a": 1}'),
        ('"{\\"password\\": \\"hunter 2\\"}"', '"{\\"password\\": \\"[Filtered]\\"}"'),
        ("`password`: `a b`", "`password`: `[Filtered]`"),
        ('password="""a "b" c""" d', 'password="""[Filtered]""" d'),
        ("password='''a 'b' c''' d", "password='''[Filtered]''' d"),
        ("password=b'a b' d", "password=b'[Filtered]' d"),
        ("password='hunter 2", "password='[Filtered]"),
        ("password=a,b;c, d=e", "password=[Filtered], d=e"),
        ("password=a,b=c", "password=[Filtered],b=c"),
        ("a=b&password=c&d=e", "a=b&password=[Filtered]&d=e"),
        ("login(password=hunter2, a=1)", "login(password=[Filtered], a=1)"),
        ("Db(password=SecretStr('a)b', 'c'), a=1)", "Db(password=[Filtered], a=1)"),
        ("credentials={'a': {'b': 1}, 'c': (2, [3])} d", "credentials=[Filtered] d"),
        ("password=(a)b c", "password=[Filtered] c"),
        ("password=(a b", "password=[Filtered]"),
        ("token: Bearer a1 b", "token: [Filtered] b"),
        ("token: Digest a b", "token: [Filtered] b"),
        ("password: str = 'a' b", "password: str = '[Filtered]' b"),
        ("password: SecretStr | None = 'a'", "password: SecretStr | None = '[Filtered]'"),
        ("Authorization: Digest a, b=c\nd", "Authorization: [Filtered]\nd"),
        ("set-cookie: a=b; c=d\r\ne: f", "set-cookie: [Filtered]\r\ne: f"),
        ("passphrase: correct horse", "passphrase: [Filtered]"),
        ("x\\npin: 1234", "x\\npin: [Filtered]"),
        ('x \\\\"\\\\ube44\\\\ubc88\\\\": \\\\"a b\\\\"', 'x \\\\"비번\\\\": \\\\"[Filtered]\\\\"'),
        ('{"\\ube44\\ubc88": "a", "\\u2028": 1', '{"비번": "[Filtered]", "\\u2028": 1'),
        (
            "[('x-api-key', 'a b'), (b'cookie', b'c')]",
            "[('x-api-key', '[Filtered]'), (b'cookie', b'[Filtered]')]",
        ),
        ("run --password hunter2 --port 80", "run --password [Filtered] --port 80"),
        ("run --db-password=hunter2 --port=80", "run --db-password=[Filtered] --port=80"),
        ("Bearer abcdefg1", "Bearer [Filtered]"),
        ("bearer a1", "bearer [Filtered]"),
        ("BEARER abcdefg1", "BEARER [Filtered]"),
        ("Basic bm9ib2R5Og==", "Basic [Filtered]"),
        ("basic bm9ib2R5", "basic [Filtered]"),
        ("BASIC Bm9ib2R5", "BASIC [Filtered]"),
        ("password hunter2 is wrong", "password [Filtered] is wrong"),
        ("password is hunter2", "password is [Filtered]"),
        ("Password was: hunter2", "Password was: [Filtered]"),
        ("wrong Passwd 'hunter'", "wrong Passwd '[Filtered]'"),
        ("passphrase `a b`", "passphrase `[Filtered]`"),
        ('passcode "hunter"', 'passcode "[Filtered]"'),
        ("secret s3", "secret [Filtered]"),
        ("Token abc-1 expired", "Token [Filtered] expired"),
        (
            "API key k1, api_key k2, API-KEY k3",
            "API key [Filtered], api_key [Filtered], API-KEY [Filtered]",
        ),
        ("OTP 123456 and PIN 1234", "OTP [Filtered] and PIN [Filtered]"),
        ("비밀번호는 hunter2 / 인증번호 123456", "비밀번호는 [Filtered] / 인증번호 [Filtered]"),
        ("[type=x, input_value='hunter2', a=1]", "[type=x, input_value='[Filtered]', a=1]"),
    ],
)
def test_secrets_told_by_text(before: str, after: str) -> None:
    assert text(before) == after


@pytest.mark.parametrize(
    "harmless",
    [
        "password=None, token=null) secret: True} token: false] password=False",
        "password='' token=\"\"",
        "password=%s, token: '%r', pin=%(pin)s, otp %d",
        "password must be set; token expired; the secret of success",
        "author=bob company: x pin a=1",
        "session expired: yes",
        "unexpected token < in JSON",
        "['password', x] f(x, 'password', 'email')",
        "bearer of bad news, Bearer authentication, bearer realm=x, Bearer credentials1",
        "basic requirements, Basic Auth, basic authentication",
        "https://token/x",
        "password:",
    ],
)
def test_text_that_tells_nothing(harmless: str) -> None:
    assert text(harmless) == harmless


# --- URLs -----------------------------------------------------------------------------------------


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


# --- SQL ------------------------------------------------------------------------------------------


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


# --- Long text ------------------------------------------------------------------------------------


def test_long_text_is_cut_between_words() -> None:
    words = 3000 * "word "
    assert text(words) == words[:8189] + "…"
    assert text(8192 * "-") == 8192 * "-"
    assert text(8193 * "-") == "…"


@pytest.mark.parametrize("blank", [" ", "\n", "\t", '"'])
@pytest.mark.parametrize("secret", [CARD, JWT, DATABASE, EMAIL, TOKEN])
def test_no_half_secret_is_left_at_the_cut(secret: str, blank: str) -> None:
    for start in range(8192 - len(secret) - 1, 8192):
        long = (start - 1) * "." + blank + secret + 100 * " ."
        shown = text(long).removesuffix("…").rstrip(".").removesuffix(blank)
        assert shown in ("", (start - 1) * ".") or FILTERED in shown
        assert secret[:4] not in shown


def test_scrubbed_text_is_no_longer_than_text() -> None:
    assert len(text(4000 * "a@b.co ")) <= 8192


# --- Data -----------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("name", ["name", "key", "field", "header"])
@pytest.mark.parametrize("named", ["value", "values", "input", "ctx", "content", "data", "default"])
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


# --- Events ---------------------------------------------------------------------------------------

LEAK = f"{EMAIL} {CARD} token=hunter2"
SCRUBBED = "[Filtered] [Filtered] token=[Filtered]"
SECRETS = {"token": "hunter2", "a": LEAK}
NO_SECRETS = {"token": FILTERED, "a": SCRUBBED}


def planted(path: str, leaf: Any, **beside: Any) -> dict[str, Any]:
    """Return a dict in which `leaf` is at `path`, `beside` other fields; `0` stands for a list."""
    *parents, name = path.split("/")
    tree: Any = {**beside, name: leaf}
    for parent in reversed(parents):
        tree = [tree] if parent == "0" else {parent: tree}
    assert isinstance(tree, dict)
    return tree


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


# --- Log messages and their arguments -------------------------------------------------------------

ARGUMENTS = pytest.mark.parametrize(
    ("template", "arguments", "scrubbed", "shown"),
    [
        ("%s: password %s", ("a", "x y"), ["a", FILTERED], "a: password [Filtered]"),
        ("password=%r for %s", ("it's", "a"), [FILTERED, "a"], "password=[Filtered] for a"),
        ("password is %s", ("x y",), [FILTERED], "password is [Filtered]"),
        ("password was %s", ("x y",), [FILTERED], "password was [Filtered]"),
        ("api key %s", ("x y",), [FILTERED], "api key [Filtered]"),
        ("password reset for %s", ("x y",), ["x y"], "password reset for x y"),
        ("100%% token %-5s.", ("x y",), [FILTERED], "100% token [Filtered]."),
        ("code %d, otp %d", (5, 123456), [5, FILTERED], "code 5, otp [Filtered]"),
        ("pw %s, pw %s", ("x y", "x y z"), [FILTERED, FILTERED], "pw [Filtered], pw [Filtered]"),
        ("pw %s and %s", ("x y", "x y z"), [FILTERED, "x y z"], "pw [Filtered] and x y z"),
        ("pw %s or %r", ("x\ny", "x\ny"), [FILTERED, "x\ny"], "pw [Filtered] or 'x\\ny'"),
        ("pw %s", (None,), [None], "pw None"),
        ("to %s", (LEAK,), [SCRUBBED], f"to {SCRUBBED}"),
    ],
)


@ARGUMENTS
def test_arguments_in_events(
    template: str, arguments: tuple[Any, ...], scrubbed: list[Any], shown: str
) -> None:
    entry = {"message": template, "formatted": template % arguments, "params": list(arguments)}
    entry = event({"logentry": entry})["logentry"]
    assert (entry["formatted"], entry["params"]) == (shown, scrubbed)


@ARGUMENTS
def test_arguments_in_breadcrumbs(
    template: str, arguments: tuple[Any, ...], scrubbed: list[Any], shown: str
) -> None:
    message = SCRUBBER.scrubber.log_message(template, arguments)
    crumb = {"category": "a", "message": message}
    assert SCRUBBER.breadcrumb(crumb) == {"category": "a", "message": shown}


@ARGUMENTS
def test_arguments_in_logs(
    template: str, arguments: tuple[Any, ...], scrubbed: list[Any], shown: str
) -> None:
    named = {f"sentry.message.parameter.{index}": item for index, item in enumerate(arguments)}
    attributes = {"sentry.message.template": template, **named, **SECRETS}
    log = SCRUBBER.log({"body": template % arguments, "attributes": attributes})
    assert log["body"] == shown
    assert [log["attributes"][name] for name in named] == scrubbed
    assert NO_SECRETS.items() <= log["attributes"].items()


def test_arguments_with_names() -> None:
    template, arguments = "%(who)s, %(pw)s", {"who": "bob", "pw": "x y"}
    entry = {"message": template, "formatted": "bob, x y", "params": arguments}
    assert event({"logentry": entry})["logentry"] == {
        "message": template,
        "formatted": "bob, [Filtered]",
        "params": {"who": "bob", "pw": FILTERED},
    }
    named = {f"sentry.message.parameter.{name}": item for name, item in arguments.items()}
    log = {"body": "bob, x y", "attributes": {"sentry.message.template": template, **named}}
    assert SCRUBBER.log(log)["body"] == "bob, [Filtered]"


def test_message_of_a_log_without_arguments() -> None:
    assert SCRUBBER.log({"body": LEAK, "attributes": {}})["body"] == SCRUBBED


def test_metrics() -> None:
    metric = {"name": f"a.{EMAIL}", "type": "counter", "value": 1, "attributes": SECRETS}
    scrubbed = {"name": FILTERED, "type": "counter", "value": 1, "attributes": NO_SECRETS}
    assert SCRUBBER.metric(metric) == scrubbed


@pytest.mark.parametrize("name", ["level", "span_id", "trace_id", "type", "unit", "value"])
def test_what_the_sdk_says_of_logs_and_metrics_is_kept(name: str) -> None:
    assert SCRUBBER.log({name: CARD}) == SCRUBBER.metric({name: CARD}) == {name: CARD}


# --- What a team adds, and what fails -------------------------------------------------------------


def test_scrubbers_of_the_service() -> None:
    line = planted("stacktrace/frames/0/context_line", "the mentor Kim", lineno=1)
    assert event(line) == line
    own = [lambda text: text.replace("Kim", FILTERED), lambda text: text.replace("Lee", FILTERED)]
    rules = Rules(own=own)
    for scrub in (rules.text, rules.url, rules.query, rules.sql, rules.source):
        assert scrub("Kim") == scrub("Lee") == FILTERED
    assert rules.value({"mentor Kim": "mentor Lee"}) == {"mentor [Filtered]": "mentor [Filtered]"}
    assert rules.event(line) != line


def test_a_failing_scrubber_of_the_service() -> None:
    scrubber = Rules(own=[lambda text: text if "good" in text else str(1 / 0)])
    before = {"message": "bad", "extra": {"good": ["good", "bad"]}, "level": "error"}
    after = {"message": FILTERED, "extra": {"good": ["good", FILTERED]}, "level": "error"}
    assert scrubber.event(before) == after


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The walk fails at what is called `bad`, as a bug would."""
    walk = Walk.value

    def value(self: Walk, value: Any, key: str = "", depth: int = 0) -> Any:
        if key == "bad" or value == "bad":
            raise RuntimeError
        return walk(self, value, key, depth)

    monkeypatch.setattr(Walk, "value", value)


@pytest.mark.parametrize(
    ("path", "leaf"),
    [
        ("bad", {"a": 1}),
        ("contexts/bad", {"a": 1}),
        ("exception/values/0/bad", [1]),
        ("exception/values/0/stacktrace/frames/0/vars", "bad"),
        ("breadcrumbs/values/0/bad", 1),
        ("contexts/trace/bad", {}),
        ("request/bad", {}),
        ("logentry/bad", {}),
    ],
)
def test_what_fails_is_dropped_alone(failing: None, path: str, leaf: Any) -> None:
    before = planted(path, leaf, type="kept")
    *parents, name = path.split("/")
    scrubbed = event(before)
    part: Any = scrubbed
    for parent in parents:
        part = part[0] if parent == "0" else part[parent]
    assert part == ({"type": "kept", name: FILTERED} if leaf == "bad" else {"type": "kept"})


def test_what_fails_in_telemetry_is_dropped_alone(failing: None) -> None:
    crumb, log = {"message": "a", "bad": 1}, {"body": "a", "bad": "a"}
    assert SCRUBBER.breadcrumb(crumb) == {"message": "a"}
    assert SCRUBBER.log(log) == {"body": "a", "bad": FILTERED}
    assert SCRUBBER.metric({"name": "a", "bad": 1}) == {"name": "a"}


# --- Anything at all ------------------------------------------------------------------------------

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
