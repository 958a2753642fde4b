"""Secrets that text tells, and what is left of a text that is too long."""

import pytest

from app.observability.scrubbing import FILTERED

from .scrubbing_rules import CARD, DATABASE, EMAIL, JWT, TOKEN, text

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
        ("API key provided: k1", "API key provided: [Filtered]"),
        ("OTP 123456 and PIN 1234", "OTP [Filtered] and PIN [Filtered]"),
        ("비밀번호는 hunter2 / 인증번호 123456", "비밀번호는 [Filtered] / 인증번호 [Filtered]"),
        ("비밀번호\uff1ahunter2 密码\uff1da1", "비밀번호\uff1a[Filtered] 密码\uff1d[Filtered]"),
        ("docker login -u kim -p hunter2", "docker login -u kim -p [Filtered]"),
        ('{"Name": "/prod/password", "Value": 1', '{"Name": "/prod/password", "Value": [Filtered]'),
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
        "password VARCHAR(64) NOT NULL, token character(12)",
        "Authorization: required, API key: missing, token=disabled",
        "비밀번호는 8자 이상, 인증번호 6자리를 넣으세요, 암호 3회 오류",
        "the password provided is wrong, token provided 3 times",
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


# --- Long text ------------------------------------------------------------------------------------


def test_long_text_is_cut_between_words() -> None:
    words = 3000 * "word "
    assert text(words) == words[:8189] + "…"
    assert text(8192 * "-") == 8192 * "-"
    assert text(8193 * "-") == 8167 * "-" + "…"  # it might be a number
    assert text(8193 * "/") == 8191 * "/" + "…"


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
