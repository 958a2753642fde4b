"""Test events: made as a service makes them, sent one by one, and what the server says to each."""

import asyncio
import json
import linecache
import logging
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import sentry_sdk

from .. import install
from ..delivery.envelopes import main_item
from ..sdk.connection import MAX_ANSWER, Connection, in_words
from ..sdk.names import Envelope
from ..sdk.recording import recording
from ..sdk.start import init_sentry
from ..service import ROOT
from ..settings import SentrySettings
from .finding import Finding

CLOCK_SKEW: Final = 60.0  # seconds that Relay lets an event be in the future
_A_DAY: Final = 86_400.0  # seconds
_ITEMS: Final = {"message": "message", "error": "error", "trace": "span", "log": "log"}
_AGAIN: Final = "Client Keys in Sentry's settings of the project"
_MEANINGS: Final = {
    400: "it can't be read there: is this a Sentry, and is it newer than August 2026?",
    401: f"the server doesn't know this key: copy the DSN afresh from {_AGAIN}",
    403: f"key and project don't belong together, or the key is disabled: see {_AGAIN}",
    404: "nothing takes events there: is the DSN's host, port and path right?",
    413: "a proxy or the server takes less: raise its limit to 1 MiB (client_max_body_size)",
}


@dataclass
class Sample:
    """What was made: the envelopes by what they are, and what was planted as secret in them."""

    envelopes: dict[str, Envelope]
    planted: list[str]
    options: dict[str, Any]  # that the SDK ran with
    integrations: list[str]

    def payload(self, kind: str) -> dict[str, Any]:
        """Return what leaves of the error, message, trace or log."""
        payload = json.loads(main_item(self.envelopes[kind]).get_bytes())
        return dict(payload["items"][-1] if "items" in payload else payload)

    def left(self) -> list[str]:
        """Return what of the planted would leave."""
        sent = b"".join(envelope.serialize() for envelope in self.envelopes.values())
        return [secret for secret in self.planted if secret.encode() in sent]


def make(settings: SentrySettings) -> Sample:
    """Make the sample as this service would, whatever its rates are, and send nothing."""
    planted = [f"planted-{secrets.token_hex(8)}" for _ in range(3)] + ["ada@example.org"]
    all_of_it: dict[str, Any] = {"sentry_traces_sample_rate": 1.0, "sentry_log_level": "info"}
    all_of_it |= {"sentry_error_sample_rate": 1.0, "sentry_profile_session_sample_rate": 0.0}
    all_of_it["sentry_untraced_paths"] = []
    logging.getLogger("check-sentry").setLevel(logging.INFO)
    logging.getLogger().addHandler(logging.NullHandler())  # else a traceback goes to the terminal
    settings = settings.model_copy(update=all_of_it)
    init_sentry(settings)
    client: Any = sentry_sdk.get_client()
    with recording() as transport:
        app = _sample()
        install(app, settings)
        asyncio.run(_fail(app, planted))
        sentry_sdk.flush()
    envelopes: dict[str, Envelope] = {}
    for envelope in transport.envelopes:
        item = main_item(envelope)
        kind = "error" if "exception" in (item.get_event() or {}) else "message"
        envelopes[kind if item.type == "event" else item.type or ""] = envelope
    of_kind = {name: envelopes[kind] for name, kind in _ITEMS.items()}
    return Sample(of_kind, planted, dict(client.options), list(client.integrations))


def deliver(sample: Sample, connection: Connection, logs_are_on: bool) -> Iterator[Finding]:
    """Send each part and tell the server's own word on it."""
    skew = None
    for kind, envelope in sample.envelopes.items():
        body = envelope.serialize()
        began = time.monotonic()
        try:
            answer = connection.exchange(body, connection.headers(None))
            said = answer.read(MAX_ANSWER, decode_content=True)
        except Exception as error:
            yield _no_answer(kind, in_words(error), connection)
            return
        took = f"{(time.monotonic() - began) * 1000:.0f} ms, {len(body)} bytes"
        judged = _judge(kind, envelope, answer, said, connection)
        optional = kind == "log" and not logs_are_on and judged.ok is False
        if optional:
            judged = Finding(kind, None, f"{judged.says}; SENTRY_LOG_LEVEL is off here", judged.do)
        yield Finding(kind, judged.ok, f"{judged.says}  ({took})", judged.do)
        if skew is None:
            skew = _skew(answer.headers.get("Date"))
    yield _clock(skew)


def _no_answer(kind: str, why: str, connection: Connection) -> Finding:
    do = "the connection broke: a proxy, a load balancer, or a server that restarts?"
    if "time" in why:
        why = f"no answer within {connection.TIMEOUT} s"
        do = "the server takes the connection and then says nothing; a firewall may, too"
    elif "CERTIFICATE_VERIFY_FAILED" in why:
        do = f"trusted are those in {connection.trusted}; SSL_CERT_FILE names another file"
    elif "Tunnel connection failed" in why:
        do = "the proxy refuses: does it want user and password, and may it go to this host?"
    return Finding(kind, False, why, do)


