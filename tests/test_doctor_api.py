"""What the doctor knows by Sentry's web API, and of plans: what was kept, used, and costs."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from threading import Thread

import pytest

from demo.receiver import LoopbackServer, Receiver
from demo.sentry_api import Fault, Json, SentryApi
from tests.conftest import Generate
from tests.doctor import check, line_of
from tests.monitoring.schema import schema_errors
from tests.services import mostly_slow

COSTS = [
    # requests a second, its other assumptions, settings; errors, spans, bytes of logs, dollars
    (("1",), {}, 25_920, 1_036_800, 0, 26),
    (("1", "--plan", "developer"), {}, 25_920, 1_036_800, 0, None),
    (("1", "--error-rate", "0.1"), {}, 259_200, 1_036_800, 0, 79.02),
    (("1", "--error-rate", "0.1"), {"SENTRY_ERROR_SAMPLE_RATE": "0.1"}, 25_920, 1_036_800, 0, 26),
    (("20",), {}, 518_400, 20_736_000, 0, None),
    (("1000", "--error-rate", "0"), {}, 0, 207_360_000, 0, None),  # 20 traces a second at most
    (("20",), {"SENTRY_TRACES_SAMPLE_RATE": "0.024"}, 518_400, 4_976_640, 0, 135.1),
    (("0", "--logs-per-request", "5"), {"SENTRY_LOG_LEVEL": "info"}, 0, 0, 0, 26),
]


@pytest.mark.parametrize(
    ("options", "env", "errors", "spans", "logs", "dollars"), mostly_slow(COSTS)
)
def test_what_a_month_costs(
    generate: Generate,
    options: tuple[str, ...],
    env: dict[str, str],
    errors: float,
    spans: float,
    logs: float,
    dollars: float | None,
) -> None:
    env = {"SENTRY_PROFILE_SESSION_SAMPLE_RATE": "0", **env}
    _code, output = check(generate(), "--json", "--requests-per-second", *options, **env)
    figures = json.loads(output)["cost"]
    assert (figures["errors"], figures["spans"]) == (errors, spans)
    assert figures["log_bytes"] == logs
    assert figures["dollars"] == pytest.approx(dollars, abs=0.2)


def test_a_month_is_told_with_its_assumptions_and_which_rate_fits(generate: Generate) -> None:
    options = ("--requests-per-second", "20", "--error-rate", "0.01")
    code, output = check(generate(), *options)
    assert code == 1
    assumed = line_of(output, "assumed")
    for assumption in (
        "30 days",
        "20 requests a second",
        "1.00%",
        "0.1 of them traced",
        "4 spans",
        "Python 3.",
    ):
        assert assumption in assumed
    assert "SENTRY_TRACES_SAMPLE_RATE=0.024 fits" in line_of(output, "spans")
    assert "SENTRY_ERROR_SAMPLE_RATE=0.096 fits" in line_of(output, "errors")
    assert "sentry.io/pricing of 2026-09-20" in line_of(output, "price")
    storm = next(line for line in output.splitlines() if "with one error" in line)
    assert "3,660 errors, 7% of the month's with the guard" in storm
    assert "72,000 errors, 144% of the month's, $7.97 more without" in storm


class Arrived(Mapping[str, Json]):
    """The events of a receiver, by number: what the web API of the same Sentry tells."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    def __getitem__(self, event_id: str) -> Json:
        return {event["event_id"]: event for event in self._receiver.payloads("event")}[event_id]

    def __iter__(self) -> Iterator[str]:
        return (event["event_id"] for event in self._receiver.payloads("event"))

    def __len__(self) -> int:
        return len(self._receiver.payloads("event"))


