"""The one door to the SDK: every error and message that is reported goes through here."""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any, Final

import sentry_sdk
from sentry_sdk.utils import event_from_exception

from .once import mark, report_of
from .request import current_request
from .severity import PRIORITY_OF_LEVEL, Severity, causes, severity_of
from .storm import SHOWN, Key, StormGuard, key_of

Tags = Mapping[str, str]
Contexts = Mapping[str, Mapping[str, Any]]
User = Mapping[str, Any]
Event = dict[str, Any]


@dataclass(frozen=True)
class Details:
    """What goes with an event, besides what is known of it anyway."""

    severity: Severity | None = None
    tags: Tags = field(default_factory=dict)
    contexts: Contexts = field(default_factory=dict)
    user: User | None = None

    def apply(self, scope: sentry_sdk.Scope) -> None:
        """Put the details on a scope of the SDK."""
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
_reporting: ContextVar[bool] = ContextVar("reporting", default=False)
# An exception outlives the scope it was raised in, so it carries what that scope knew.
_CARRIED: Final = "__ion_details__"


@contextmanager
def error_scope(
    *,
    severity: Severity | None = None,
    tags: Tags | None = None,
    contexts: Contexts | None = None,
    user: User | None = None,
) -> Iterator[None]:
    """Give whatever is raised or captured inside these details. Nothing leaks out of it."""
    details = Details(severity, tags or {}, contexts or {}, user)
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

    Without `severity` the one of the surrounding `error_scope` holds, else the policy's. Returns
    None while Sentry is off, and where the storm guard holds the error back.
    """
    return report(error, Details(severity, tags or {}, contexts or {}, user))


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
        Details(chosen, tags or {}, contexts or {}, user).apply(scope)
        return scope.capture_message(message)


def report(
    error: BaseException,
    details: Details | None = None,
    *,
    handled: bool = True,
    record: logging.LogRecord | None = None,
) -> str | None:
    """Report `error` as `capture_error` does.

    An error that isn't `handled` counts as a crash. `record` is the log record that told of it.
    """
    if not sentry_sdk.is_initialized():
        return None
    request = current_request.get()
    details = details or Details()
    if not details.severity and not is_worth_reporting(error):
        return None
    if earlier := report_of(error):
        mark(error, earlier.event_id)
        return earlier.event_id
    if request:
        request.failed = True
    if not guard.admit(key_of(error)):
        mark(error, None)
        return None
    event_id = _send(error, details, handled, record)
    mark(error, event_id)
    if request:
        request.event_id = event_id or request.event_id
        request.logged.clear()  # what the request logged before are breadcrumbs of this
    return event_id


def is_worth_reporting(error: BaseException) -> bool:
    """Tell errors of the service from what a client did wrong, by the policy."""
    request = current_request.get()
    if request and request.gone and isinstance(error, OSError | RuntimeError):
        return False  # what writing to nobody raises
    return severity_of(error) is not None


def _send(
    error: BaseException, details: Details, handled: bool, record: logging.LogRecord | None
) -> str | None:
    carried: list[Details] = [
        found for link in causes(error) for found in getattr(link, _CARRIED, ())
    ]
    severity = (
        details.severity
        or next((found.severity for found in carried if found.severity), None)
        or _severity_of_scope.get()
        or severity_of(error)
        or Severity.P2
    )
    event, hint = event_from_exception(
        error,
        client_options=sentry_sdk.get_client().options,
        mechanism={"type": "ion", "handled": handled},
    )
    if record:
        event["logger"] = record.name
        event["logentry"] = {"message": str(record.msg), "formatted": record.getMessage()}
    token = _reporting.set(True)
    try:
        with sentry_sdk.new_scope() as scope:
            for found in reversed(carried):  # the innermost scope has the last word
                found.apply(scope)
            replace(details, severity=severity).apply(scope)
            return scope.capture_event(event, hint=hint)
    finally:
        _reporting.reset(token)


def send_event(key: Key, event: Event, scope: sentry_sdk.Scope | None = None) -> str | None:
    """Send an event that has no exception, unless the storm guard holds it back."""
    if not sentry_sdk.is_initialized() or not guard.admit(key):
        return None
    return sentry_sdk.capture_event(event, scope=scope)  # type: ignore[arg-type]


def came_by_itself(event: Event, error: BaseException) -> bool:
    """Judge an error that the SDK captured on its own: in a thread, or by its own functions.

    Returns False for one that was reported already, that is none, or that the guard holds back.
    """
    if _reporting.get():
        return True
    if report_of(error) or not is_worth_reporting(error) or not guard.admit(key_of(error)):
        return False
    mark(error, event["event_id"])
    if request := current_request.get():
        request.failed = True
        request.event_id = event["event_id"]
    return True


def set_priority(event: Event) -> None:
    """Give an event that has none the tag that goes with its level."""
    tags = event.setdefault("tags", {})
    tags.setdefault("priority", PRIORITY_OF_LEVEL.get(event.get("level", "error"), "P4"))


def _tell_of_storm(held: Counter[Key]) -> None:
    total = sum(held.values())
    with sentry_sdk.isolation_scope() as scope:
        scope.clear()
        scope.set_tag("held_back", str(total))
        most = [f"{number} x {key}" for key, number in held.most_common(SHOWN)]
        scope.set_context("held_back", {"total": total, "most": most})
        scope.fingerprint = ["ion-storm"]
        Details(Severity.P2).apply(scope)
        scope.capture_message(f"{total} errors were held back within a minute")


guard: Final = StormGuard(_tell_of_storm)
