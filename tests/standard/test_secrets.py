"""What one place of an event calls secret is filtered in all of it: which values, as which texts.

`extra` calls the value secret; the message is what else the event says.
"""

import base64
import json
from collections.abc import Callable
from html import escape
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from app.observability.scrubbing import FILTERED, Scrubber

SECRET = "Tr0ub4dor&3"


def said(secret: Any, message: str, name: str = "password") -> str:
    """Return the message of an event in which `name` is that secret."""
    scrubbed = Scrubber().payload("event", {"extra": {name: secret}, "message": message})
    return str(scrubbed["message"])


# --- Which values ---------------------------------------------------------------------------------


@pytest.mark.parametrize("secret", ["x7-q", "giraffe", "73915", ("ab-" * 683)[:2048]])
def test_values_that_are_looked_for(secret: str) -> None:
    assert said(secret, f"it was {secret} there") == "it was [Filtered] there"


@pytest.mark.parametrize("secret", ["x-7", "7391", "Admin", ("ab-" * 683)[:2049], True, 1.25, None])
def test_values_that_are_too_short_too_common_or_too_long(secret: Any) -> None:
    assert said(secret, f"it was {secret} there") == f"it was {secret} there"


def test_a_number_is_looked_for() -> None:
    assert said(739157, "it was 739157 there") == "it was [Filtered] there"


@pytest.mark.parametrize(
    ("secret", "is_whole"),
    [
        ("giraffe", True),
        ("umbrella", False),
        ("umbrellastand", False),
        ("73915", True),
        ("739157391", True),
        ("7391573915", False),
        ("x7-q", False),
        ("x7-q3", False),
        (SECRET, False),
    ],
)
def test_words_and_short_numbers_are_left_inside_of_longer_ones(
    secret: str, is_whole: bool
) -> None:
    left = secret if is_whole else FILTERED
    beside = "7" if secret.isdigit() else "s"
    for longer in ("{}" + beside, beside + "{}", f"-{beside}" + "{}", "{}" + f"{beside} away"):
        assert said(secret, longer.format(secret)) == longer.format(left)


@pytest.mark.parametrize(
    "around",
    [
        "{}",
        "a {}",
        "{} {} {}",
        "({}), {}!",
        r"\n{}",
        r"a\r{} {}",
        r"ab\t{}",
        "a\n{}",
        "giraffes {}",
    ],
)
def test_whole_words_are_found_wherever_they_stand(around: str) -> None:
    assert said("giraffe", around.format(*3 * ["giraffe"])) == around.format(*3 * [FILTERED])


@pytest.mark.parametrize("quote", "\"'`")
def test_the_quotes_of_a_repr_are_not_the_secret(quote: str) -> None:
    assert said(f"{quote}{SECRET}{quote}", f"it was {SECRET}.") == "it was [Filtered]."


@pytest.mark.parametrize("secret", ["xTr0ub4dorx", "'Tr0ub4dor&3", "Tr0ub4dor&3'"])
def test_what_only_looks_like_quotes_is_part_of_it(secret: str) -> None:
    assert said(secret, f"it was {secret} there") == "it was [Filtered] there"


@pytest.mark.parametrize("quote", ["", '"'])
def test_nothing_but_blanks_hurts_no_event(quote: str) -> None:
    blanks = 100 * " "
    assert said(f"{quote}{blanks}{quote}", f"a{blanks}b…") == f"a{blanks}b…"


def test_no_more_than_some_values_are_looked_for() -> None:
    secrets = [f"s-{number:04}" for number in range(1001)]
    rows = [{"password": secret} for secret in secrets]
    scrubbed = Scrubber().payload("event", {"extra": rows, "tags": {"a": secrets}})
    assert scrubbed["extra"] == [{"password": FILTERED}] * 1001
    assert scrubbed["tags"]["a"] == [*1000 * [FILTERED], "s-1000"]


@pytest.mark.parametrize("number", [1, 31, 33, 900])
@pytest.mark.parametrize("secret", ["{:04}-s3cret", "s3cret-{:04}", "x{:03}"])
def test_however_many_there_are_each_is_found(secret: str, number: int) -> None:
    secrets = [secret.format(at) for at in range(number)]
    texts = [f"it was {secrets[-1]}, {secrets[0]}", f"cut {secrets[number // 2][:10]}…", "a s3cre"]
    scrubbed = Scrubber().payload("event", {"extra": {"passwords": secrets, "texts": texts}})
    assert scrubbed["extra"]["texts"] == [
        *("it was [Filtered], [Filtered]", "cut [Filtered]…", "a s3cre")
    ]


@pytest.mark.parametrize("cut", ["aaaa", "aaaaa", "aaaaaa", "aaaaaaa"])
def test_of_a_secret_that_was_cut_all_is_filtered(cut: str) -> None:
    assert said("aaaaaaab", f"it was {cut}…") == "it was [Filtered]…"


def test_of_two_that_may_have_been_cut_all_is_filtered() -> None:
    for secrets in (["abcd-wxyz-1", "wxyz-abcd-2"], ["wxyz-abcd-2", "abcd-wxyz-1"]):
        for cut in ("abcd-wxyz", "wxyz-abcd"):
            assert said(secrets, f"it was {cut}…") == "it was [Filtered]…"


