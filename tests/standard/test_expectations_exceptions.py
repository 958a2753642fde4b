"""The SDK's expectations of exceptions, their chains and frames: see expectations.py."""

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI

from app.observability import SentrySettings, capture_error, install
from app.observability.testing import RecordingTransport

from .expectations import Row, Seen, Table

table = Table("exceptions")


@pytest.fixture
def seen(sentry_transport: RecordingTransport, sentry_settings: SentrySettings) -> Seen:
    app = FastAPI()
    install(app, sentry_settings)
    return Seen(app, sentry_transport)


def types(seen: Seen) -> list[str]:
    return [value["type"] for value in seen.event["exception"]["values"]]


@table.met
def a_type_has_its_module(seen: Seen) -> None:
    """An exception is told with type, module and text; one of Python itself has no module."""

    class OwnError(Exception):
        pass

    capture_error(OwnError("text"))
    [value] = seen.event["exception"]["values"]
    assert value["type"].endswith("OwnError")
    assert (value["module"], value["value"]) == (__name__, "text")


@table.met
def what_was_handled_comes_first(seen: Seen) -> None:
    """An exception raised while another is handled follows it in the event."""
    try:
        try:
            raise ValueError
        except ValueError:
            1 / 0  # noqa: B018
    except ZeroDivisionError as error:
        capture_error(error)
    first, second = seen.event["exception"]["values"]
    assert (first["type"], second["type"]) == ("ValueError", "ZeroDivisionError")
    assert first["mechanism"]["source"] == "__context__"


@table.met
def a_cause_comes_first(seen: Seen) -> None:
    """`raise … from …` tells the cause, as that, before what was made of it."""
    try:
        raise TypeError("made of it") from ValueError("cause")
    except TypeError as error:
        capture_error(error)
    first, second = seen.event["exception"]["values"]
    assert (first["value"], second["value"]) == ("cause", "made of it")
    assert first["mechanism"]["type"] == "chained"
    assert first["mechanism"]["source"] == "__cause__"
    assert first["mechanism"]["parent_id"] == second["mechanism"]["exception_id"]


@table.met
def an_exception_alone_has_no_parent(seen: Seen) -> None:
    """A single exception's mechanism names neither parent nor source."""
    capture_error(ValueError())
    [value] = seen.event["exception"]["values"]
    assert value["mechanism"].keys().isdisjoint({"parent_id", "source", "is_exception_group"})


@table.met
def a_group_says_so(seen: Seen) -> None:
    """A group is marked as one, its members are not; it stands last in the event."""
    capture_error(ExceptionGroup("all", [RuntimeError("something")]))
    member, group = seen.event["exception"]["values"]
    assert group["mechanism"]["is_exception_group"] is True
    assert "is_exception_group" not in member["mechanism"]


@table.met
def causes_of_members_are_told(seen: Seen) -> None:
    """A member's own cause hangs at the member, not at the group."""
    member = ValueError("member")
    member.__cause__ = ImportError("its cause")
    capture_error(ExceptionGroup("all", [member]))
    values = {value["value"].partition(" (")[0]: value["mechanism"] for value in _values(seen)}
    assert values["its cause"]["parent_id"] == values["member"]["exception_id"]


@table.met
def a_member_raised_again_makes_no_circle(seen: Seen) -> None:
    """A member whose context is its group, as Starlette's middlewares make it, ends."""
    group = ExceptionGroup("nested", [ValueError(654)])
    try:
        raise group
    except ExceptionGroup as caught:
        try:
            raise caught.exceptions[0]
        except ValueError as member:
            assert member.__context__ is group
    capture_error(group)
    assert types(seen) == ["ValueError", "ExceptionGroup"]


@table.met
def a_cause_that_is_the_group_makes_no_circle(seen: Seen) -> None:
    """Causes that lead back to the group end, over several groups, too."""
    inner, outer = TypeError("inner"), ValueError("outer")
    group = ExceptionGroup("outer group", [outer])
    outer.__cause__ = ExceptionGroup("inner group", [inner])
    inner.__cause__ = group
    capture_error(group)
    assert sorted(types(seen)) == ["ExceptionGroup", "ExceptionGroup", "TypeError", "ValueError"]


