"""One walk over what an exception is made of, and what is remembered of its links."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from app.observability import capture_error, error_scope, spawn
from app.observability.errors import records as module
from app.observability.errors.chain import MAX_LINKS, PASSED_ON, TOLD, Link, Relation, walk
from app.observability.errors.records import PROCESS, Records, Report

Events = list[dict[str, Any]]
A = Report("a")


def caught(function: Callable[[], object]) -> BaseException:
    with pytest.raises(BaseException) as info:
        function()
    return info.value


def raised(error: BaseException) -> BaseException:
    def throw() -> None:
        raise error

    return caught(throw)


def instead() -> None:
    try:
        raise KeyError("inner")
    except KeyError:
        raise ValueError("outer")  # noqa: B904


def instead_of_something_deeper() -> None:
    try:
        raised_below()
    except KeyError:
        raise ValueError("outer")  # noqa: B904


def raised_below() -> None:
    raise KeyError("inner")


def during() -> None:
    try:
        raise KeyError("inner")
    except KeyError:
        clean_up()


def clean_up() -> None:
    raise ValueError("outer")


def during_c_code() -> None:
    try:
        raise KeyError("inner")
    except KeyError:
        int("x")


def during_and_raised_on() -> None:
    def raises_on() -> None:
        try:
            raise KeyError("inner")
        except KeyError:
            try:
                clean_up()
            except ValueError as error:
                raise error

    raises_on()


def caused() -> None:
    try:
        raise KeyError("inner")
    except KeyError as inner:
        raise ValueError("outer") from inner


def silenced() -> None:
    try:
        raise KeyError("inner")
    except KeyError:
        raise ValueError("outer") from None


@pytest.mark.parametrize(
    ("function", "relation", "source"),
    [
        (instead, Relation.INSTEAD, "__context__"),
        (instead_of_something_deeper, Relation.INSTEAD, "__context__"),
        (during, Relation.DURING, "__context__"),
        (during_c_code, Relation.DURING, "__context__"),
        (during_and_raised_on, Relation.DURING, "__context__"),
        (caused, Relation.CAUSE, "__cause__"),
    ],
)
def test_how_an_error_came_to_another(
    function: Callable[[], None], relation: Relation, source: str
) -> None:
    error = caught(function)
    first, second = walk(error)
    assert first == Link(error, Relation.ITSELF, 0, "")
    assert (second.relation, second.parent, second.source) == (relation, 0, source)


def test_a_context_that_never_was_raised_or_is_silenced_is_told_so() -> None:
    assert len(list(walk(caught(silenced)))) == 1
    error = ValueError()
    error.__context__ = KeyError()
    assert [link.relation for link in walk(error)] == [Relation.ITSELF, Relation.DURING]


def test_a_circle_ends() -> None:
    one, two = ValueError("1"), ValueError("2")
    one.__cause__, two.__cause__ = two, one
    group = ExceptionGroup("group", [one])
    two.__cause__ = group
    assert [link.error for link in walk(one)] == [one, two, group]


def test_what_is_part_of_it_twice_is_told_once() -> None:
    one = ValueError("1")
    group = ExceptionGroup("group", [one, ExceptionGroup("inner", [one]), one])
    group.__cause__ = one
    assert [link.error for link in walk(group)] == [group, one, group.exceptions[1]]


def test_how_it_came_stays_when_the_inner_one_is_raised_once_more() -> None:
    outer = caught(instead)
    assert outer.__context__
    raised(outer.__context__)
    assert [link.relation for link in walk(outer)] == [Relation.ITSELF, Relation.INSTEAD]


def test_no_more_is_walked_than_is_told() -> None:
    group = ExceptionGroup("many", [ValueError(n) for n in range(10 * MAX_LINKS)])
    links = list(walk(group))
    assert len(links) == MAX_LINKS
    assert {link.parent for link in links} == {0}
    deep: BaseException = ValueError()
    for _ in range(3):
        outer = ValueError()
        outer.__cause__ = deep
        deep = outer
    assert [link.parent for link in walk(deep)] == [0, 0, 1, 2]


def test_what_is_followed_is_said() -> None:
    group = ExceptionGroup("group", [ValueError()])
    group.__cause__ = KeyError()
    assert [link.relation for link in walk(group, PASSED_ON)] == [Relation.ITSELF, Relation.CAUSE]
    assert len(list(walk(group, TOLD))) == 3


def test_a_report_tells_of_causes_and_members_and_not_of_what_was_being_handled() -> None:
    records = Records()
    error, crash = caught(caused), caught(during)
    records.mark(error, A)
    records.mark(crash, A)
    assert error.__cause__ and crash.__context__
    assert records.find(error.__cause__) == A
    assert records.find(crash.__context__) is None


@pytest.mark.parametrize(
    ("function", "is_known"),
    [(instead, True), (caused, True), (during, False), (during_c_code, False)],
)
def test_what_only_passes_on_a_reported_error_is_no_news(
    function: Callable[[], None], is_known: bool
) -> None:
    records = Records()
    error = caught(function)
    inner = error.__cause__ or error.__context__
    assert inner
    records.mark(inner, A)
    assert records.find(error) == (A if is_known else None)


def test_a_group_is_known_when_all_its_members_are() -> None:
    records = Records()
    one, two = ValueError("1"), ValueError("2")
    records.mark(one, A)
    group = ExceptionGroup("group", [ExceptionGroup("nested", [one]), two])
    assert records.find(group) is None
    records.mark(two, Report("b"))
    assert records.find(group) == A


def test_a_group_whose_members_lead_back_to_it_ends() -> None:
    member = ValueError()
    group = ExceptionGroup("group", [member])
    member.__cause__ = group
    assert Records().find(group) is None


def test_what_was_judged_is_not_judged_again_for_another_cause() -> None:
    records = Records()
    known, news, passed_on = ValueError("known"), ValueError("news"), ValueError("passed on")
    records.mark(known, A)
    passed_on.__cause__ = known
    records.judge(passed_on)
    records.judge(news)
    news.__cause__ = known
    passed_on.__cause__ = None
    assert records.find(news) is None
    assert records.find(passed_on) == A


def test_an_event_stays_the_one_that_told_first() -> None:
    records = Records()
    error = ValueError()
    records.mark(error, A)
    records.mark(error, Report("b"))
    assert records.find(error) == A


def test_a_task_tells_whoever_awaits_it_and_nobody_else() -> None:
    PROCESS.forget()
    task, other, request = Records(PROCESS), Records(PROCESS), Records()
    error = raised(ValueError())
    group = BaseExceptionGroup("group", [error])
    task.mark(group, A)
    assert PROCESS.find(group) == PROCESS.find(error) == task.find(error) == A
    assert other.find(error) is None
    assert request.find(error) is None


def test_what_the_process_reports_meanwhile_is_known_in_a_request() -> None:
    PROCESS.forget()
    request, error = Records(), ValueError()
    PROCESS.mark(error, A)
    assert request.find(error) == A
    assert Records().find(error) is None


def test_records_are_bounded_and_the_oldest_go_first() -> None:
    records = Records()
    errors = [ValueError(n) for n in range(module._MOST + 1)]
    for error in errors:
        records.mark(error, A)
    assert records.find(errors[0]) is None
    assert records.find(errors[1]) == records.find(errors[-1]) == A


def test_what_is_marked_once_more_is_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("app.observability.errors.records.time.monotonic", lambda: now)
    records = Records(seconds=60)
    again, *others = [ValueError(n) for n in range(3)]
    records.mark(again, A)
    now = 1050.0
    for error in others:
        records.mark(error, A)
    now = 1061.0
    records.mark(again, Report("b"))
    now = 1111.0
    records.mark(ValueError(), A)
    assert records.find(again) == Report("b")
    assert [records.find(error) for error in others] == [None, None]


def test_the_process_forgets(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("app.observability.errors.records.time.monotonic", lambda: now)
    records, lasting = Records(seconds=60), Records()
    error = ValueError()
    records.mark(error, A)
    lasting.mark(error, A)
    now = 1060.0
    assert records.find(error) == A
    now = 1061.0
    assert records.find(error) is None
    assert lasting.find(error) == A


def test_what_is_forgotten_lets_go_of_its_frames() -> None:
    class Stubborn(Exception):
        def __setattr__(self, name: str, value: object) -> None:
            raise RuntimeError(name)

    records = Records()
    error, stubborn = caught(caused), raised(Stubborn())
    records.mark(stubborn, A)
    records.mark(error, A)
    records.forget()
    assert error.__traceback__ is None and error.__cause__ and error.__cause__.__traceback__ is None
    assert records.find(error) is None


def test_scopes_of_a_task_and_of_who_awaits_it_are_both_told(captured_events: Events) -> None:
    async def work() -> None:
        with error_scope(tags={"inner": "yes"}):
            raise ValueError

    async def main() -> None:
        task = asyncio.create_task(work())
        try:
            with error_scope(tags={"outer": "yes"}):
                await task
        except ValueError as error:
            capture_error(error)

    asyncio.run(main())
    assert {"inner": "yes", "outer": "yes"}.items() <= captured_events[0]["tags"].items()


def test_two_tasks_that_raise_the_same_object_are_two_failures(captured_events: Events) -> None:
    shared = RuntimeError("the same")

    async def work(name: str) -> None:
        with error_scope(user={"id": name}):
            raise shared

    async def main() -> None:
        await asyncio.wait([spawn(work("alice"), name="a")])
        await asyncio.wait([spawn(work("bob"), name="b")])

    asyncio.run(main())
    assert [event["user"]["id"] for event in captured_events] == ["alice", "bob"]
