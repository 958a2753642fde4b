"""What is known where an error happens: `error_scope`, and the details that it adds."""

import inspect
import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from types import TracebackType
from typing import Any, Final, TypeVar

import sentry_sdk

from ..plain import text_of
from .records import current_records
from .severity import Severity

Tags = Mapping[str, str]
Contexts = Mapping[str, Mapping[str, Any]]
User = Mapping[str, Any]
Function = TypeVar("Function", bound=Callable[..., Any])

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Details:
    """What goes with an event, besides what is known of it anyway."""

    severity: Severity | None = None
    tags: Tags | None = None
    contexts: Contexts | None = None
    user: User | None = None

    def apply(self, scope: sentry_sdk.Scope) -> None:
        """Put the details on a scope of the SDK."""
        try:
            if self.severity:
                scope.set_level(self.severity.value)
                scope.set_tag("priority", self.severity.name)
            for key, value in (self.tags or {}).items():
                scope.set_tag(key, text_of(value))
            for name, context in (self.contexts or {}).items():
                scope.set_context(name, dict(context))
            if self.user is not None:
                scope.set_user(dict(self.user))
        except BaseException as error:  # a foreign mapping, or none: never the caller's trouble
            logger.warning("Details of an event are left out: %s", text_of(error))


NOTHING_MORE: Final = Details()


@dataclass(frozen=True, eq=False)
class Entered:
    """One stay in an `error_scope`."""

    by: "error_scope"
    outer: "Entered | None"
    sdk_scope: AbstractContextManager[sentry_sdk.Scope]

    @property
    def details(self) -> Details:
        return self.by.details

    def is_inside(self, other: "Entered") -> bool:
        """Tell whether this stay was within the `other`."""
        entered: Entered | None = self
        while entered and entered is not other:
            entered = entered.outer
        return entered is not None


innermost: Final[ContextVar[Entered | None]] = ContextVar("innermost_error_scope", default=None)


class error_scope:
    """Give whatever is raised or captured inside these details. Nothing leaks out of it.

    A context manager, and a decorator of functions, `async` ones too:

        with error_scope(tags={"persona": persona}, contexts={"order": {"lines": 2}}):
            ...

        @error_scope(severity=Severity.P1)
        async def charge(...): ...
    """

    def __init__(
        self,
        *,
        severity: Severity | None = None,
        tags: Tags | None = None,
        contexts: Contexts | None = None,
        user: User | None = None,
    ) -> None:
        self.details = Details(severity, tags, contexts, user)

    def __enter__(self) -> None:
        entered = Entered(self, innermost.get(), sentry_sdk.new_scope())
        innermost.set(entered)
        self.details.apply(entered.sdk_scope.__enter__())

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        entered = innermost.get()
        # Around the `yield` of a generator that isn't async, each step runs in a context of its
        # own, and what was entered in another one ended with it.
        if entered and entered.by is self:
            entered.sdk_scope.__exit__(None, None, None)
            innermost.set(entered.outer)
        else:
            entered = Entered(self, entered, sentry_sdk.new_scope())
        if isinstance(error, Exception):
            current_records.get().leave(error, entered)

    def __call__(self, function: Function) -> Function:
        """Decorate `function`. Raises TypeError for a generator: use `with` inside of it."""
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError(f"{function.__qualname__} is a generator: use error_scope inside of it")

        if inspect.iscoroutinefunction(function):

            @wraps(function)
            async def decorated(*args: Any, **kwargs: Any) -> Any:
                with self:
                    return await function(*args, **kwargs)
        else:

            @wraps(function)
            def decorated(*args: Any, **kwargs: Any) -> Any:
                with self:
                    return function(*args, **kwargs)

        return decorated  # type: ignore[return-value]


def severity_of_scope() -> Severity | None:
    """Return the severity that the innermost scope around says, if one does."""
    entered = innermost.get()
    while entered:
        if entered.details.severity:
            return entered.details.severity
        entered = entered.outer
    return None


def set_user(id: str | None) -> None:
    """Say whose request this is, for all that it captures from here on; None: nobody's.

    Give it an id that means nothing outside of the service, not a name or an address. It ends with
    the request, or with the task that `spawn` started.
    """
    sentry_sdk.get_isolation_scope().set_user(None if id is None else {"id": text_of(id, 200)})


def set_tag(key: str, value: str) -> None:
    """Tag all that this request captures from here on. It ends as `set_user` does."""
    sentry_sdk.get_isolation_scope().set_tag(text_of(key), text_of(value))
