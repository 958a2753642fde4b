"""The rules at their edges: what is just secret is filtered, what just isn't stays.

Everything is asked from outside, of an event in which the text stands.
"""

import json
from typing import Any

import pytest

from app.observability.scrubbing import FILTERED, Scrubber

from .scrubbing_rules import Rules

SECRET = "Tr0ub4dor&3"


def event(**parts: Any) -> Any:
    return Scrubber().payload("event", parts)


def message(text: str) -> Any:
    return event(message=text)["message"]


def source(line: str) -> Any:
    """Return a line of source as a frame would show it."""
    frame = {"lineno": 1, "context_line": line, "pre_context": [line], "post_context": [line]}
    shown = event(stacktrace={"frames": [frame]})["stacktrace"]["frames"][0]
    assert [shown["context_line"]] == shown["pre_context"] == shown["post_context"]
    return shown["context_line"]


# --- Numbers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "number",
    [
        *("4931376223915", "4236049273267"),  # cards of 13 digits, and no barcodes
        *("8501011234566", "1401013123458", "2001013123457"),  # residents, in one piece
        "8501011000010",  # whose check digit would have two digits
        *("991231-1234567", "991231-2234567", "991231-5234567", "991231-6234567"),
        "040229-1234567",  # the 29th of February
        "150101 3123455",
    ],
)
def test_numbers_of_cards_and_persons(number: str) -> None:
    assert message(f"it was {number} there") == "it was [Filtered] there"


@pytest.mark.parametrize(
    "number",
    [
        *("4622463907656", "4007031574131"),  # barcodes that could be cards
        *("991231-3234567", "991231-4234567", "991231-7234567", "991231-8234567"),  # not yet born
        *("1501013123455", "1901013123454"),  # times in milliseconds
        *("9901019123456", "8802159234564"),  # nobody's sex
        *("901301-1234567", "900132-1234567", "8501011234567"),
    ],
)
def test_other_numbers(number: str) -> None:
    assert message(f"it was {number} there") == f"it was {number} there"


# --- Code -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("password = 'hunter2'", "password = '[Filtered]'"),
        ("a = 1; password = 'hunter2'", "a = 1; password = '[Filtered]'"),
        ("a = {}; password: dict[str, str] = 'hunter2'", None),
        ('password = SecretStr("hunter2")', "password = SecretStr([Filtered])"),
        ("password = SecretStr('hunter2')", "password = SecretStr([Filtered])"),
        ("f(password=Secret('hunter2'), a=[1])", "f(password=Secret([Filtered]), a=[1])"),
        ("credentials = ('kim', 'hunter2'), 1", "credentials = ([Filtered]), 1"),
    ],
)
def test_literals_in_source(before: str, after: str | None) -> None:
    assert source(before) == after or (after is None and "hunter2" not in source(before))


@pytest.mark.parametrize(
    "line",
    [
        "password = form.password.data",
        "password=load(path)",
        "self.password=load(path, [1])",
        "password = await load(path)",
        "login(password=password, token=self.token)",
    ],
)
def test_source_without_literals(line: str) -> None:
    assert source(line) == line


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("password = form.password.data", "password = form.password.data"),
        ("password = load(path)", "password = load(path)"),
        ("password=some.words", "password=[Filtered]"),
        ("a = 1 password = some.words1", "a = 1 password = [Filtered]"),
    ],
)
def test_code_in_text(before: str, after: str) -> None:
    assert message(before) == after


def test_the_source_of_a_raw_stack_is_source_too() -> None:
    frame = {"lineno": 1, "context_line": "password=load(path)"}
    stack = {"frames": [frame | {"vars": {"password": "'x'"}}]}
    error = {"type": "E", "raw_stacktrace": stack}
    [left] = event(exception={"values": [error]})["exception"]["values"]
    assert left["raw_stacktrace"]["frames"] == [frame | {"vars": {"password": FILTERED}}]


# --- URLs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("/password/ab1/x", "/password/[Filtered]/x"),
        ("/reset/abcdef0123456789", "/reset/[Filtered]"),
        ("/Reset/abcdef0123456789", "/Reset/[Filtered]"),
        ("/a;p%61ssword=hunter2;b=c/d", "/a;p%61ssword=[Filtered];b=c/d"),
        (f"/a{9 * ';b=c'};p%61ssword=hunter2/d", f"/a{9 * ';b=c'};p%61ssword=[Filtered]/d"),
        # What is beyond the parts that are looked at doesn't leave.
        (f"/a{255 * ';b=c'};p%61ssword=hunter2/d", f"/a{255 * ';b=c'};[Filtered]/d"),
        (f"/a?{300 * 'a'}_p%61ssword=hunter2", f"/a?{300 * 'a'}_p%61ssword=[Filtered]"),
        ("/a?p%61ssword=b=c&d=e", "/a?p%61ssword=[Filtered]&d=e"),
    ],
)
def test_urls(before: str, after: str) -> None:
    assert event(request={"url": f"https://h{before}"})["request"]["url"] == f"https://h{after}"


@pytest.mark.parametrize(
    "harmless",
    [
        *("/password/12/x", "/pin/v2/x", "/password/forgotten/x", "/app/token/utils2.py"),
        *("/resets/abcdef0123456789", "/reset/abcdef012345678", "/reset/abcdefghijklmnop"),
        *("/a;b=c;d=e/f", "/a?p%61ssword=&b=c", "/a?b=c=d"),
    ],
)
def test_harmless_urls(harmless: str) -> None:
    assert (
        event(request={"url": f"https://h{harmless}"})["request"]["url"] == f"https://h{harmless}"
    )