@pytest.fixture
def sentry(receiver: Receiver) -> Iterator[SentryApi]:
    """The web API of the Sentry that `receiver` receives for; its project has the number 1."""
    with SentryApi() as sentry:
        sentry.scopes.add("event:read")
        sentry.organization.add_project("ion-mentoring", {"name": "ION", "platform": "python"})
        sentry.organization.projects["ion-mentoring"] = (
            1,
            sentry.organization.projects["ion-mentoring"][1],
        )
        sentry.organization.events = Arrived(receiver)
        yield sentry
    assert [error for exchange in sentry.log for error in schema_errors(exchange)] == []


def token_of(sentry: SentryApi, receiver: Receiver) -> dict[str, str]:
    token = {"SENTRY_URL": sentry.url, "SENTRY_AUTH_TOKEN": sentry.token}
    return {"SENTRY_DSN": receiver.dsn, "NO_PROXY": "127.0.0.1", **token}


def used(category: object, outcome: str, quantity: float, reason: str = "") -> Json:
    by = {"category": category, "outcome": outcome, "reason": reason}
    return {"by": by, "totals": {"sum(quantity)": quantity}, "series": {}}


def test_with_a_token_it_reads_the_event_back(
    generate: Generate, receiver: Receiver, sentry: SentryApi
) -> None:
    sentry.faults.append(Fault(404, path="/events/", times=2))  # it takes a moment to be there
    sentry.organization.usage = [
        used("error", "accepted", 1234),
        used("error", "filtered", 56, "web-crawlers"),
        used("span", "client_discard", 7, "queue_overflow"),
    ]
    code, output = check(generate(), **token_of(sentry, receiver))
    assert code == 0, output
    assert "ion/ion-mentoring, as the DSN says" in line_of(output, "project")
    assert "was there after 1." in line_of(output, "read back")
    assert line_of(output, "privacy").startswith("  ok") and output.count("  ok      privacy") == 2
    assert "1,234 kept; 56 filtered (web-crawlers)" in line_of(output, "error")
    assert "0 kept; 7 client_discard (queue_overflow)" in line_of(output, "span")
    assert sentry.writes == []


def test_whatever_a_category_is_called_it_is_one_line(
    generate: Generate, receiver: Receiver, sentry: SentryApi
) -> None:
    for category in (None, 5, "span", "\x1b[31mX\nok"):
        sentry.organization.usage.append(used(category, "accepted", 1))
    code, output = check(generate(), **token_of(sentry, receiver))
    assert code == 0, output
    for about in ("None", "5", "span", "[31mX ok"):
        assert line_of(output, about).split()[-2:] == ["1", "kept"]
    assert "\x1b" not in output
    sentry.log.clear()  # that answer isn't of the schema


def test_what_the_server_kept_unscrubbed_is_told(
    generate: Generate, receiver: Receiver, sentry: SentryApi
) -> None:
    class Leaking(Arrived):
        def __getitem__(self, event_id: str) -> Json:
            return super().__getitem__(event_id) | {"tags": {"to": "ada@example.org"}}

    sentry.organization.events = Leaking(receiver)
    code, output = check(generate(), **token_of(sentry, receiver))
    assert (code, "1 planted secrets are in it" in line_of(output, "privacy")) == (1, True)


def test_an_event_that_is_dropped_after_it_was_taken(
    generate: Generate, receiver: Receiver, sentry: SentryApi
) -> None:
    sentry.organization.events = {}
    code, output = check(generate(), "--wait", "0", **token_of(sentry, receiver))
    told = line_of(output, "read back")
    assert code == 1
    assert "not there after 0 s, though it was taken" in told and "inbound filter" in told


def test_a_dsn_of_another_project(
    generate: Generate, receiver: Receiver, sentry: SentryApi
) -> None:
    sentry.organization.projects["ion-mentoring"] = (4711, {"name": "ION", "platform": "python"})
    code, output = check(generate(), **token_of(sentry, receiver))
    told = line_of(output, "project")
    assert (code, "project 4711, the DSN's is 1" in told) == (1, True)


