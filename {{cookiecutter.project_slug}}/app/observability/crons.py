"""Scheduled jobs that Sentry waits for: `cron` checks in as they start, and as they end.

Sentry makes a monitor of the first check-in, keeps it as the code says, and tells of a job that did
not start, did not end, or failed. The scheduler that starts them is yours.
"""

import os
import re
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, wraps
from inspect import isasyncgenfunction, iscoroutine, iscoroutinefunction, isgeneratorfunction
from typing import Any, Final, TypeVar
from uuid import uuid4
from zoneinfo import available_timezones

import sentry_sdk
from cronsim import CronSim, CronSimError

from .errors.capture import report
from .errors.records import PROCESS, Records, current_records
from .request.current import current_request
from .sdk.names import Envelope, Item, PayloadRef
from .sdk.scopes import Scopes, scopes_here, use_scopes
from .sdk.spans import new_trace, trace_here

_zones: Final = cache(available_timezones)  # which reads a file for each
F = TypeVar("F", bound=Callable[..., Any])

# As Sentry has them: `MAX_MARGIN`, `MAX_TIMEOUT` and `NONSTANDARD_CRONTAB_SCHEDULES` in its
# monitors/constants.py and monitors/validators.py; the slug's length is Relay's.
_MOST_MINUTES: Final = 40_320
_BY_NAME: Final = {"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@hourly"}
_SLUG: Final = re.compile(r"(?![0-9]+$)[a-z0-9_-]{1,50}")
# Files in the folder of the tz database that say where this machine is, which Sentry can't know.
_NO_ZONES: Final = {"localtime", "Factory"}

Around = tuple[Records, Scopes]  # what code runs in


@dataclass(eq=False)
class _Run:
    outside: Around
    inside: Around
    said: dict[str, Any]  # in both check-ins
    process: int = field(default_factory=os.getpid)
    started: float = field(default_factory=time.monotonic)


_open: ContextVar[tuple[_Run, ...]] = ContextVar("open_crons", default=())


@dataclass(frozen=True)
class Cron:
    """A scheduled job, as a decorator and a context manager. Made by `cron`."""

    slug: str
    config: dict[str, Any]  # Sentry's `monitor_config`
    _runs: list[_Run] = field(default_factory=list, init=False, repr=False, compare=False)

    def __call__(self, job: F) -> F:
        """Return `job`, which checks in whenever it runs; each run by itself.

        Raises:
            TypeError: for a generator, which has not run when it was called: use `with` in it.
        """
        if isgeneratorfunction(job) or isasyncgenfunction(job):
            raise TypeError(f"{job.__qualname__} is a generator: use `with cron(…)` inside of it")
        if iscoroutinefunction(job) or iscoroutinefunction(type(job).__call__):

            @wraps(job)
            async def run_async(*args: Any, **kwargs: Any) -> Any:
                with self:
                    return await job(*args, **kwargs)

            return run_async  # type: ignore[return-value]

        @wraps(job)
        def run(*args: Any, **kwargs: Any) -> Any:
            with self:
                result = job(*args, **kwargs)
                if iscoroutine(result):
                    result.close()
                    raise TypeError(f"{self.slug}: what is decorated gave a coroutine, unrun")
                return result

        return run  # type: ignore[return-value]

    def __enter__(self) -> None:
        outside = records, scopes = _here()
        isolation, current = (scope.fork() for scope in scopes)
        own = Records(parent=PROCESS) if records is PROCESS else records
        _be(inside := (own, (isolation, current)))
        isolation.set_tag("cron", self.slug)
        if current_request.get() is None:
            new_trace(isolation)
        trace = {"trace_id": trace_here().trace_id}
        run = _Run(outside, inside, {"check_in_id": uuid4().hex, "contexts": {"trace": trace}})
        self._runs.append(run)
        _open.set((*_open.get(), run))
        self._check_in({**run.said, "status": "in_progress"})

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: object
    ) -> None:
        # Around the `yield` of a generator others may be entered and left in between; and of one
        # that isn't async each step may run in a context of its own.
        run = [*self._runs[-1:], *(run for run in _open.get() if run in self._runs)][-1]
        self._runs.remove(run)
        # Asked of the class: an object of a team's own may raise whatever it is asked.
        if error is not None and kind and issubclass(kind, Exception):
            here = _here()
            _be(run.inside)
            report(error, handled=False)
            _be(here)
        is_ok = kind is None or (issubclass(kind, SystemExit) and not getattr(error, "code", None))
        if os.getpid() == run.process:  # and no child that the job forked
            took = {
                "status": "ok" if is_ok else "error",
                "duration": time.monotonic() - run.started,
            }
            self._check_in({**run.said, **took})
        _leave(run)

    async def __aenter__(self) -> None:
        self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: object
    ) -> None:
        self.__exit__(kind, error, traceback)

    def _check_in(self, run: dict[str, Any]) -> None:
        """Send what Relay reads of a check-in, and no more: no tags, no user, no breadcrumbs."""
        client = sentry_sdk.get_client()
        if client.transport is None:
            return
        of_service = {name: client.options[name] for name in ("environment", "release")}
        check_in = {**run, **of_service, "monitor_slug": self.slug, "monitor_config": self.config}
        item = Item(PayloadRef(json=check_in), type="check_in")
        with suppress(Exception):  # a job runs whatever its watching does
            client.transport.capture_envelope(Envelope(items=[item]))