@pytest.mark.parametrize(
    ("place", "secret"),
    [
        ({"url": "db://kim:first:second1@h/x"}, "first:second1"),
        ({"url": "db://some-key-1@h/x"}, "some-key-1"),
        ({"url": "https://h/password/abc-1/x"}, "abc-1"),
        ({"query_string": "token=ab+cd-ef1"}, "ab cd-ef1"),
        ({"query_string": "token=ab%2Bcd-ef1"}, "ab+cd-ef1"),
        ({"query_string": "token=ab-cd-ef1"}, "ab-cd-ef1"),
        ({"query_string": f"token={1500 * 'a'}%2B"}, f"{1500 * 'a'}+"),
        ({"data": {"name": "password", "value": SECRET}}, SECRET),
        ({"data": [{"op": "add", "path": "/user/password", "value": SECRET}]}, SECRET),
        ({"data": ["curl", "-u", f"kim:{SECRET}"]}, SECRET),
        ({"data": ["mysql", f"-p{SECRET}"]}, SECRET),
        ({"data": ["'mysql'", f"'-p{SECRET}'"]}, SECRET),
    ],
)
def test_what_a_request_calls_secret_is_secret_in_all_of_the_event(place: Any, secret: str) -> None:
    assert event(request=place, message=f"it was {secret} there")["message"] == (
        "it was [Filtered] there"
    )


@pytest.mark.parametrize("outer", [["body"], ["body", *8 * ["items", 0]]])
@pytest.mark.parametrize("inner", [[], 7 * ["a"]])
def test_an_error_of_validation_is_without_the_value_however_deep(
    outer: list[Any], inner: list[str]
) -> None:
    error = {"loc": [*outer, "password", *inner], "msg": "too short", "input": "hunter2"}
    assert event(extra={"error": error})["extra"]["error"] == {**error, "input": FILTERED}


def test_a_path_that_only_passes_a_secret_names_none() -> None:
    patch = {"op": "add", "path": "/token/city", "value": "Oslo"}
    assert event(extra={"patch": patch})["extra"]["patch"] == patch


# --- Values that tell nothing ---------------------------------------------------------------------


def test_asterisks_are_no_secret_unless_they_are_very_many() -> None:
    extra = {"password": 80 * "*", "token": 81 * "*"}
    assert event(extra=extra)["extra"] == {"password": 80 * "*", "token": FILTERED}


def test_a_long_number_of_tokens_is_a_number() -> None:
    extra = {"tokens": "-123456789.123456789", "session_id": "1234567890"}
    assert event(extra=extra)["extra"] == {**extra, "session_id": FILTERED}


# --- Long data ------------------------------------------------------------------------------------


def test_json_is_data_up_to_a_length() -> None:
    start = '{"password": {"a": "hunter2"}, "text": "'
    for length, is_data in ((64 * 1024, True), (64 * 1024 + 1, False)):
        body = start + "a " * ((length - len(start) - 2) // 2)
        body += (length - len(body) - 2) * "a" + '"}'
        assert len(body) == length
        left = event(request={"data": body})["request"]["data"]
        assert "hunter2" not in left
        assert left.endswith('"}') is is_data
        assert not is_data or json.loads(left)["password"] == FILTERED


@pytest.mark.parametrize("option", ["-u", "-U", "--user", "--proxy-user", "'-u'", '"--user"'])
def test_credentials_in_a_command_line(option: str) -> None:
    assert Rules().value(["curl", option, "kim:hunter2:x", "https://example.com"]) == [
        *("curl", option, f"kim:{FILTERED}", "https://example.com")
    ]
    for harmless in ("kim", "kim:", 5, None):
        assert Rules().value(["psql", option, harmless]) == ["psql", option, harmless]


def test_a_password_on_its_option() -> None:
    for client in ("mysql", "/usr/bin/mysql", "mariadb", "sshpass", "redis-cli"):
        assert Rules().value([client, "-phunter2x"]) == [client, f"-p{FILTERED}"]
    for client in ("sshpass", "redis-cli"):
        assert Rules().value([client, "-p", "hunter2x"]) == [client, "-p", FILTERED]
    assert Rules().value(["ls", "-phunter2x"]) == ["ls", "-phunter2x"]
    assert Rules().value(["mysql", "-u", "-phunter2x"]) == ["mysql", "-u", f"-p{FILTERED}"]
    for harmless in (["mysql", "-p3306"], ["mysql", "-p", "shop"], ["ls", "-a", "shop"], ["-p", 7]):
        assert Rules().value(harmless) == harmless


def test_an_option_that_is_very_long_is_none() -> None:
    option = "--" + "x" * 90 + "-password"
    assert Rules().value([option, "hello world"]) == [option, "hello world"]


@pytest.mark.parametrize(
    "text", ["the api key: tiger42x", "api key: tiger42x", "my api key=tiger42x"]
)
def test_two_words_that_are_a_secrets_name_together(text: str) -> None:
    assert "tiger42x" not in Rules().text(text)


@pytest.mark.parametrize("text", ["the key: tiger42x", "happy key: tiger42x", "api word: no"])
def test_words_that_are_none(text: str) -> None:
    assert Rules().text(text) == text


def test_the_third_of_several_arguments() -> None:
    told = {"message": "%s %s of %s, password %s", "params": ["a", "b", "c", "hunter2x"]}
    told["formatted"] = "a b of c, password hunter2x"
    event = Rules().event({"logentry": told})["logentry"]
    assert event["params"] == ["a", "b", "c", FILTERED]
    assert "hunter2x" not in event["formatted"]


def test_a_url_with_a_line_break_stays_as_it_is() -> None:
    assert Rules().value({"url": "http://h/a\nb"}) == {"url": "http://h/a\nb"}
