"""`make check-sentry`: what it says of servers that work, and of each that doesn't."""

import json
from pathlib import Path
from threading import Event

import pytest

from demo.receiver import Receiver
from tests.conftest import Generate
from tests.doctor import KEY, answering, check, dsn, line_of
from tests.services import Service, mostly_slow

DELIVERY = "Delivery: the server's own word"


def test_with_a_server_that_works_all_is_right(generate: Generate, receiver: Receiver) -> None:
    code, output = check(generate(), SENTRY_DSN=receiver.dsn, SENTRY_RELEASE="mine@1")
    assert code == 0, output
    assert output.rstrip().endswith("all is right")
    for about in ("name", "connection", "message", "error", "trace", "log", "clock", "privacy"):
        assert line_of(output, about).startswith("  ok"), about
    [message, error] = receiver.payloads("event")
    assert (message["level"], error["level"]) == ("info", "info")
    assert {message["tags"]["priority"], error["tags"]["priority"]} == {"P4"}
    assert error["exception"]["values"][0]["type"] == "RuntimeError"
    [frame] = error["exception"]["values"][0]["stacktrace"]["frames"]
    assert frame["context_line"].startswith("        raise RuntimeError(")
    assert frame["vars"]["password"] == "[Filtered]"
    assert f"id {error['event_id']}" in line_of(output, "error")
    assert [len(batch["items"]) for batch in receiver.payloads("span")] == [2]
    assert [len(batch["items"]) for batch in receiver.payloads("log")] == [1]
    assert b"planted-" not in receiver.raw and b"ada@example.org" not in receiver.raw


def test_nothing_secret_is_in_its_output(generate: Generate, receiver: Receiver) -> None:
    env = {"SENTRY_DSN": receiver.dsn, "SENTRY_TRACES_KEY": "hunter2hunter2"}
    env |= {"SENTRY_AUTH_TOKEN": "sntryu_secret", "SENTRY_URL": f"http://127.0.0.1:{receiver.port}"}
    for options in ((), ("--json",)):
        _code, output = check(generate(), *options, **env)
        key = receiver.dsn.split("/")[2].partition("@")[0]
        assert key[:4] in output
        for secret in (key[4:], "hunter2", "sntryu_secret"):
            assert secret not in output


WORDS = {
    401: (b'{"detail": "unknown key"}', "HTTP 401: unknown key", "doesn't know this key"),
    403: (b'{"detail": "wrong project"}', "HTTP 403: wrong project", "belong together"),
    404: (b"<html>", "HTTP 404", "host, port and path"),
    413: (b"too large", "HTTP 413", "raise its limit to 1 MiB"),
    302: (b"", "HTTP 302", "A redirect is never followed"),
    400: (b'{"detail": "bad"}', "HTTP 400: bad", "is this a Sentry"),
    500: (b"", "HTTP 500", "the server itself fails"),
    503: (b"\x1b[2J", "HTTP 503", "the server itself fails"),
}


@pytest.mark.parametrize("status", mostly_slow(WORDS))
def test_each_refusal_has_its_own_words(generate: Generate, status: int) -> None:
    body, says, do = WORDS[status]
    with answering(status=status, body=body) as port:
        code, output = check(generate(), SENTRY_DSN=dsn(port))
    told = line_of(output, "error")
    assert (code, "\x1b" in output) == (1, False)
    assert told.startswith("  NOT OK") and says in told and do in told
    assert "not tried: see what became of the error" in line_of(output, "read back")


# What a 200 says on this machine, and what is told of the error and of the trace.
SAID = {
    b"{}": ("  ok      error", "  ok      trace"),  # a viewer's
    b"": ("  -       error", "  -       trace"),
    b"<html>Please log in</html>": ("  NOT OK  error", "  NOT OK  trace"),
    b'{"id": "00000000000000000000000000000000"}': ("  NOT OK  error", "  ok      trace"),
    b'{"id": {"a": [1, 2]}}': ("  NOT OK  error", "  ok      trace"),
    b"[" * 60_000: ("  NOT OK  error", "  NOT OK  trace"),
    b"[1]": ("  NOT OK  error", "  NOT OK  trace"),
}


