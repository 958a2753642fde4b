"""The way to the server: its name, its certificate, a proxy, each with the time it takes."""

import socket
import ssl
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from ..sdk.connection import Connection
from .finding import Finding


def network_lines(connection: Connection) -> Iterator[Finding]:
    """Go the way that a delivery goes. It ends with what is NOT OK, if anything is."""
    dsn = connection.parsed_dsn
    assert dsn
    host, port = dsn.host, dsn.port
    if proxy := connection.proxy:
        parts = urlsplit(proxy)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        says = f"{host}:{port} is in the way (HTTP_PROXY, HTTPS_PROXY); NO_PROXY goes past it"
        yield Finding("proxy", None, says)
    elif any(getproxies().get(name, "").startswith("socks") for name in ("http", "https")):
        do = "add PySocks to the service's dependencies, if the server is beyond that proxy"
        yield Finding("proxy", None, "none in use: one of SOCKS can't be spoken to", do)
    else:
        yield Finding("proxy", None, "none")
    began = time.monotonic()
    try:
        addresses = {info[4][0] for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except OSError as error:
        do = "is the DSN's host right, and does this machine or pod reach a name server?"
        yield Finding("name", False, f"{host} doesn't resolve: {error.strerror or error}", do)
        return
    some = ", ".join(sorted(map(str, addresses))[:3])
    yield Finding("name", True, f"{host} is {some}  ({_ms(began)})")
    began = time.monotonic()
    try:
        plain = socket.create_connection((host, port), timeout=connection.TIMEOUT)
    except OSError as error:
        do = "is the port open from here? A firewall, network policy or security group may stop it"
        why = "no answer in time" if isinstance(error, TimeoutError) else error.strerror or error
        yield Finding("connection", False, f"{host}:{port}: {why}", do)
        return
    with plain:
        yield Finding("connection", True, f"{host}:{port} answers  ({_ms(began)})")
        if dsn.scheme == "https" and proxy:
            yield Finding(
                "TLS", None, f"beyond the proxy; trusted is what {connection.trusted} has"
            )
        elif dsn.scheme == "https":
            yield _tls(plain, host, connection.trusted)


def _tls(plain: socket.socket, host: str, store: str) -> Finding:
    began = time.monotonic()
    try:
        context = ssl.create_default_context(cafile=store)
    except OSError as error:
        do = "SSL_CERT_FILE has to name a file of certificates in PEM"
        return Finding("TLS", False, f"{store} can't be read: {error.strerror or error}", do)
    try:
        with context.wrap_socket(plain, server_hostname=host) as secure:
            certificate: Any = secure.getpeercert()
            version = secure.version()
    except ssl.SSLCertVerificationError as error:
        said = f"{host}'s certificate isn't trusted: {error.verify_message}"
        do = f"trusted are those in {store}; SSL_CERT_FILE names another file"
        return Finding("TLS", False, said, do)
    except OSError as error:
        said = error.reason if isinstance(error, ssl.SSLError) else error.strerror or str(error)
        do = "something that is no TLS server answers: is the DSN's port right?"
        return Finding("TLS", False, f"{host}: {said}", do)
    issuer = {name: value for part in certificate["issuer"] for name, value in part}
    by = issuer.get("organizationName") or issuer.get("commonName")
    until = certificate["notAfter"]
    says = f"{version}, certificate by {by} until {until}, trusted by {store}"
    return Finding("TLS", True, f"{says}  ({_ms(began)})")


def _ms(began: float) -> str:
    return f"{(time.monotonic() - began) * 1000:.0f} ms"