@pytest.mark.parametrize(
    ("env", "says"),
    [
        ({"SENTRY_AUTH_TOKEN": "wrong"}, "HTTP 401: Invalid token\n"),
        ({"SENTRY_PROJECT": "other"}, "HTTP 404: The requested resource does not exist\n"),
        ({"SENTRY_URL": "http://127.0.0.1:1"}, "http://127.0.0.1:1: Connection refused\n"),
    ],
)
def test_a_token_or_address_that_is_wrong(
    generate: Generate, receiver: Receiver, sentry: SentryApi, env: dict[str, str], says: str
) -> None:
    code, output = check(generate(), **token_of(sentry, receiver) | env)
    told = line_of(output, "project")
    assert (code, says in told) == (1, True), told
    assert " -> " in told


def test_the_token_is_never_sent_unencrypted(
    generate: Generate, receiver: Receiver, sentry: SentryApi
) -> None:
    env = token_of(sentry, receiver) | {"SENTRY_URL": "http://sentry.example"}
    code, output = check(generate(), **env)
    assert (code, "would get the token unencrypted" in line_of(output, "read back")) == (1, True)


@pytest.mark.parametrize(
    "url",
    ["https://ion:hunter2@sentry.example", "http://localhost:x@sentry.example", "https://[bad"],
)
def test_an_address_that_is_none_is_not_repeated(
    generate: Generate, receiver: Receiver, sentry: SentryApi, url: str
) -> None:
    code, output = check(generate(), **token_of(sentry, receiver) | {"SENTRY_URL": url})
    told = line_of(output, "read back")
    assert (code, "is no address of a Sentry" in told) == (1, True)
    assert "hunter2" not in output


class _Page(BaseHTTPRequestHandler):
    """A web API that says what it was given to whatever it is asked."""

    said: bytes = b""
    pieces: int = 1

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        with suppress(ConnectionError):
            for _ in range(self.pieces):
                self.wfile.write(self.said)

    def log_message(self, format: str, *args: object) -> None:
        pass


PROJECT = b'{"id": "1", "groups": [{}], "eventID": "%s"}' % (b"0" * 32)


@pytest.mark.parametrize(
    ("said", "pieces", "about", "line"),
    mostly_slow(
        [
            (b"<html>", 1, "project", "no answer of Sentry's API"),
            (b"[" * 100_000, 1, "project", "no answer of Sentry's API"),
            (b"{}", 1, "project", "no answer of Sentry's API"),
            (b"[1]", 1, "project", "no answer of Sentry's API"),
            (b'{"id": "1"}', 1, "read back", "no answer of Sentry's API"),
            (PROJECT, 1, "read back", "no answer of Sentry's API"),
            (b" " * 65_536, 100_000, "project", "no answer in time"),
        ]
    ),
    ids=["page", "deep", "empty", "list", "no event", "another event", "endless"],
)
def test_a_200_of_something_else_is_not_enough(
    generate: Generate, receiver: Receiver, said: bytes, pieces: int, about: str, line: str
) -> None:
    page = type("Page", (_Page,), {"said": said, "pieces": pieces})
    with LoopbackServer(("127.0.0.1", 0), page) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        env = {"SENTRY_DSN": receiver.dsn, "SENTRY_URL": url, "SENTRY_AUTH_TOKEN": "secret"}
        code, output = check(generate(), **env)
        server.shutdown()
    told = line_of(output, about)
    assert (code, told.startswith("  NOT OK"), line in told) == (1, True, True), told
    assert "is SENTRY_URL right?" in told


@pytest.mark.parametrize(
    "figures",
    [
        {"by": {"outcome": "accepted"}, "totals": {}, "series": {}},
        used("error", "accepted", float("inf")),
    ],
)
def test_figures_that_cannot_be_read(
    generate: Generate, receiver: Receiver, sentry: SentryApi, figures: Json
) -> None:
    sentry.organization.usage = [figures]
    code, output = check(generate(), **token_of(sentry, receiver))
    assert (code, "no answer of Sentry's API" in line_of(output, "usage")) == (0, True)
    sentry.log.clear()  # that answer isn't of the schema
