"""Scheduled jobs that Sentry waits for: `cron` checks in as they start, and as they end.

Sentry makes a monitor of the first check-in, keeps it as the code says, and tells of a job that did
not start, did not end, or failed. The scheduler that starts them is yours.
"""

import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, Final, TypeVar
from uuid import uuid4
from zoneinfo import ZoneInfo

import sentry_sdk
from cronsim import CronSim, CronSimError

from .errors.capture import report
from .errors.records import PROCESS, Records, current_records
from .request.current import current_request
from .sdk.names import Envelope, Item, PayloadRef
from .sdk.spans import new_trace, trace_here

F = TypeVar("F", bound=Callable[..., Any])

# As Sentry has them: `MAX_MARGIN`, `MAX_TIMEOUT` and `NONSTANDARD_CRONTAB_SCHEDULES` in its
# monitors/constants.py and monitors/validators.py; the slug's length is Relay's.
_MOST_MINUTES: Final = 40_320
_BY_NAME: Final = {"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@hourly"}
_SLUG: Final = re.compile(r"(?![0-9]+$)[a-z0-9_-]{1,50}")

_open: ContextVar[tuple[AbstractContextManager[None], ...]] = ContextVar("open_crons", default=())


@dataclass(frozen=True)
class Cron:
    """A scheduled job, as a decorator and a context manager. Made by `cron`."""

    slug: str
    config: dict[str, Any]  # Sentry's `monitor_config`

    def __call__(self, job: F) -> F:
        """Return `job`, which checks in whenever it runs; each run by itself."""
        if iscoroutinefunction(job):

            @wraps(job)
            async def run_async(*args: Any, **kwargs: Any) -> Any:
                with self._run():
                    return await job(*args, **kwargs)

            return run_async  # type: ignore[return-value]

        @wraps(job)
        def run(*args: Any, **kwargs: Any) -> Any:
            with self._run():
                return job(*args, **kwargs)

        return run  # type: ignore[return-value]

    def __enter__(self) -> None:
        run = self._run()
        run.__enter__()
        _open.set((*_open.get(), run))

    def __exit__(self, *error: Any) -> None:
        *others, run = _open.get()
        _open.set(tuple(others))
        run.__exit__(*error)

    async def __aenter__(self) -> None:
        self.__enter__()

    async def __aexit__(self, *error: Any) -> None:
        self.__exit__(*error)

    @contextmanager
    def _run(self) -> Iterator[None]:
        with _apart(self.slug):
            number, started, status = uuid4().hex, time.monotonic(), "error"
            self._check_in(number, "in_progress")
            try:
                yield
                status = "ok"
            except SystemExit as end:
                status = "error" if end.code else "ok"
                raise
            except Exception as error:
                report(error, handled=False)
                raise
            finally:
                self._check_in(number, status, time.monotonic() - started)

    def _check_in(self, number: str, status: str, seconds: float | None = None) -> None:
        """Send what Relay reads of a check-in, and no more: no tags, no user, no breadcrumbs."""
        client = sentry_sdk.get_client()
        if client.transport is None:
            return
        check_in = {
            "check_in_id": number,
            "monitor_slug": self.slug,
            "status": status,
            "environment": client.options["environment"],
            "release": client.options["release"],
            "contexts": {"trace": {"trace_id": trace_here().trace_id}},
            "monitor_config": self.config,
        }
        if seconds is not None:
            check_in["duration"] = seconds
        item = Item(PayloadRef(json=check_in), type="check_in")
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
        _slug_problem(slug)
        or _schedule_problem(schedule)
        or _zone_problem(time_zone)
        or _minutes_problem("margin_minutes", margin_minutes)
        or _minutes_problem("max_minutes", max_minutes)
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


@contextmanager
def _apart(slug: str) -> Iterator[None]:
    """Give a run a scope, records and a trace of its own; within a request only the scope."""
    records = Records(parent=PROCESS) if current_records.get() is PROCESS else current_records.get()
    token = current_records.set(records)
    try:
        with sentry_sdk.isolation_scope() as isolation, sentry_sdk.new_scope():
            isolation.set_tag("cron", slug)
            if current_request.get() is None:
                new_trace(isolation)
            yield
    finally:
        current_records.reset(token)


def _slug_problem(slug: str) -> str | None:
    if _SLUG.fullmatch(slug):
        return None
    return "the slug should be 1 to 50 of a-z, 0-9, - and _, and not digits alone"


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


def _zone_problem(name: str) -> str | None:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        try:
            ZoneInfo("UTC")
        except (ValueError, OSError, KeyError):
            return None  # this machine knows no time zones at all; Sentry does
        return f'time_zone {name!r} is not one of the tz database, such as "Asia/Seoul"'
    return None


def _minutes_problem(name: str, minutes: int) -> str | None:
    if isinstance(minutes, int) and 1 <= minutes <= _MOST_MINUTES:
        return None
    return f"{name} should be 1 to {_MOST_MINUTES} whole minutes, not {minutes!r}"
