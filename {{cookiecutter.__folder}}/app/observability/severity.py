"""How bad an error is: the levels, and the policy that gives one to every exception."""

import asyncio
from collections.abc import Callable, Container, Iterator
from enum import Enum
from typing import Final

from fastapi.exceptions import RequestValidationError, WebSocketRequestValidationError
from starlette.exceptions import HTTPException, WebSocketException
from starlette.requests import ClientDisconnect
from starlette.websockets import WebSocketDisconnect


class Severity(Enum):
    """How bad it is. The value is Sentry's level, the name is the tag `priority`."""

    P1 = "fatal"  # the service is down
    P2 = "error"  # a feature fails
    P3 = "warning"  # a potential problem
    P4 = "info"  # good to know


Judge = Callable[[BaseException], Severity | None]

PRIORITY_OF_LEVEL: Final = {severity.value: severity.name for severity in Severity}

# The policy: the severity of an exception's class, None for what is no error of this service. The
# nearest base class decides. An attribute `severity` of the exception itself goes first, and an
# HTTPException is judged by its status.
POLICY: Final[dict[type[BaseException], Severity | Judge | None]] = {
    BaseException: Severity.P2,
    # what a client did wrong
    RequestValidationError: None,
    WebSocketRequestValidationError: None,
    WebSocketException: None,
    # nobody is left to answer
    ClientDisconnect: None,
    WebSocketDisconnect: None,
    asyncio.CancelledError: None,
}
# SENTRY_FAILED_REQUEST_STATUS_CODES; `init_sentry` sets it.
failed_statuses: Container[int] = range(500, 600)


def set_severity(exception: type[BaseException], severity: Severity | Judge) -> None:
    """Give a foreign exception class, and what is derived from it, a severity.

    A function is asked for each error; None leaves the error to its next base class.
    """
    POLICY[exception] = severity


def ignore_exception(exception: type[BaseException]) -> None:
    """Never report this exception class, nor what is derived from it."""
    POLICY[exception] = None


def severity_of(error: BaseException) -> Severity | None:
    """Return how bad `error` is, None if it is no error of this service.

    An error that the policy doesn't name takes the severity of the first of its causes that the
    policy does name; a group is as bad as the worst of its members.
    """
    if isinstance(error, BaseExceptionGroup):
        members = [found for part in error.exceptions if (found := severity_of(part))]
        return min(members, key=lambda severity: severity.name, default=None)
    for link in causes(error):
        if isinstance(own := getattr(link, "severity", None), Severity):
            return own
        if isinstance(link, HTTPException):
            named = Severity.P2 if link.status_code in failed_statuses else None
        else:
            named = _named(link)
        if link is error and named is None:
            return None
        if named and named is not POLICY[BaseException]:
            return named
    return Severity.P2


def _named(error: BaseException) -> Severity | None:
    for base in type(error).__mro__:
        if base in POLICY:
            severity = POLICY[base]
            if severity is None:
                return None
            if isinstance(severity, Severity):
                return severity
            if found := severity(error):
                return found
    return Severity.P2


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield `error` and the errors that led to it, as a traceback would show them."""
    link: BaseException | None = error
    seen: set[int] = set()
    while link is not None and id(link) not in seen:
        yield link
        seen.add(id(link))
        link = link.__cause__ if link.__suppress_context__ else link.__context__


def everything_in(error: BaseException) -> Iterator[BaseException]:
    """Yield `error`, whatever led to it, and the members of groups, each once."""
    waiting, seen = [error], set[int]()
    while waiting:
        link = waiting.pop()
        if id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        waiting += [other for other in (link.__cause__, link.__context__) if other]
        if isinstance(link, BaseExceptionGroup):
            waiting += link.exceptions