def _judge(kind: str, envelope: Envelope, answer: Any, said: bytes, connection: Any) -> Finding:
    status, words = answer.status, _words(answer, said)
    limits = answer.headers.get("X-Sentry-Rate-Limits", "")
    waits = connection.limited(main_item(envelope).data_category)
    # Bugsink answers so: 86400:transaction;span:organization. Of a quota the reason stands behind.
    is_for_good = waits > _A_DAY - 60 and all(one.count(":") < 3 for one in limits.split(","))
    if 200 <= status < 300 and kind in ("trace", "log") and is_for_good:
        do = "what is sent is thrown away: SENTRY_TRACES_SAMPLE_RATE=0 or SENTRY_LOG_LEVEL=off"
        return Finding(kind, None, f"HTTP {status}: this server takes none (limits: {limits})", do)
    if status == HTTPStatus.TOO_MANY_REQUESTS or waits:
        until = answer.headers.get("Retry-After") or (f"{waits:.0f}" if waits else "some")
        says = f"HTTP {status}: nothing more of this is taken for {until} s{words}"
        says += f" (limits: {limits})" if limits else ""
        return Finding(kind, False, says, "the quota is used up, or the key's rate limit is low")
    if status >= 500:
        do = "the server itself fails: look at its status page or logs, then try again"
        return Finding(kind, False, f"HTTP {status}{words}", do)
    if not 200 <= status < 300:
        do = _MEANINGS.get(status, "is the DSN's host right? A redirect is never followed")
        return Finding(kind, False, f"HTTP {status}{words}", do)
    own = envelope.headers.get("event_id")
    is_local = connection.parsed_dsn.host in ("localhost", "127.0.0.1")
    taken = _is_taken(said, own, is_local)
    if taken is None:
        return Finding(kind, None, f"HTTP {status}, and no word on what becomes of it")
    if not taken:
        do = "something else than a Sentry answers: a proxy's or a login's page?"
        return Finding(kind, False, f"HTTP {status}, but it doesn't name the event", do)
    number = (decoded(said) or {}).get("id")
    return Finding(kind, True, f"HTTP {status}, " + (f"id {own}" if own and number else "taken"))


def _is_taken(said: bytes, own: str | None, is_local: bool) -> bool | None:
    """Judge the words of a 2xx: Relay names what has an id, and says `{}` of the rest."""
    answer = decoded(said)
    if answer is not None:  # a viewer says `{}` of everything
        return own is None or answer.get("id") == own or (is_local and "id" not in answer)
    is_silent = not said and (own is None or is_local)  # so is Bugsink of what it throws away
    return None if is_silent else False


def decoded(said: bytes | str) -> dict[str, Any] | None:
    """Return what a server answers; None if that is no object."""
    try:
        answer = json.loads(said)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def _words(answer: Any, said: bytes) -> str:
    told = decoded(said) or {}
    words = answer.headers.get("X-Sentry-Error") or told.get("detail") or told.get("message")
    return f": {str(words)[:200]}" if words else ""


def _skew(date: str | None) -> float | None:
    try:
        return (datetime.now(UTC) - parsedate_to_datetime(date or "")).total_seconds()
    except (TypeError, ValueError):
        return None


def _clock(skew: float | None) -> Finding:
    if skew is None:
        return Finding("clock", None, "the server doesn't say its time")
    if abs(skew) <= CLOCK_SKEW:
        return Finding("clock", True, f"{abs(skew):.0f} s from the server's")
    which = "ahead of" if skew > 0 else "behind"
    says = f"this machine is {abs(skew):.0f} s {which} the server"
    return Finding("clock", False, says, "set it (NTP): Sentry moves or drops what has wrong times")


def _sample() -> Any:
    """Run `sample.py` as if it lay beside the service's own code."""
    source = Path(__file__).with_name("sample.py").read_text("utf-8")
    place = str(ROOT / "app" / "check_sentry.py")
    linecache.cache[place] = (len(source), None, source.splitlines(keepends=True), place)
    names: dict[str, Any] = {"__name__": "app.check_sentry"}
    exec(compile(source, place, "exec"), names)
    return names["sample"]


async def _fail(app: Any, planted: list[str]) -> None:
    """Make one request of it, without a server."""
    password, token, card, email = planted
    body = json.dumps({"persona": "mentor", "password": password, "to": email}).encode()
    headers = {
        "host": "check-sentry.invalid",
        "content-type": "application/json",
        "content-length": str(len(body)),
        "user-agent": "check-sentry",
        "authorization": f"Bearer {token}",
        "cookie": f"session={card}",
    }
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "https",
        "path": "/check-sentry/7",
        "raw_path": b"/check-sentry/7",
        "query_string": f"page=2&token={token}".encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 443),
    }
    parts = [{"type": "http.request", "body": body}]

    async def receive() -> dict[str, Any]:
        return parts.pop() if parts else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        pass

    await app(scope, receive, send)
