"""`make check-sentry`: what it says of servers that work, and of each that doesn't."""

import json
import select
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
import trustme

from demo.receiver import LoopbackServer, Receiver
from tests.conftest import Generate
from tests.doctor import check, line_of
from tests.services import Service

KEY = "0123456789abcdef0123456789abcdef"
HIDDEN = KEY[4:]  # of it the doctor shows the first four digits


class _Answers(BaseHTTPRequestHandler):
    """One answer to everything: a status, headers, a body and a time."""

    protocol_version = "HTTP/1.1"

    def __init__(self, answer: dict[str, Any], *args: Any) -> None:
        self._answer = answer
        super().__init__(*args)

    def do_POST(self) -> None:
        wire = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if hangs := self._answer.get("until"):
            hangs.wait()
        body = self._answer.get("body", b"")
        if self._answer.get("names_it"):
            body = json.dumps({"id": json.loads(wire.split(b"\n")[0]).get("event_id")}).encode()
        self.send_response_only(self._answer.get("status", 200))
        for name, value in {
            "Date": formatdate(time.time() + self._answer.get("ahead", 0), usegmt=True),
            "Content-Length": str(len(body)),
            **self._answer.get("headers", {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def answering(tls: ssl.SSLContext | None = None, **answer: Any) -> Iterator[int]:
    """Answer so on a free port of loopback, which is given."""
    with LoopbackServer(("127.0.0.1", 0), partial(_Answers, answer)) as server:
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield int(server.server_address[1])
        server.shutdown()


def dsn(port: int) -> str:
    return f"http://{KEY}@127.0.0.1:{port}/1"


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


@pytest.mark.parametrize("status", WORDS)
def test_each_refusal_has_its_own_words(generate: Generate, status: int) -> None:
    body, says, do = WORDS[status]
    with answering(status=status, body=body) as port:
        code, output = check(generate(), SENTRY_DSN=dsn(port))
    told = line_of(output, "error")
    assert (code, "\x1b" in output) == (1, False)
    assert told.startswith("  NOT OK") and says in told and do in told
    assert "not tried: the error was not taken" in line_of(output, "read back")


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


def test_a_server_that_says_nothing(generate: Generate) -> None:
    end = Event()
    with answering(until=end) as port:
        code, output = check(generate(), SENTRY_DSN=dsn(port))
        end.set()
    assert code == 1
    assert "no answer within 5 s" in line_of(output, "message")
    assert "takes the connection and then says nothing" in line_of(output, "message")


def test_a_closed_port(generate: Generate) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        code, output = check(generate(), SENTRY_DSN=dsn(unused.getsockname()[1]))
    assert code == 1
    told = line_of(output, "connection")
    assert "Connection refused" in told and "is the port open from here?" in told


def test_a_name_that_does_not_resolve(generate: Generate) -> None:
    code, output = check(generate(), SENTRY_DSN=f"https://{KEY}@sentry.invalid/1")
    assert code == 1
    told = line_of(output, "name")
    assert "sentry.invalid doesn't resolve" in told and "name server" in told


def test_a_clock_that_is_an_hour_off(generate: Generate) -> None:
    for ahead, which in ((-3600, "ahead of"), (3600, "behind")):
        with answering(ahead=ahead, names_it=True) as port:
            code, output = check(generate(), SENTRY_DSN=dsn(port))
        told = line_of(output, "clock")
        assert (code, told.startswith("  NOT OK")) == (1, True)
        assert f"s {which} the server" in told and "set it (NTP)" in told


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def server_of(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def test_a_certificate_that_is_not_trusted(generate: Generate, authority: trustme.CA) -> None:
    with answering(tls=server_of(authority, "localhost")) as port:
        code, output = check(generate(), SENTRY_DSN=f"https://{KEY}@localhost:{port}/1")
    told = line_of(output, "TLS")
    assert code == 1
    assert "localhost's certificate isn't trusted" in told and "SSL_CERT_FILE" in told


def test_a_certificate_for_another_name(
    generate: Generate, authority: trustme.CA, tmp_path: Path
) -> None:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with answering(tls=server_of(authority, "other.example")) as port:
        env = {"SENTRY_DSN": f"https://{KEY}@localhost:{port}/1"}
        code, output = check(generate(), **env, SSL_CERT_FILE=str(tmp_path / "ca.pem"))
    assert (code, "not valid for 'localhost'" in line_of(output, "TLS")) == (1, True)


def test_a_server_that_speaks_no_tls(generate: Generate) -> None:
    with answering() as port:
        code, output = check(generate(), SENTRY_DSN=f"https://{KEY}@localhost:{port}/1")
    told = line_of(output, "TLS")
    assert (code, "is the DSN's port right?" in told) == (1, True)


@contextmanager
def proxy_to(port: int) -> Iterator[str]:
    """Be a proxy on loopback that leads every name to a port of this machine; give its address."""

    class Tunnel(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            with socket.create_connection(("127.0.0.1", port)) as there:
                self.send_response(200)
                self.end_headers()
                ends = {self.connection: there, there: self.connection}
                while True:
                    for end in select.select(list(ends), [], [])[0]:
                        if not (data := end.recv(65536)):
                            return
                        ends[end].sendall(data)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with LoopbackServer(("127.0.0.1", 0), Tunnel) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://ion:hunter2@127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize("is_sentry", [True, False])
def test_through_a_proxy_to_a_name_beyond_it(
    generate: Generate, authority: trustme.CA, tmp_path: Path, is_sentry: bool
) -> None:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    page = {} if is_sentry else {"body": b"<html>Please log in</html>"}
    with (
        answering(tls=server_of(authority, "sentry.example"), **page, names_it=is_sentry) as port,
        proxy_to(port) as proxy,
    ):
        env = {"SENTRY_DSN": f"https://{KEY}@sentry.example/1", "https_proxy": proxy}
        env |= {"SSL_CERT_FILE": str(tmp_path / "ca.pem"), "no_proxy": "", "NO_PROXY": ""}
        code, output = check(generate(), **env)
    assert "127.0.0.1:" in line_of(output, "proxy") and "hunter2" not in output
    told = line_of(output, "error")
    if is_sentry:
        assert (code, told[:4]) == (0, "  ok")
    else:
        assert (code, "something else than a Sentry answers" in told) == (1, True)


def test_without_a_dsn_it_says_what_is_off_and_what_to_do(generate: Generate) -> None:
    code, output = check(generate())
    assert code == 3
    assert "empty: Sentry is off" in output and "Client Keys" in output
    assert "[Filtered]" in line_of(output, "variables")


def test_wrong_settings_are_told_and_nothing_is_sent(generate: Generate) -> None:
    code, output = check(generate(), SENTRY_DSN="'x'", SENTRY_TRACES_SAMPLE_RATE="7")
    assert code == 1
    assert output.count("NOT OK") == 2 and "is in quotes" in output


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
    assert {finding["about"] for finding in told["findings"]} >= {"name", "error", "clock"}
    event_id = receiver.payloads("event")[-1]["event_id"]
    assert told["sample"]["error"]["event_id"] == event_id


@pytest.mark.parametrize("wrong", [("--processes", "0"), ("--error-rate", "-1"), ("--wait", "x")])
def test_wrong_usage(generate: Generate, wrong: tuple[str, ...]) -> None:
    code, output = check(generate(), *wrong)
    assert code == 2 and f"argument {wrong[0]}: invalid" in output
