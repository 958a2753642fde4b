"""What is known of the exceptions of one request, task or process.

An error is reported once, however often it is logged, captured and raised again, and it carries
what the scopes knew that it left. Both are kept here and not on the exception: that may be raised
again in another person's request, or be pickled.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import takewhile
from operator import is_
from typing import TYPE_CHECKING, Final, NamedTuple

from .chain import PASSED_ON, TOLD, walk

if TYPE_CHECKING:
    from .scopes import Entered

_MOST: Final = 200
LASTING: Final = 50  # of what may last as long as the process: an exception holds its frames


class Report(NamedTuple):
    """An error that was reported, or held back: then it has no `event_id`."""

    event_id: str | None


@dataclass
class _Record:
    error: BaseException  # held, so that no other object gets its id
    at: float
    by: "Records"
    report: Report | None = None
    is_new: bool = False  # judged: whatever it is said to be caused by later
    scopes: "list[Entered]" = field(default_factory=list)
    task: "asyncio.Task[object] | None" = None


class Records:
    """The newest records of a request or a task, or for some `seconds` those of the process.

    What is reported is told to the `parent`, too, for whoever awaits a task.
    """

    def __init__(
        self, parent: "Records | None" = None, seconds: float | None = None, most: int = _MOST
    ) -> None:
        self._parent = parent
        self._seconds = seconds
        self._most = most
        self._began = time.monotonic()
        self._records: dict[int, _Record] = {}

    def find(self, error: BaseException) -> Report | None:
        """Return the report that told of `error`, or of the error that it only passes on."""
        return self._find(error, {})

    def _find(self, error: BaseException, found: dict[int, Report | None]) -> Report | None:
        """`found` has the members of groups that were asked for: they may be shared."""
        if id(error) in found or len(found) == _MOST:
            return found.get(id(error))
        found[id(error)] = None  # where it leads back to itself
        for link in walk(error, PASSED_ON):
            record = self._known(link.error)
            if record and (record.report or record.is_new):
                found[id(error)] = record.report
                break
            if isinstance(link.error, BaseExceptionGroup):
                members = link.error.exceptions
                found[id(error)] = self._find_same(members) or self._find_all(members, found)
                break
        return found[id(error)]

    def _find_same(self, members: Sequence[BaseException]) -> Report | None:
        """`except*` raises another group of the same members, which may be more than are kept."""
        for record in list(self._records.values()):
            if record.report and isinstance(record.error, BaseExceptionGroup):
                told = record.error.exceptions
                if len(told) == len(members) and all(map(is_, told, members)):
                    return record.report
        return None

    def _find_all(
        self, members: Sequence[BaseException], found: dict[int, Report | None]
    ) -> Report | None:
        if len(members) > _MOST:
            return None
        reports = [*takewhile(bool, (self._find(member, found) for member in members))]
        return reports[0] if len(reports) == len(members) else None

    def mark(self, error: BaseException, report: Report) -> None:
        """Remember that `error`, and all that its event tells of, has been reported.

        Members that an event has no room for, too: `except*` makes another group of them.
        """
        for link in reversed([*walk(error, TOLD, self._most)]):  # `error` is what is dropped last
            record = self._of(link.error)
            record.report = record.report or report
            record.scopes = []
        if self._parent:
            self._parent._mark_for(self, error, report)
        _ANYWHERE._of(error)

    def judge(self, error: BaseException) -> None:
        """Settle now whether `error` is news: a middleware may give it another cause later."""
        if report := self.find(error):
            self.mark(error, report)
        else:
            self._of(error).is_new = True

    def leave(self, error: BaseException, scope: "Entered") -> None:
        """Remember that `error` was raised out of `scope`."""
        record = self._of(error)
        task = _current_task()
        # An exception may be raised again, for somebody else, by code that swallowed it before.
        if record.scopes and record.task is task and not record.scopes[-1].is_inside(scope):
            record.scopes = []
        record.scopes.append(scope)
        record.task = task

    def scopes_of(self, error: BaseException) -> "list[Entered]":
        """Return the scopes that `error`, and what it is made of, were raised out of."""
        known = [self._known(link.error) for link in walk(error)]
        return [scope for record in known if record for scope in record.scopes]

    def forget(self) -> None:
        """Let go of the exceptions, and them of their frames.

        One that is raised again would show the next person's event the variables of this one's
        frames: Python adds to its traceback (Starlette clears those that it handles as well).
        """
        for record in list(self._records.values()):
            for link in walk(record.error):
                with suppress(Exception):  # a class may forbid it
                    link.error.__traceback__ = None
        self._records.clear()

    def _mark_for(self, by: "Records", error: BaseException, report: Report) -> None:
        for link in reversed([*walk(error, TOLD, self._most)]):
            record = self._of(link.error)
            record.report, record.by = report, by

    def _known(self, error: BaseException) -> _Record | None:
        if own := self._get(error):
            return own
        shared = PROCESS._get(error)
        # What a task reported isn't what another one did with the same exception object, and what
        # failed before this began is no report of it; what its threads report is.
        is_ours = shared and shared.by is PROCESS and shared.at >= self._began
        return shared if is_ours else None

    def _get(self, error: BaseException) -> _Record | None:
        record = self._records.get(id(error))
        return None if record is None or self._is_old(record) else record

    def _of(self, error: BaseException) -> _Record:
        record = self._get(error)
        if record is None:
            record = _Record(error, time.monotonic(), self)
            self._records.pop(id(error), None)  # the newest are the last
            self._records[id(error)] = record
            self._drop()
        return record

    def _drop(self) -> None:
        with suppress(KeyError, RuntimeError, StopIteration):  # another thread is dropping, too
            oldest = next(iter(self._records.values()))
            while len(self._records) > self._most or self._is_old(oldest):
                del self._records[id(oldest.error)]
                oldest = next(iter(self._records.values()))

    def _is_old(self, record: _Record) -> bool:
        return self._seconds is not None and time.monotonic() - record.at > self._seconds


def is_told_anywhere(error: BaseException) -> bool:
    """Tell whether any request, task or thread has reported this very exception of late.

    asyncio asks: it tells of a lost task when nothing says any more whose it was.
    """
    return _ANYWHERE._get(error) is not None


def _current_task() -> "asyncio.Task[object] | None":
    try:
        return asyncio.current_task()
    except RuntimeError:  # no loop in this thread
        return None


PROCESS: Final = Records(seconds=60.0, most=LASTING)
_ANYWHERE: Final = Records(seconds=60.0, most=LASTING)
current_records: Final[ContextVar[Records]] = ContextVar("current_records", default=PROCESS)