@pytest.mark.parametrize("body", mostly_slow(SAID), ids=range(len(SAID)))
def test_a_200_is_not_enough(generate: Generate, body: bytes) -> None:
    with answering(body=body) as port:
        code, output = check(generate(), SENTRY_DSN=dsn(port))
    told = line_of(output, "error"), line_of(output, "trace")
    assert all(line.startswith(said) for line, said in zip(told, SAID[body], strict=True)), told
    assert ", id " not in told[0]  # which the server didn't say
    assert (code, len(output) < 10_000) == (int("NOT OK" in "".join(told)), True)


def test_an_answer_without_its_end(generate: Generate) -> None:
    with answering(names_it=True, headers={"Content-Length": "60000"}, hangs_up=True) as port:
        code, output = check(generate(), SENTRY_DSN=dsn(port))
    assert (code, line_of(output, "message").startswith("  NOT OK")) == (1, True)
    assert "the connection broke" in line_of(output, "message")
    # Nothing was sent after it, so nothing is looked for.
    assert "not tried: see what became of the error" in line_of(output, "read back")


def test_a_rate_limit_tells_until_when(generate: Generate) -> None:
    limits = {"Retry-After": "17", "X-Sentry-Rate-Limits": "17:error:organization:quota"}
    with answering(status=429, headers=limits) as port:
        code, output = check(generate(), SENTRY_DSN=dsn(port))
    told = line_of(output, "error")
    assert code == 1
    assert "HTTP 429: nothing more of this is taken for 17 s" in told
    assert "17:error:organization:quota" in told and "the quota is used up" in told


def test_a_limit_that_comes_with_a_200_counts(generate: Generate) -> None:
    limits = {"X-Sentry-Rate-Limits": "60:log_item:organization:log_quota"}
    with answering(headers=limits, names_it=True) as port:
        env = {"SENTRY_DSN": dsn(port)}
        code, output = check(generate(), **env, SENTRY_LOG_LEVEL="info")
        assert (code, line_of(output, "error")[:4]) == (1, "  ok")
        assert line_of(output, "log").startswith("  NOT OK")
        # Who sends no logs does without.
        code, output = check(generate(), **env)
        assert (code, "SENTRY_LOG_LEVEL is off here" in line_of(output, "log")) == (0, True)


@pytest.mark.parametrize("reason", ["", ":usage_exceeded"])
def test_what_a_server_never_takes_is_no_used_up_quota(generate: Generate, reason: str) -> None:
    limits = {"X-Sentry-Rate-Limits": f"86400:transaction;span:organization{reason}"}
    with answering(headers=limits, names_it=True) as port:
        code, output = check(generate(), SENTRY_DSN=dsn(port))
    is_for_good = not reason
    assert code == (0 if is_for_good else 1)
    told = line_of(output, "trace")
    assert ("this server takes none" in told) is is_for_good
    assert ("nothing more of this is taken for 86400 s" in told) is not is_for_good


def test_a_server_that_says_nothing(generate: Generate) -> None:
    end = Event()
    with answering(until=end) as port:
        code, output = check(generate(), SENTRY_DSN=dsn(port))
        end.set()
    assert code == 1
    assert "no answer within 5 s" in line_of(output, "message")
    assert "takes the connection and then says nothing" in line_of(output, "message")


def test_a_clock_that_is_an_hour_off(generate: Generate) -> None:
    for ahead, which in ((-3600, "ahead of"), (3600, "behind")):
        with answering(ahead=ahead, names_it=True) as port:
            code, output = check(generate(), SENTRY_DSN=dsn(port))
        told = line_of(output, "clock")
        assert (code, told.startswith("  NOT OK")) == (1, True)
        assert f"s {which} the server" in told and "set it (NTP)" in told


