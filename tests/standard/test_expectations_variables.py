"""The SDK's expectations of variables, and of values that can't be told: see expectations.py."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import sentry_sdk
from fastapi import FastAPI

from app.observability import SentrySettings, capture_error, install
from app.observability.testing import RecordingTransport

from .expectations import Row, Seen, Table

table = Table("variables")


@pytest.fixture
def seen(sentry_transport: RecordingTransport, sentry_settings: SentrySettings) -> Seen:
    app = FastAPI()
    install(app, sentry_settings)
    return Seen(app, sentry_transport)


def shown(seen: Seen, a: Any) -> Any:
    """Return what the event shows of a variable `a` of the frame that fails."""
    try:
        raise ZeroDivisionError
    except ZeroDivisionError as error:
        capture_error(error)
    return seen.events[-1]["exception"]["values"][-1]["stacktrace"]["frames"][-1]["vars"]["a"]


@table.met
def a_circle_in_a_variable_ends(seen: Seen) -> None:
    """A dictionary that contains itself is told up to a limit."""
    circle: dict[str, Any] = {"kept": 1}
    circle["itself"] = circle
    assert shown(seen, circle)["kept"] == "1"


@table.met
def a_deep_variable_ends(seen: Seen) -> None:
    """Of lists 100,000 deep the outer ones are told, the rest as text."""
    deep: list[Any] = ["a"]
    for _ in range(100_000):
        deep = [deep]
    told, depth = shown(seen, deep), 0
    while isinstance(told, list):
        [told], depth = told, depth + 1
    assert isinstance(told, str) and 3 <= depth <= 5
    while isinstance(deep[0], list):  # else freeing it may exhaust the stack
        deep = deep[0]


@table.met
def a_long_variable_ends(seen: Seen) -> None:
    """Of a million items the first are told; of a long text the beginning."""
    assert len(shown(seen, ["a"] * 1_000_000)) <= 21
    assert len(shown(seen, "A" * 10_240)) <= 1024
    assert all(len(json.dumps(event)) < 20_000 for event in seen.events)


@table.met
def a_broken_mapping_is_outlived(seen: Seen) -> None:
    """A mapping that raises whatever is asked of it loses neither event nor other variables."""

    class Broken(dict[str, int]):
        def _broken(self, *args: Any) -> Any:
            raise RuntimeError("broken")

        __getitem__ = __iter__ = __len__ = items = keys = __repr__ = _broken

    assert "Broken" in shown(seen, Broken())


@table.differs("iterating runs the team's code: what isn't a `dict` is told by its `repr`")
def a_mapping_that_captures_is_told(seen: Seen) -> None:
    """A mapping that reports an error while it is told is told, and that error, too."""

    class Curious(Mapping[str, str]):
        def __iter__(self) -> Iterator[str]:
            capture_error(KeyError("within"))
            yield "hi"

        def __len__(self) -> int:
            return 1

        def __getitem__(self, key: str) -> str:
            return "hi"

    assert "Curious" in shown(seen, Curious())
    assert len(seen.events) == 1


@table.met
def a_repr_that_captures_is_told(seen: Seen) -> None:
    """An object whose `repr` reports an error is told by that `repr`."""

    class Curious:
        def __repr__(self) -> str:
            capture_error(KeyError("within"))
            return "hi, i am a repr"

    assert shown(seen, Curious()) == "hi, i am a repr"
    assert len(seen.events) == 2


@table.met
def a_repr_that_changes_its_holder_is_outlived(seen: Seen) -> None:
    """A dictionary that changes while it is told loses no event."""

    class Meddling:
        def __repr__(self) -> str:
            holder["more"] = 1
            return "<this is me>"

    holder: dict[str, Any] = {"a": Meddling()}
    assert shown(seen, holder)


@table.met
def names_that_are_no_text_are_told(seen: Seen) -> None:
    """Keys that are no text become one."""
    assert shown(seen, {42: True}) == {"42": "True"}


@table.met
def not_a_number_is_told(seen: Seen) -> None:
    """NaN in variables, tags and contexts makes no invalid event."""
    sentry_sdk.set_tag("mynan", float("nan"))
    sentry_sdk.set_context("own", {"nan": float("nan"), "kept": 1})
    assert shown(seen, float("nan")) == "nan"
    assert seen.event["tags"]["mynan"] == "nan"
    assert seen.event["contexts"]["own"]["kept"] == 1
    json.dumps(seen.event, allow_nan=False)


@table.met
def bytes_as_a_message_are_told(seen: Seen) -> None:
    """A message that is no text, or no UTF-8, is an event."""
    sentry_sdk.capture_message("föö".encode("latin-1"))  # type: ignore[arg-type]
    assert seen.event["message"].startswith(("b'f", "f"))


@pytest.mark.parametrize("row", table.rows)
def test_expectation(seen: Seen, row: Row) -> None:
    row(seen)