def cron(
    slug: str,
    *,
    schedule: str,
    time_zone: str = "UTC",
    margin_minutes: int = 5,
    max_minutes: int = 30,
) -> Cron:
    """Have Sentry wait for a job: `@cron("digest", schedule="0 7 * * *")`, or `with cron(…):`.

    `slug` names the monitor, `schedule` is a crontab's five fields in `time_zone`. A run counts as
    missed `margin_minutes` after its time, as hung after `max_minutes`. What the job raises is
    reported once, and raised. Without a DSN nothing is sent.

    Raises:
        SystemExit: with one line that says where and what, if Sentry would refuse one of these.
    """
    problem = (
        _text_problem(slug=slug, schedule=schedule, time_zone=time_zone)
        or _schedule_problem(schedule)
        or _minutes_problem(margin_minutes=margin_minutes, max_minutes=max_minutes)
    )
    if problem:
        caller = sys._getframe(1)
        where = f"{caller.f_code.co_filename}:{caller.f_lineno}"
        raise SystemExit(f"{where}: cron({slug!r}): {problem}")
    config = {
        "schedule": {"type": "crontab", "value": " ".join(schedule.split())},
        "timezone": time_zone,
        "checkin_margin": margin_minutes,
        "max_runtime": max_minutes,
    }
    return Cron(slug, config)


def _here() -> Around:
    return current_records.get(), scopes_here()


def _be(around: Around) -> None:
    current_records.set(around[0])
    use_scopes(around[1])


def _leave(run: _Run) -> None:
    """Go back to what was around the run; one that began in it and goes on will, at its end."""
    runs = _open.get()
    if run not in runs:
        return  # it began in another context, which ended with it
    at = runs.index(run)
    _open.set(runs[:at] + runs[at + 1 :])
    if runs[at + 1 :]:
        runs[at + 1].outside = run.outside
    else:
        _be(run.outside)


def _text_problem(**texts: str) -> str | None:
    for name, text in texts.items():
        if not isinstance(text, str):
            return f"{name} should be a text, not {text!r}"
    if not _SLUG.fullmatch(texts["slug"]):
        return "the slug should be 1 to 50 of a-z, 0-9, - and _, and not digits alone"
    zone, zones = texts["time_zone"], _zones()
    # A machine without the database knows none at all; Sentry does.
    if zones and zone not in zones - _NO_ZONES:
        return f'time_zone {zone!r} is not one of the tz database, such as "Asia/Seoul"'
    return None


def _schedule_problem(schedule: str) -> str | None:
    example = '"0 7 * * *" is every day at seven'
    if schedule in _BY_NAME:
        return None
    if len(schedule.split()) != 5:
        return f"schedule {schedule!r} should have five fields: {example}"
    try:
        next(CronSim(schedule, datetime.now(UTC)))
    except CronSimError as error:
        return f"schedule {schedule!r} can't be read ({error}): {example}"
    except StopIteration:
        return f"schedule {schedule!r} never comes: {example}"
    return None


def _minutes_problem(**minutes: int) -> str | None:
    for name, number in minutes.items():
        if not isinstance(number, int) or not 1 <= number <= _MOST_MINUTES:
            return f"{name} should be 1 to {_MOST_MINUTES} whole minutes, not {number!r}"
    return None