@table.met
def broken_notes_are_outlived(seen: Seen) -> None:
    """A note that can't be written loses neither the others nor the event."""

    class Broken:
        def __str__(self) -> str:
            raise TypeError

    error = ValueError("aha!")
    error.add_note("note 1")
    error.__notes__.append(Broken())  # type: ignore[arg-type]
    error.add_note("note 3")
    capture_error(error)
    first, second, _, last = _values(seen)[0]["value"].split("\n")
    assert (first, second, last) == ("aha!", "note 1", "note 3")


@table.differs("the number is in the text of every OSError; nobody looks for it in `meta`")
def errno_is_told(seen: Seen) -> None:
    """`errno` of an exception is in its mechanism's `meta`."""
    capture_error(OSError(28, "No space left on device"))
    [value] = _values(seen)
    assert value["value"] == "[Errno 28] No space left on device"
    assert "meta" not in value["mechanism"]


@table.met
def frames_have_functions_and_source(seen: Seen) -> None:
    """Frames of the service have function, module, line, source and what stands around it."""

    def outer() -> None:
        inner()

    def inner() -> None:
        raise ValueError

    _captured(outer)
    frames = _values(seen)[0]["stacktrace"]["frames"]
    assert [frame["function"] for frame in frames[-2:]] == ["outer", "inner"]
    assert frames[-1]["module"] == __name__
    assert frames[-1]["context_line"].strip() == "raise ValueError"
    assert frames[-1]["pre_context"] and frames[-1]["post_context"]
    assert frames[-1]["in_app"] is True


@table.differs("the framework's source and variables are most of the cost, and most of the leaks")
def every_frame_has_variables(seen: Seen) -> None:
    """Every frame has its variables, a library's, too."""
    _captured(lambda: json.loads("{"))
    frames = _values(seen)[0]["stacktrace"]["frames"]
    library = [frame for frame in frames if not frame["in_app"]]
    assert library and all("vars" not in frame for frame in library)
    assert all("vars" in frame for frame in frames if frame["in_app"])


@table.differs("the first and last hundred frames say what recursed")
def a_deep_stack_is_left_out(seen: Seen) -> None:
    """A stack of 100,000 frames is left out with a remark, and the event arrives."""

    def recurse() -> None:
        recurse()

    before = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        _captured(recurse)
    finally:
        sys.setrecursionlimit(before)
    frames = _values(seen)[0]["stacktrace"]["frames"]
    assert len(frames) <= 100 and frames[-1]["function"] == "recurse"


@table.met
def a_group_is_a_tree(seen: Seen) -> None:
    """A group's members tell their parent and their place, and causes theirs."""
    group = ExceptionGroup("nested", [ValueError(1), ExceptionGroup("in", [TypeError(2)])])
    capture_error(group)
    told = {
        value["mechanism"]["exception_id"]: (
            value["type"],
            value["mechanism"].get("parent_id"),
            value["mechanism"].get("source"),
        )
        for value in seen.event["exception"]["values"]
    }
    assert told == {
        0: ("ExceptionGroup", None, None),
        1: ("ValueError", 0, "exceptions[0]"),
        2: ("ExceptionGroup", 0, "exceptions[1]"),
        3: ("TypeError", 2, "exceptions[0]"),
    }


@table.met
def a_suppressed_context_is_not_told(seen: Seen) -> None:
    """`raise … from None` hides what was handled."""
    try:
        try:
            raise KeyError("hidden")
        except KeyError:
            raise ValueError("told") from None
    except ValueError as error:
        capture_error(error)
    assert [value["type"] for value in seen.event["exception"]["values"]] == ["ValueError"]


@table.met
def notes_are_told(seen: Seen) -> None:
    """What `add_note` added is part of the exception's text."""
    error = ValueError("aha!")
    error.add_note("Test 123")
    capture_error(error)
    assert seen.event["exception"]["values"][0]["value"] == "aha!\nTest 123"


def _captured(function: Callable[[], Any]) -> None:
    try:
        function()
    except Exception as error:
        capture_error(error)


def _values(seen: Seen) -> list[dict[str, Any]]:
    values: list[dict[str, Any]] = seen.event["exception"]["values"]
    return values


@pytest.mark.parametrize("row", table.rows)
def test_expectation(seen: Seen, row: Row) -> None:
    row(seen)
