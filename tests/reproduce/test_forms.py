"""The forms that an event comes in: files of three kinds, and Sentry's own API."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demo.sentry_api import SentryApi
from demo.sentry_events import told
from tests.monitoring.schema import schema, schema_errors
from tests.reproduce.conftest import Checkout
from tests.services import mostly_slow

Json = dict[str, Any]

# A body, a query, a chain, a log record: what the forms differ in.
NAMES = ["filtered_query"]
MORE = ["none_value", "chained", "logged_error", "answered_503", "task_group"]


@pytest.fixture
def sentry() -> Iterator[SentryApi]:
    """A Sentry that has the service's project."""
    with SentryApi() as sentry:
        sentry.scopes.add("event:read")
        sentry.organization.add_project("ion-mentoring", {"name": "ion-mentoring"})
        yield sentry


def variables(sentry: SentryApi) -> dict[str, str]:
    return {"SENTRY_URL": sentry.url, "SENTRY_AUTH_TOKEN": sentry.token}


@pytest.mark.parametrize(
    "name", [*NAMES, *(pytest.param(name, marks=pytest.mark.slow) for name in MORE)]
)
def test_an_event_as_the_api_tells_it(
    name: str, checkout: Checkout, events: dict[str, Path], tmp_path: Path
) -> None:
    file = tmp_path / "event.json"
    file.write_text(json.dumps(told(json.loads(events[name].read_text("utf-8")), 1)), "utf-8")
    ended = checkout.reproduce(file)
    assert (ended.code, ended.verdict) == (0, "REPRODUCED"), ended


@pytest.mark.slow
def test_an_event_as_the_page_downloads_it(
    checkout: Checkout, events: dict[str, Path], tmp_path: Path
) -> None:
    event = json.loads(events["filtered_query"].read_text("utf-8"))
    event["timestamp"] = 1796000000.5
    event["tags"] = [*map(list, event["tags"].items()), ["environment", event.pop("environment")]]
    query = event["request"]["query_string"]
    event["request"]["query_string"] = [part.split("=") for part in query.split("&")]
    event["request"]["headers"] = list(map(list, event["request"]["headers"].items()))
    file = tmp_path / "event.json"
    file.write_text(json.dumps(event), "utf-8")
    ended = checkout.reproduce(file)
    assert (ended.code, ended.verdict) == (0, "REPRODUCED"), ended
    assert " · production · " in ended.err


@pytest.mark.slow
def test_an_event_of_a_release_that_told_convertors(
    checkout: Checkout, events: dict[str, Path], tmp_path: Path
) -> None:
    event = json.loads(events["shared_pages"].read_text("utf-8"))
    assert event["transaction"] == "/shops/{shop}/passcodes/{number}/{file}"
    event["transaction"] = "/shops/{shop:int}/passcodes/{number:int}/{file:path}"
    file = tmp_path / "event.json"
    file.write_text(json.dumps(event), "utf-8")
    ended = checkout.reproduce(file)
    assert (ended.code, ended.verdict) == (0, "REPRODUCED"), ended


@pytest.mark.parametrize("with_length", mostly_slow([True, False]))
def test_the_first_event_of_an_envelope(
    with_length: bool, checkout: Checkout, events: dict[str, Path], tmp_path: Path
) -> None:
    event = json.dumps(json.loads(events["chained"].read_text("utf-8")))
    other = '{"event_id": "0"}'
    lines = ['{"event_id": "x"}']
    for kind, payload in (("session", "{}"), ("event", event), ("event", other)):
        header = {"type": kind} | ({"length": len(payload.encode())} if with_length else {})
        lines += [json.dumps(header), payload]
    file = tmp_path / "envelope"
    file.write_text("\n".join(lines) + "\n", "utf-8")
    assert checkout.reproduce(file).verdict == "REPRODUCED"


@pytest.mark.parametrize(
    "address",
    mostly_slow(
        ["{id}", "{url}/organizations/ion/issues/1/events/{id}/?project=1", "{url}/issues/1/"]
    ),
)
def test_an_event_that_sentry_has(
    address: str, checkout: Checkout, events: dict[str, Path], sentry: SentryApi
) -> None:
    event = json.loads(events["none_value"].read_text("utf-8"))
    sentry.organization.events = {event["event_id"]: event}
    what = address.format(id=event["event_id"], url=sentry.url)
    ended = checkout.reproduce(what, **variables(sentry))
    assert (ended.code, ended.verdict) == (0, "REPRODUCED"), ended
    assert [one.status for one in sentry.log] == [200]
    assert [line for one in sentry.log for line in schema_errors(one)] == []
    assert sentry.token not in ended.out + ended.err


def test_the_schema_was_checked() -> None:
    if schema() is None:
        pytest.skip("SENTRY_OPENAPI doesn't say where Sentry's API schema is")


def test_an_event_that_sentry_has_not(checkout: Checkout, sentry: SentryApi) -> None:
    ended = checkout.reproduce("0" * 32, **variables(sentry))
    assert ended.code == 3
    assert (
        ended.verdict == f"UNUSABLE: There is no such event in ion/ion-mentoring at {sentry.url}."
    )


def test_the_token_goes_nowhere_else(checkout: Checkout, sentry: SentryApi) -> None:
    for what, said in (
        ("https://sentry.example/issues/1/", "is not at 127.0.0.1"),
        ("https://[x/issues/1/", "is no address: Invalid IPv6 URL."),
    ):
        ended = checkout.reproduce(what, **variables(sentry))
        assert ended.code == 3 and said in ended.verdict
    assert sentry.log == []


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("https://de.sentry.io", "https://acme.sentry.io/issues/4711/"),
        ("https://sentry.io", "https://acme.sentry.io/issues/4711/"),
        ("https://acme.sentry.io", "https://sentry.io/organizations/acme/issues/4711/"),
    ],
)
def test_the_pages_of_all_regions_are_at_one_site(url: str, what: str, checkout: Checkout) -> None:
    # What is asked next is Sentry itself: by a proxy that isn't there.
    env = {"SENTRY_URL": url, "SENTRY_AUTH_TOKEN": "x", "HTTPS_PROXY": "foo://x"}
    ended = checkout.reproduce(what, **env)
    assert ended.code == 4 and "way to Sentry can't be used" in ended.verdict


def test_no_token_and_a_wrong_one(checkout: Checkout, sentry: SentryApi) -> None:
    missing = checkout.reproduce("0" * 32, SENTRY_URL=sentry.url)
    assert missing.code == 4 and "SENTRY_AUTH_TOKEN is missing" in missing.verdict
    assert "with project:read and event:read, and export" in missing.verdict
    wrong = checkout.reproduce("0" * 32, SENTRY_URL=sentry.url, SENTRY_AUTH_TOKEN="wrong")
    assert wrong.code == 10 and "not valid here (401)" in wrong.verdict
    sentry.scopes.clear()
    forbidden = checkout.reproduce(f"{sentry.url}/issues/1/", **variables(sentry))
    assert forbidden.code == 11 and "event:read" in forbidden.verdict
