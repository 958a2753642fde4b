"""An error is reported once, however often it is logged, captured and raised again.

A report leaves its mark on the exception. Exceptions may be singletons that are raised again and
again, so a mark counts in the request that it was made in, and outside of requests for a minute.
"""

import time
from traceback import walk_tb
from typing import Final, NamedTuple

from .request import current_request
from .severity import everything_in

_MARK: Final = "__ion_report__"
_SECONDS: Final = 60.0
_NOWHERE: Final = 0  # outside of requests


class Report(NamedTuple):
    """What is known of an error that was reported, or held back: then it has no `event_id`."""

    event_id: str | None
    request: int
    at: float


def mark(error: BaseException, event_id: str | None) -> None:
    """Remember that `error`, and all that it is made of, has been reported."""
    report = Report(event_id, _here(), time.monotonic())
    for part in everything_in(error):
        if not _fresh(part):
            part.__dict__[_MARK] = report


def report_of(error: BaseException) -> Report | None:
    """Return the report that told of `error`, or of the error that it only passes on."""
    request = current_request.get()
    link: BaseException | None = error
    seen: set[int] = set()
    while link is not None and id(link) not in seen:
        if report := _fresh(link):
            return report
        if request and link is request.error:
            return None  # judged before a middleware gave it another cause
        if isinstance(link, BaseExceptionGroup):
            reports = [report_of(member) for member in link.exceptions]
            return reports[0] if all(reports) else None
        seen.add(id(link))
        link = link.__cause__ or _raised_while_handling(link)
    return None


def _fresh(error: BaseException) -> Report | None:
    report: Report | None = error.__dict__.get(_MARK)
    if report is None or time.monotonic() - report.at > _SECONDS:
        return None
    return report if report.request in (_here(), _NOWHERE) else None


def _here() -> int:
    request = current_request.get()
    return request.serial if request else _NOWHERE


def _raised_while_handling(error: BaseException) -> BaseException | None:
    """Return A in `except A: raise B()`, but not where a clean-up in there failed by itself."""
    context = None if error.__suppress_context__ else error.__context__
    if context is None:
        return None
    raised_in = [frame for frame, _ in walk_tb(error.__traceback__)][-1:]
    caught_in = [frame for frame, _ in walk_tb(context.__traceback__)]
    return context if any(frame in caught_in for frame in raised_in) else None
