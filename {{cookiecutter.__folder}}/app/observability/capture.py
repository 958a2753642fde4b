"""Report to Sentry by hand: an error, a message, or a scope around work that may fail."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Final

import sentry_sdk
from sentry_sdk.utils import event_from_exception

Tags = Mapping[str, str]
Contexts = Mapping[str, Mapping[str, Any]]
User = Mapping[str, Any]


class Severity(Enum):
    """How bad it is. The value is Sentry's level, the name is the tag `priority`."""

    P1 = "fatal"  # the service is down
    P2 = "error"  # a feature fails
    P3 = "warning"  # a potential problem
    P4 = "info"  # good to know


PRIORITY_OF_LEVEL: Final = {severity.value: severity.name for severity in Severity}


@dataclass(frozen=True)
class _Details:
    severity: Severity | None = None
    tags: Tags = field(default_factory=dict)
    contexts: Contexts = field(default_factory=dict)
    user: User | None = None

    def apply(self, scope: sentry_sdk.Scope) -> None:
        if self.severity:
            scope.set_level(self.severity.value)
            scope.set_tag("priority", self.severity.name)
        for key, value in self.tags.items():
            scope.set_tag(key, value)
        for name, context in self.contexts.items():
            scope.set_context(name, dict(context))
        if self.user is not None:
            scope.set_user(dict(self.user))


_severity_of_scope: ContextVar[Severity | None] = ContextVar("severity_of_scope", default=None)
# An exception outlives the scope it was raised in, so it carries what that scope knew.
_CARRIED: Final = "__ion_details__"
_REPORTED: Final = "__ion_event_id__"


@contextmanager
def error_scope(
    *,
    severity: Severity | None = None,
    tags: Tags | None = None,
    contexts: Contexts | None = None,
    user: User | None = None,
) -> Iterator[None]:
    """Give whatever is raised or captured inside these details. Nothing leaks out of it."""
    details = _Details(severity, tags or {}, contexts or {}, user)
    token = _severity_of_scope.set(severity or _severity_of_scope.get())
    try:
        with sentry_sdk.new_scope() as scope:
            details.apply(scope)
            yield
    except Exception as error:
        error.__dict__.setdefault(_CARRIED, []).append(details)
        raise
    finally:
        _severity_of_scope.reset(token)


def capture_error(
    error: BaseException,
    *,
    severity: Severity | None = None,
    tags: Tags | None = None,
    contexts: Contexts | None = None,
    user: User | None = None,
) -> str | None:
    """Report `error`, once however often it is captured, and return the event's id.

    Without `severity` the one of the surrounding `error_scope` holds, else P2. Returns None while
    Sentry is off.
    """
    return report(error, _Details(severity, tags or {}, contexts or {}, user), handled=True)


def report(error: BaseException, details: _Details | None = None, *, handled: bool) -> str | None:
    """Report `error` as `capture_error` does; one that isn't `handled` counts as a crash."""
    if reported := event_id_of(error):
        return reported
    if not sentry_sdk.is_initialized():
        return None
    details = details or _Details()
    all_carried: list[_Details] = getattr(error, _CARRIED, [])
    of_carried = next((carried.severity for carried in all_carried if carried.severity), None)
    severity = details.severity or of_carried or _severity_of_scope.get() or Severity.P2
    with sentry_sdk.new_scope() as scope:
        for carried in reversed(all_carried):  # the innermost scope has the last word
            carried.apply(scope)
        replace(details, severity=severity).apply(scope)
        event, hint = event_from_exception(
            error,
            client_options=sentry_sdk.get_client().options,
            mechanism={"type": "ion", "handled": handled},
        )
        event_id = scope.capture_event(event, hint=hint)
    if event_id:
        error.__dict__[_REPORTED] = event_id
    return event_id


def capture_message(
    message: str,
    *,
    severity: Severity | None = None,
    tags: Tags | None = None,
    contexts: Contexts | None = None,
    user: User | None = None,
) -> str | None:
    """Report `message` and return the event's id.

    Without `severity` the one of the surrounding `error_scope` holds, else P4. Returns None while
    Sentry is off.
    """
    chosen = severity or _severity_of_scope.get() or Severity.P4
    with sentry_sdk.new_scope() as scope:
        _Details(chosen, tags or {}, contexts or {}, user).apply(scope)
        return scope.capture_message(message)


def event_id_of(error: BaseException | None) -> str | None:
    """Return the id of the event that told of `error`, or of an error that led to it."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if event_id := error.__dict__.get(_REPORTED):
            return str(event_id)
        seen.add(id(error))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return None
