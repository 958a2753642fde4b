"""The way to the server, as `make check-sentry` tells it: names, ports, certificates, proxies."""

import select
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import trustme

from demo.receiver import LoopbackServer, Receiver
from tests.conftest import Generate
from tests.doctor import KEY, answering, check, dsn, line_of


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def server_of(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


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
        assert "beyond the proxy" in line_of(output, "TLS")
        assert line_of(output, "trace").startswith("  ok")
    else:
        assert (code, "something else than a Sentry answers" in told) == (1, True)


@pytest.mark.parametrize("proxy", ["127.0.0.1:3128", "http://ion:hunter2@proxy:99999"])
def test_a_proxy_that_is_no_address_is_one_line(generate: Generate, proxy: str) -> None:
    env = {"SENTRY_DSN": f"https://{KEY}@sentry.invalid/1", "https_proxy": proxy}
    code, output = check(generate(), **env)
    assert code == 1
    assert "HTTPS_PROXY or HTTP_PROXY: it is no address like" in output
    assert not {"Traceback", "hunter2"} & set(output.replace("@", " ").split())
    done = generate().run("python", "-c", "import app.main", **env)
    assert done.stdout.count("\n") == 1 and "HTTPS_PROXY" in done.stdout


def test_a_store_of_certificates_that_is_not_there(
    generate: Generate, authority: trustme.CA
) -> None:
    with answering(tls=server_of(authority, "localhost")) as port:
        env = {"SENTRY_DSN": f"https://{KEY}@localhost:{port}/1"}
        code, output = check(generate(), **env, SSL_CERT_FILE="/nowhere.pem")
    told = line_of(output, "TLS")
    assert (code, "/nowhere.pem can't be read" in told) == (1, True), told


def test_a_proxy_of_socks_is_told(generate: Generate, receiver: Receiver) -> None:
    env = {"SENTRY_DSN": receiver.dsn, "http_proxy": "socks5://127.0.0.1:1", "all_proxy": ""}
    code, output = check(generate(), **env, no_proxy="", NO_PROXY="")
    told = line_of(output, "proxy")
    assert (code, "SOCKS" in told, "PySocks" in told) == (0, True, True)
    output = check(generate(), SENTRY_DSN=receiver.dsn, all_proxy="socks5://127.0.0.1:1")[1]
    assert "SOCKS" not in line_of(output, "proxy")  # which no delivery goes through
