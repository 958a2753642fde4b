"""How a request went: the one table from which its report, trace, session and log line follow."""

import asyncio
import logging
from enum import Enum


class Outcome(Enum):
    """What became of a request or websocket. The last three are failures, and are reported."""

    ANSWERED = "answered", "exited", "ok"
    CLIENT_LEFT = "the client left", "exited", "ok"
    STOPPED = "the server ended it", "exited", "ok"
    IGNORED = "unhandled, but no error by the policy", "exited", "ok", logging.INFO
    FAILED = "answered with a failure", "errored", "error", logging.WARNING
    FAILED_AFTERWARDS = "failed after its answer began", "crashed", "error", logging.ERROR
    CRASHED = "unhandled error", "crashed", "error", logging.ERROR

    def __init__(self, meaning: str, session: str, trace: str, level: int = 0) -> None:
        self.meaning = meaning
        self.session = session  # in the words of Sentry's release health
        self.trace = trace  # the status of its trace
        self.level = level  # of the line that is logged, 0 for none

    @property
    def is_failure(self) -> bool:
        """Tell whether it counts against the service."""
        return self.trace == "error"


def outcome_of(
    error: BaseException | None,
    *,
    is_answered: bool,
    is_failed_status: bool,
    is_forgiven: bool,
    is_worth_reporting: bool,
) -> Outcome:
    """Decide from what came out of the application, and from what it had sent before.

    `error` is what nothing handled; `is_answered` whether an answer had begun. A client that left
    is forgiven, and so is what writing to it raised.
    """
    if error is None:
        return Outcome.FAILED if is_failed_status else Outcome.ANSWERED
    if is_stop(error):
        return Outcome.STOPPED
    if is_forgiven:
        return Outcome.CLIENT_LEFT
    # Nobody told this task to stop: it awaited another one that was cancelled, and answers nothing.
    if not is_worth_reporting and not isinstance(error, asyncio.CancelledError):
        return Outcome.IGNORED
    return Outcome.FAILED_AFTERWARDS if is_answered else Outcome.CRASHED


def is_stop(error: BaseException) -> bool:
    """Tell whether the server ends this request, which is no failure and not to be answered."""
    if isinstance(error, asyncio.CancelledError):
        task = asyncio.current_task()
        return task is not None and task.cancelling() > 0
    return isinstance(error, KeyboardInterrupt | GeneratorExit)
