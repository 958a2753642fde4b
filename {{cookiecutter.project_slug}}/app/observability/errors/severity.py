"""How bad an error is: the levels, and the policy that gives one to every exception."""

import asyncio
import logging
from collections.abc import Callable, Container, Sequence
from enum import Enum
from typing import Final

from fastapi.exceptions import RequestValidationError, WebSocketRequestValidationError
from starlette.exceptions import HTTPException, WebSocketException
from starlette.requests import ClientDisconnect
from starlette.websockets import WebSocketDisconnect

from ..plain import text_of, type_name
from .chain import LINEAGE, walk

logger = logging.getLogger(__name__)


class Severity(Enum):
    """How bad it is. The value is Sentry's level, the name is the tag `priority`."""

    P1 = "fatal"  # the service is down
    P2 = "error"  # a feature fails
    P3 = "warning"  # a potential problem
    P4 = "info"  # good to know


# Says it for one exception; None where it has nothing special to say.
Judge = Callable[[BaseException], Severity | None]

PRIORITY_OF_LEVEL: Final = {severity.value: severity.name for severity in Severity}

# The policy: the severity of an exception's class, None for what is no error of this service. The
# nearest base class decides. An attribute `severity` of the exception itself goes first, and an
# HTTPException is judged by its status.
POLICY: Final[dict[type[BaseException], Severity | Judge | None]] = {
    # what a client did wrong
    RequestValidationError: None,
    WebSocketRequestValidationError: None,
    WebSocketException: None,
    # nobody is left to answer
    ClientDisconnect: None,
    WebSocketDisconnect: None,
    asyncio.CancelledError: None,
}
USUAL: Final = Severity.P2  # of what the policy does not name
# SENTRY_FAILED_REQUEST_STATUS_CODES; `init_sentry` sets it.
failed_statuses: Container[int] = range(500, 600)


def set_severity(exception: type[BaseException], severity: Severity | Judge) -> None:
    """Give a foreign exception class, and what is derived from it, a severity.

    `severity` may be a function of the exception; where it returns None the policy goes on as if
    the class were not named:

        set_severity(OSError, lambda error: Severity.P1 if error.errno == ENOSPC else None)
    """
    POLICY[exception] = severity


def ignore_exception(exception: type[BaseException]) -> None:
    """Never report this exception class, nor what is derived from it."""
    POLICY[exception] = None


def severity_of(error: BaseException) -> Severity | None:
    """Return how bad `error` is, None if it is no error of this service.

    An error that the policy doesn't name takes the severity of the first of its causes that the
    policy does name; such a group is as bad as the worst of its members.
    """
    return _severity_of(error, set())


def _severity_of(error: BaseException, seen: set[int]) -> Severity | None:
    seen.add(id(error))
    for link in walk(error, LINEAGE):
        named = _named(link.error)
        if isinstance(named, Severity):
            return named
        if link.error is error:
            if named == _IGNORED:
                return None
            if isinstance(error, BaseExceptionGroup):
                return _worst(error.exceptions, seen)
    return USUAL


def _worst(members: Sequence[BaseException], seen: set[int]) -> Severity | None:
    found: list[Severity | None] = []
    for member in members[:_MOST]:
        if id(member) not in seen and len(seen) < _MOST:
            found.append(_severity_of(member, seen))
    if len(members) > _MOST or len(seen) == _MOST:
        found.append(USUAL)  # of what isn't looked at, some may be an error
    return min(filter(None, found), key=lambda severity: severity.name, default=None)


_MOST: Final = 100  # members of a group, and theirs
_IGNORED: Final = "ignored"
_ALL: Final = (Exception, BaseException)


def _named(error: BaseException) -> Severity | str | None:
    """Return what the policy says of `error` alone, None if it doesn't name it."""
    try:
        if isinstance(own := getattr(error, "severity", None), Severity):
            return own
        if isinstance(error, HTTPException):
            return USUAL if error.status_code in failed_statuses else _IGNORED
        for base in type(error).__mro__:
            # What is said of all exceptions is no more than what is said of a group's members.
            if base not in POLICY or (base in _ALL and isinstance(error, BaseExceptionGroup)):
                continue
            told = POLICY[base]
            if told is None or isinstance(told, Severity):
                return told or _IGNORED
            if severity := told(error):
                return severity
    except BaseException as trouble:  # of a property of the team's, or its own function
        logger.warning(
            "The severity of %s can't be told: %s", type_name(type(error)), text_of(trouble)
        )
    return None