def test_without_a_dsn_it_says_what_is_off_and_what_to_do(generate: Generate) -> None:
    code, output = check(generate())
    assert code == 3
    assert "empty: Sentry is off" in output and "Client Keys" in output
    assert json.loads(check(generate(), "--json")[1])["ok"] is False
    assert "[Filtered]" in line_of(output, "variables")


@pytest.mark.parametrize(
    ("env", "about"),
    [
        ({"SENTRY_LOCAL_VARIABLES": "off"}, "variables"),
        ({"SENTRY_REQUEST_BODIES": "false"}, "body"),
    ],
)
def test_what_is_switched_off_is_told(generate: Generate, env: dict[str, str], about: str) -> None:
    code, output = check(generate(), **env, SENTRY_UNTRACED_PATHS="/check-sentry/7")
    assert (code, "none: it is switched off" in line_of(output, about)) == (3, True)


def test_a_terminal_that_has_only_ascii(generate: Generate) -> None:
    env = {"PYTHONIOENCODING": "ascii", "SENTRY_DSN": f"http://{KEY}@127.0.0.1:1/1"}
    code, output = check(generate(), **env)
    assert (code, "key 0123?" in output) == (1, True)
    assert json.loads(check(generate(), "--json", **env)[1])["ok"] is False


HEAD = """\
import subprocess, sys

check = [sys.executable, "-m", "app.observability", "check"]
with subprocess.Popen(check, stdout=subprocess.PIPE) as doctor:
    doctor.stdout.readline()
    doctor.stdout.close()
sys.exit(doctor.returncode)
"""


def test_a_reader_that_has_read_enough(generate: Generate) -> None:
    done = generate().run("python", "-c", HEAD)
    assert (done.returncode, done.stdout) == (141, "")


def test_wrong_settings_are_told_and_nothing_is_sent(generate: Generate) -> None:
    code, output = check(generate(), SENTRY_DSN="'x'", SENTRY_TRACES_SAMPLE_RATE="7")
    assert code == 1
    assert output.rstrip().endswith("2 NOT OK") and "is in quotes" in output


def test_where_each_setting_comes_from(generate: Generate, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SENTRY_LOG_LEVEL=error\nENVIRONMENT=staging\n")
    service = Service(tmp_path, {"PYTHONPATH": str(generate().folder)})
    _code, output = check(service, ENVIRONMENT="", SENTRY_TRACES_SAMPLE_RATE="0.25")
    told = {line.split()[1]: line.split(maxsplit=2)[2] for line in output.splitlines()[2:18]}
    assert told["SENTRY_LOG_LEVEL"] == "error  (.env)"
    assert told["SENTRY_TRACES_SAMPLE_RATE"] == "0.25  (variable)"
    assert told["ENVIRONMENT"] == "local  (default: the variable is empty)"
    assert told["SENTRY_FAILED_REQUEST_STATUS_CODES"] == "500-599  (default)"


def test_for_a_program(generate: Generate, receiver: Receiver) -> None:
    code, output = check(generate(), "--json", SENTRY_DSN=receiver.dsn)
    told = json.loads(output)
    assert (code, told["ok"], told["cost"]) == (0, True, None)
    sections = {(finding["section"], finding["about"]) for finding in told["findings"]}
    assert sections >= {("Settings", "ENVIRONMENT"), ("Network", "name"), (DELIVERY, "error")}
    event_id = receiver.payloads("event")[-1]["event_id"]
    assert told["sample"]["error"]["event_id"] == event_id


@pytest.mark.parametrize("wrong", [("--processes", "0"), ("--error-rate", "1.5"), ("--wait", "x")])
def test_wrong_usage(generate: Generate, wrong: tuple[str, ...]) -> None:
    code, output = check(generate(), *wrong)
    assert code == 2 and f"argument {wrong[0]}: invalid" in output


@pytest.mark.parametrize("alone", [("--error-rate", "0.5"), ("--plan", "developer")])
def test_a_load_without_its_requests(generate: Generate, alone: tuple[str, ...]) -> None:
    code, output = check(generate(), *alone)
    assert (code, f"{alone[0]} says nothing without --requests-per-second" in output) == (2, True)
