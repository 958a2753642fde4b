"""Which frames an event tells of, and what it shows of each."""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

from app.observability import capture_error

from .failing_app import Nameless

Events = list[dict[str, Any]]
PLACE = __file__.replace("test_frames", "made_up")


class Loader:
    """Has the source of a module that is no file."""

    def __init__(self, source: str) -> None:
        self.source = source

    def get_source(self, name: str) -> str:
        return self.source


def run(lines: list[str], *, name: object = "made_up", place: str = PLACE) -> Exception:
    """Run a module of these lines, each place once: Python remembers the source."""
    source = "\n".join(lines) + "\n"
    module = {"__name__": name, "__loader__": Loader(source)}
    with pytest.raises(Exception) as caught:
        exec(compile(source, place, "exec"), module)
    return caught.value


def test_what_is_made_at_run_time_is_nobodys_own(captured_events: Events) -> None:
    [made] = frames(run(["1 / 0"], place="<made up>"), captured_events)[-1:]
    assert (made["filename"], made["in_app"]) == ("<made up>", False)
    assert "context_line" not in made


def frames(error: BaseException, events: Events) -> list[dict[str, Any]]:
    capture_error(error)
    found: list[dict[str, Any]] = events[-1]["exception"]["values"][-1]["stacktrace"]["frames"]
    return found


def raised(function: Callable[[], object]) -> BaseException:
    with pytest.raises(Exception) as caught:
        function()
    return caught.value


def test_a_frame_says_where_it_is(captured_events: Events) -> None:
    def fails() -> None:
        raise ValueError

    *_, last = frames(raised(fails), captured_events)
    assert last["filename"] == "tests/standard/test_frames.py"
    assert last["lineno"] == fails.__code__.co_firstlineno + 1
    assert (last["function"], last["module"]) == ("fails", __name__)
    assert last["in_app"] is True


def test_five_lines_are_shown_before_and_after(captured_events: Events) -> None:
    lines = [f"line = {number}" for number in range(1, 20)]
    lines[9] = "raise ValueError"
    *_, last = frames(run(lines, place=f"{PLACE}5"), captured_events)
    assert last["pre_context"] == lines[4:9]
    assert last["context_line"] == "raise ValueError"
    assert last["post_context"] == lines[10:15]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_lines_of_a_short_file_are_all_shown(captured_events: Events, number: int) -> None:
    lines = ["line = 1", "line = 2", "line = 3"]
    lines[number - 1] = "raise ValueError"
    *_, last = frames(run(lines, place=f"{PLACE}{number}of3"), captured_events)
    assert last["lineno"] == number
    assert last["pre_context"] == lines[: number - 1]
    assert last["context_line"] == "raise ValueError"
    assert last["post_context"] == lines[number:]


def test_lines_keep_their_indentation_and_are_short(captured_events: Events) -> None:
    long = "x" * 600
    lines = [
        "if True:",
        f"    a = '{long}'",
        f"    raise ValueError  # {long}",
        f"    b = '{long}'",
    ]
    *_, last = frames(run(lines, place=f"{PLACE}long"), captured_events)
    shown = [last["pre_context"][-1], last["context_line"], last["post_context"][0]]
    assert shown == [f"{line[:511]}…" for line in lines[1:]]


def test_twenty_frames_have_source_and_variables(captured_events: Events) -> None:
    def deeper(left: int) -> None:
        if not left:
            raise ValueError
        deeper(left - 1)

    found = frames(raised(lambda: deeper(30)), captured_events)
    detailed = ["vars" in frame and "context_line" in frame for frame in found]
    assert detailed == [False] * (len(found) - 20) + [True] * 20


def test_a_module_without_a_name_has_none(captured_events: Events) -> None:
    error = run(["raise ValueError"], name=7, place=f"{PLACE}nameless")
    assert frames(error, captured_events)[-1].get("module") is None


def test_what_the_services_code_calls_is_told_whoever_wrote_it(captured_events: Events) -> None:
    def cleans_up() -> None:
        with ExitStack() as stack:
            stack.callback(json.loads, "no json")

    found = frames(raised(cleans_up), captured_events)
    modules = [frame["module"].partition(".")[0] for frame in found]
    own = max(place for place, frame in enumerate(found) if frame["in_app"])
    assert found[own]["function"] == "cleans_up"
    assert set(modules[own + 1 :]) == {"contextlib", "json"}


def test_without_own_frames_those_of_a_library_are_told(captured_events: Events) -> None:
    async def main() -> BaseException | None:
        task = asyncio.create_task(asyncio.to_thread(json.loads, "no json"))
        await asyncio.wait([task])
        return task.exception()

    error = asyncio.run(main())
    assert error
    modules = [frame["module"] for frame in frames(error, captured_events)]
    assert modules[-1] == "json.decoder"
    assert not [module for module in modules if module.startswith("asyncio")]


def test_a_thread_of_a_library_is_told_by_its_frames(captured_events: Events) -> None:
    with ThreadPoolExecutor(1) as pool:
        error = pool.submit(json.loads, "no json").exception()
    assert error
    assert [frame["in_app"] for frame in frames(error, captured_events)][-3:] == [False] * 3


@pytest.mark.parametrize("raised", [RuntimeError, asyncio.CancelledError])
def test_frames_that_cannot_be_told_leave_type_text_and_how_it_came(
    captured_events: Events, raised: type[BaseException]
) -> None:
    class Sourceless:
        def get_source(self, name: str) -> str:
            raise raised("no source")

    module = {"__name__": "evil", "__loader__": Sourceless()}
    with pytest.raises(ValueError) as caught:
        exec(compile("raise ValueError('told')", f"{PLACE}{raised.__name__}", "exec"), module)
    capture_error(caught.value)
    [value] = captured_events[0]["exception"]["values"]
    assert value["type"] == "ValueError"
    assert value["value"] == "told\n(its frames can't be told: no source)"
    assert value["mechanism"] == {"type": "ion", "handled": True}


def test_an_exception_says_its_module_whatever_its_class_says(captured_events: Events) -> None:
    capture_error(Nameless())
    [value] = captured_events[0]["exception"]["values"]
    assert value["module"] == "tests.standard.failing_app"
