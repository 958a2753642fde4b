"""Names and shapes that are secret, and such that only look like it."""

from typing import Any

import pytest

from app.observability.scrubbing import FILTERED

from .scrubbing_rules import CARD, JWT, KEY, RESIDENT, SENSITIVE, SHAPES, Rules, text, value

# --- Names ----------------------------------------------------------------------------------------

HARMLESS = """
    author co-authors authority unauthorized shipping company className friendsName compass
    passenger bypass hotpath footprint keyboard monkey discard cardinality sidebar design signal
    db.paramstyle credits spawn expansion current caliban database url name id status
    csrf_exempt cookie_domain cookie_banner credentials_file password_form token_page
    pincode_region passport_country token_ids 비밀번호_변경일 토큰_수 パスワードポリシー トークン数
    palabra_clave clave_primaria tokenizer_name
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


@pytest.mark.parametrize(
    "nothing",
    [
        "</s>",
        "[MASK]",
        "<|endoftext|>",
        ":token",
        ":token_1",
        "{token}",
        "${TOKEN}",
        "{0}",
        "required",
    ],
)
def test_placeholders_are_no_secrets(nothing: str) -> None:
    assert value({"token": nothing}) == {"token": nothing}


@pytest.mark.parametrize("secret", [":Rosen1kohl", "{Rosen5kohl}", "${Rosen6kohl}", "%(Rosen7)s"])
def test_passwords_that_look_like_placeholders_are(secret: str) -> None:
    assert value({"password": secret}) == {"password": FILTERED}
    assert text(f"password={secret} end") == "password=[Filtered] end"


@pytest.mark.parametrize("name", ["api_tokens", "refreshTokens", "tokens"])
def test_tokens_are_secret_and_words_are_not(name: str) -> None:
    for tokens in (["tulpe918Mond"], {"access": "tulpe918Mond"}, ["a", ["tulpe918Mond"]]):
        assert value({name: tokens}) == {name: FILTERED}
    for harmless in (["the", "quick"], [101, 2023], {"total": 12}, 12):
        assert value({name: harmless}) == {name: harmless}


@pytest.mark.parametrize("something", [0, 1, 1.5, "0", [], {}, "none at all"])
def test_all_else_is_one(something: Any) -> None:
    assert value({"password": something}) == {"password": FILTERED}


# --- Shapes ---------------------------------------------------------------------------------------


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
        "took 0.4242424242424242 s, 12.5424242424242424",
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
