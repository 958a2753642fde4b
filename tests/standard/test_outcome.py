"""What counts as a failure: every cell of the table, and who ended a request."""

import asyncio
from typing import Any

import pytest

from app.observability.request.outcome import Outcome, is_stop, outcome_of

ERROR = ValueError()
USUAL: dict[str, Any] = {
    "is_answered": False,
    "is_failed_status": False,
    "is_forgiven": False,
    "is_worth_reporting": True,
}


@pytest.mark.parametrize(
    ("error", "changes", "outcome"),
    [
        (None, {}, Outcome.ANSWERED),
        (None, {"is_answered": True, "is_failed_status": True}, Outcome.FAILED),
        (ERROR, {}, Outcome.CRASHED),
        (ERROR, {"is_answered": True}, Outcome.FAILED_AFTERWARDS),
        (ERROR, {"is_answered": True, "is_failed_status": True}, Outcome.FAILED_AFTERWARDS),
        (ERROR, {"is_forgiven": True}, Outcome.CLIENT_LEFT),
        (ERROR, {"is_forgiven": True, "is_answered": True}, Outcome.CLIENT_LEFT),
        (ERROR, {"is_worth_reporting": False}, Outcome.IGNORED),
        (asyncio.CancelledError(), {"is_worth_reporting": False}, Outcome.CRASHED),
        (SystemExit(), {}, Outcome.CRASHED),
        (KeyboardInterrupt(), {}, Outcome.STOPPED),
        (KeyboardInterrupt(), {"is_forgiven": True}, Outcome.STOPPED),
        (GeneratorExit(), {}, Outcome.STOPPED),
    ],
)
def test_each_cell(error: BaseException | None, changes: Any, outcome: Outcome) -> None:
    async def decide() -> Outcome:
        return outcome_of(error, **USUAL | changes)

    assert asyncio.run(decide()) is outcome


def test_the_table_itself() -> None:
    told = {outcome.name: (outcome.session, outcome.trace) for outcome in Outcome}
    assert told == {
        "ANSWERED": ("exited", "ok"),
        "CLIENT_LEFT": ("exited", "ok"),
        "STOPPED": ("exited", "ok"),
        "IGNORED": ("exited", "ok"),
        "FAILED": ("errored", "error"),
        "FAILED_AFTERWARDS": ("crashed", "error"),
        "CRASHED": ("crashed", "error"),
    }
    failures = {Outcome.FAILED, Outcome.FAILED_AFTERWARDS, Outcome.CRASHED}
    assert {outcome for outcome in Outcome if outcome.is_failure} == failures


def test_who_is_cancelled_is_stopped_and_who_awaits_a_cancelled_task_is_not() -> None:
    told: list[bool] = []

    async def cancelled() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError as error:
            told.append(is_stop(error))
            raise

    async def main() -> None:
        task = asyncio.create_task(cancelled())
        await asyncio.sleep(0)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError as error:
            told.append(is_stop(error))

    asyncio.run(main())
    assert told == [True, False]
