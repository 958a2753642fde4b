"""What log calls, telemetry and parts of an unexpected form say: scrubbed, and else as it was."""

from typing import Any

import pytest

from app.observability.scrubbing import FILTERED, Scrubber


def event(**parts: Any) -> Any:
    return Scrubber().payload("event", parts)


def telemetry(kind: str, item: Any) -> Any:
    return Scrubber().payload(kind, {"items": [item]})["items"][0]


# --- Log calls ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("template", "params", "left", "formatted"),
    [
        ("pin of %s", ["zebra"], [FILTERED], "pin of [Filtered]"),
        ("set {a, b}, pin of %s", ["zebra"], [FILTERED], "set {a, b}, pin of [Filtered]"),
        ("100%% {} %s, pin of %s", ["a", "zebra"], ["a", FILTERED], "100% {} a, pin of [Filtered]"),
        ("pin of {} %s", ["zebra"], [FILTERED], None),
        ("pin of %(it)s", {"it": "zebra", "a": 1}, {"it": FILTERED, "a": 1}, "pin of [Filtered]"),
        ("pin of %s", {"it": "b"}, {"it": "b"}, None),  # do not fit
    ],
)
def test_arguments_that_the_template_calls_secret(
    template: str, params: Any, left: Any, formatted: str | None
) -> None:
    entry = event(logentry={"message": template, "params": params})["logentry"]
    assert entry["params"] == left
    assert formatted is None or entry["formatted"] == formatted


def test_a_record_whose_arguments_do_not_fit_keeps_its_body() -> None:
    attributes = {
        "sentry.message.template": {"value": "pin of %s and %s", "type": "string"},
        "sentry.message.parameter.0": {"value": "zebra", "type": "string"},
    }
    log = telemetry("log", {"body": "pin of somebody", "attributes": attributes})
    assert log["body"] == "pin of somebody"
    assert log["attributes"]["sentry.message.parameter.0"]["value"] == FILTERED


# --- Telemetry ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("route", "path", "left"),
    [
        ("/reset/{token}", "/reset/1234", "/reset/[Filtered]"),
        ("/api/reset/{token}/{page}", "/api/reset/x/7", "/api/reset/[Filtered]/7"),
        ("/mentors/{id}", "/mentors/7", "/mentors/7"),
        ("/files/{name:path}/{password}", "/files/a", "/files/a"),
        ("/reset/{token}", "/reset/12/34/56", "/reset/[Filtered]"),
        ("/reset", "/reset", "/reset"),
    ],
)
def test_a_path_shows_no_parameter_that_its_route_calls_secret(
    route: str, path: str, left: str
) -> None:
    attributes = {
        name: {"value": value} for name, value in (("url.path", path), ("http.route", route))
    }
    span = telemetry("span", {"name": route, "attributes": attributes})
    assert span["attributes"]["url.path"]["value"] == left
    assert span["name"] == span["attributes"]["http.route"]["value"] == route


@pytest.mark.parametrize(("op", "left"), [("db", "name = %s"), ("function", "name = 'Kim'")])
def test_a_span_of_a_database_is_named_without_values(op: str, left: str) -> None:
    span = {"name": "name = 'Kim'", "attributes": {"sentry.op": {"value": op, "type": "string"}}}
    assert telemetry("span", span)["name"] == left


def test_a_list_that_loses_a_secret_is_a_list_still() -> None:
    attribute = {"value": ["a", "token=hunter2"], "type": "array"}
    left = telemetry("span", {"attributes": {"list": attribute}})["attributes"]
    assert left["list"] == {"value": ["a", "token=[Filtered]"], "type": "array"}


@pytest.mark.parametrize("kind", ["log", "trace_metric", "span"])
def test_what_has_another_form_than_expected_is_scrubbed_as_data(kind: str) -> None:
    assert telemetry(kind, "a token=hunter2") == "a token=[Filtered]"
    attributes = telemetry(kind, {"attributes": ["a", "token=hunter2"]})["attributes"]
    assert attributes == ["a", "token=[Filtered]"]


@pytest.mark.parametrize("part", ["logentry", "user", "request"])
def test_a_part_of_another_form_is_scrubbed_as_data(part: str) -> None:
    assert event(**{part: "a token=hunter2"})[part] == "a token=[Filtered]"


def test_a_frame_of_another_form_is_scrubbed_as_data() -> None:
    left = event(stacktrace={"frames": ["a token=hunter2"]})
    assert left["stacktrace"]["frames"] == ["a token=[Filtered]"]


def test_a_trace_keeps_ids_that_look_like_cards() -> None:
    header = {"trace_id": 2 * "4111111111111111", "org_id": "4111111111111111"}
    assert Scrubber().trace(header) == header


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"a \xff token=hunter2", "a \ufffd token=[Filtered]".encode()),
        (b'{"token": "hunter2", "a": "\\ud800"}', b'{"token": "[Filtered]", "a": "?"}'),
    ],
)
def test_attachments_that_are_no_proper_text(before: bytes, after: bytes) -> None:
    assert Scrubber().attachment(before, "text/plain") == after