def test_what_sentry_itself_needs_is_left() -> None:
    event = {
        "contexts": {"trace": {"trace_id": "4" * 32}},
        "breadcrumbs": {"values": [{"level": "warning", "message": "a warning"}]},
        "exception": {
            "values": [{"stacktrace": {"frames": [{"lineno": 7, "filename": "pass7.py"}]}}]
        },
    }
    secrets = {"password": "4" * 32, "pin": "warning", "otp": "pass7.py"}
    scrubbed = Scrubber().payload("event", event | {"extra": secrets})
    event["breadcrumbs"]["values"][0]["message"] = "a [Filtered]"  # type: ignore[index]
    assert scrubbed == event | {"extra": dict.fromkeys(secrets, FILTERED)}


@pytest.mark.parametrize("name", ["environment", "logger", "level", "sdk", "frames"])
def test_they_are_looked_for_under_whatever_name_the_service_gives(name: str) -> None:
    told = {"password": SECRET, name: {"a": SECRET}, "b": {name: SECRET}}
    scrubbed = Scrubber().payload("event", {"extra": told, "environment": SECRET})
    assert scrubbed["extra"] == {"password": FILTERED, name: {"a": FILTERED}, "b": {name: FILTERED}}
    assert scrubbed["environment"] == SECRET


def test_no_more_than_some_are_looked_for_in_other_spellings() -> None:
    secrets = [f"s {number:04}" for number in range(201)]
    rows = [{"password": secret} for secret in secrets]
    quoted = [secret.replace(" ", "%20") for secret in secrets]
    scrubbed = Scrubber().payload("event", {"extra": rows, "tags": {"a": quoted, "b": secrets}})
    assert scrubbed["tags"] == {"a": [*200 * [FILTERED], "s%200200"], "b": 201 * [FILTERED]}


@pytest.mark.parametrize(
    "secret",
    [
        [SECRET],
        ["x", SECRET],
        {"a": SECRET},
        {"a": {"b": [1, SECRET]}},
        {"Pwd": SECRET, "User": "kim-kim"},
        {"user": "kim-kim", "pwd": [SECRET]},
        {"host": "kim-kim", "password": SECRET},
        *({name: SECRET} for name in ("secret", "token", "value", "session", "text", "basic")),
    ],
)
def test_parts_of_a_value_are_looked_for_except_for_who_it_is(secret: Any) -> None:
    message = f"kim-kim used {SECRET}"
    assert said(secret, message, "credentials") == "kim-kim used [Filtered]"


# --- In which spellings ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("secret", "spell"),
    [
        (SECRET, quote),
        (SECRET, escape),
        ('<Tr0ub"4dor>', escape),
        ("Tr0ub\n4dor", repr),
        ("Tr0ub'4\"dor", repr),
        ("Tr0ub\x074dor", repr),
        ("Tr0ub\n4dor", json.dumps),
        ("Tr0ub\x074dor", json.dumps),
        ("Tr0ub😀4dor", json.dumps),
        ('Tr0ub"é4dor', lambda secret: json.dumps(secret, ensure_ascii=False)),
        ("Tr0ub /4dor", lambda secret: quote(secret, safe="")),
        ("Tr0ub /4dor", quote_plus),
        ("비밀금고77", quote),
    ],
)
@pytest.mark.parametrize("around", ["it was {} there", "x{}y"])
def test_spellings(secret: str, spell: Callable[[str], str], around: str) -> None:
    spelled = spell(secret)
    if spell is repr or spelled.startswith('"'):
        spelled = spelled[1:-1]
    assert spelled != secret
    assert said(secret, around.format(spelled)) == around.format(FILTERED)


def test_of_a_secret_in_a_secret_nothing_is_left() -> None:
    assert said(["zz-hunter2x", "Aa-zz-hunter2x-y"], "it was Aa-zz-hunter2x-y") == (
        "it was [Filtered]"
    )


# --- Credentials ----------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "TOKEN", "Digest", "Negotiate", "Basic"])
def test_a_token_is_looked_for_without_its_scheme(scheme: str) -> None:
    assert said(f"{scheme}  {SECRET}", f"it was {SECRET}!", "authorization") == "it was [Filtered]!"


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
@pytest.mark.parametrize("password", [SECRET, "Tr0ub:4dor&3"])
def test_the_password_inside_of_basic_credentials_is_looked_for(scheme: str, password: str) -> None:
    credentials = base64.b64encode(f"kim-kim:{password}".encode()).decode()
    message = f"kim-kim used {password}, as {credentials}"
    left = said(f"{scheme} {credentials}", message, "authorization")
    assert left == "kim-kim used [Filtered], as [Filtered]"


@pytest.mark.parametrize("credentials", ["a2lt", "!", "한글-한글", "gICAgA==", "a2ltOg=="])
def test_other_basic_credentials_hurt_no_event(credentials: str) -> None:
    assert said(f"Basic {credentials}", "kim logged in", "authorization") == "kim logged in"


def test_only_basic_credentials_are_taken_apart() -> None:
    credentials = base64.b64encode(b"kim:harmless-words").decode()
    assert said(f"Bearer {credentials}", "harmless-words", "authorization") == "harmless-words"
