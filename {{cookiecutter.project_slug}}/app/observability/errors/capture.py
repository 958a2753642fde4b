"""The one door to the SDK: every error and message that is reported goes through here."""

import logging
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

import sentry_sdk

from ..plain import cut, text_of, type_name
from ..request.current import REQUEST, current_request
from ..sdk.names import use_scope
from .events import Event, exception_of
from .records import Report, current_records
from .scopes import NOTHING_MORE, Contexts, Details, Tags, User, severity_of_scope
from .severity import PRIORITY_OF_LEVEL, USUAL, Severity, severity_of
from .storm import SHOWN, Key, StormGuard, key_here, key_of

logger = logging.getLogger(__name__)

# In the hint of an event: it has been judged here. What else comes to `before_send`, the SDK
# captured by itself.
_JUDGED: Final = "ion_judged"
_ERROR: Final = "ion_error"
STORM: Final = "ion_storm"  # the event tells of a storm


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
    return report(error, Details(severity, tags, contexts, user))


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
    Sentry is off, and where the storm guard holds the messages of this place back.
    """
    details = Details(severity or severity_of_scope() or Severity.P4, tags, contexts, user)
    event = {"message": text_of(message)}
    return send_event(key_here("message"), event, details=details)


def report(
    error: BaseException,
    details: Details = NOTHING_MORE,
    *,
    handled: bool = True,
    event: Event | None = None,
) -> str | None:
    """Report `error` as `capture_error` does. It never raises.

    An error that isn't `handled` counts as a crash. `event` is what is known of it besides.
    """
    if not sentry_sdk.is_initialized():
        return None
    try:
        return _report(error, details, handled, event or {})
    except Exception:
        with suppress(Exception):  # a handler of the team's may fail as well
            logger.exception("An error could not be reported")
        return None


def _report(error: BaseException, details: Details, handled: bool, event: Event) -> str | None:
    severity = severity_of(error)
    if not details.severity and (severity is None or is_forgiven(error)):
        return None
    records, request = current_records.get(), current_request.get()
    if earlier := records.find(error):
        records.mark(error, earlier)
        return earlier.event_id
    if request:
        request.failed = True
    if not guard.admit(key_of(error)):
        records.mark(error, Report(None))
        return None
    scopes = [scope.details for scope in records.scopes_of(error)]
    severity = (
        details.severity
        or next((found.severity for found in scopes if found.severity), None)
        or severity_of_scope()
        or severity
    )
    mechanism = {"type": "ion", "handled": handled}
    # Not by the name that the SDK knows: it would ask the exception, and fail if that does.
    hint = {_ERROR: error, _JUDGED: mechanism}
    with sentry_sdk.new_scope() as scope:
        for found in reversed(scopes):  # the innermost scope has the last word
            found.apply(scope)
        replace(details, severity=severity or USUAL).apply(scope)
        event_id = scope.capture_event(event, hint=hint)  # type: ignore[arg-type]
    records.mark(error, Report(event_id))
    if request:
        request.event_id = event_id
    return event_id


def is_worth_reporting(error: BaseException) -> bool:
    """Tell errors of the service from what a client did wrong, by the policy."""
    return severity_of(error) is not None and not is_forgiven(error)


def is_forgiven(error: BaseException) -> bool:
    """Tell whether `error` is, or was made of, what writing to a client that left raised."""
    request = current_request.get()
    return request is not None and request.is_forgiven(error)


def send_event(
    key: Key,
    event: Event,
    *,
    scope: sentry_sdk.Scope | None = None,
    details: Details = NOTHING_MORE,
) -> str | None:
    """Send an event that has no exception, unless the storm guard holds it back. Never raises."""
    if not sentry_sdk.is_initialized() or not guard.admit(key):
        return None
    try:
        with use_scope(scope or sentry_sdk.get_current_scope().fork()) as own:
            details.apply(own)
            return own.capture_event(event, hint={_JUDGED: None})  # type: ignore[arg-type]
    except Exception:
        with suppress(Exception):
            logger.exception("A message could not be reported")
        return None


def before_send(event: Any, hint: dict[str, Any], *, variables: bool) -> Any:
    """Complete an event, and drop one that the SDK captured by itself where that is no news."""
    error = hint[_ERROR] if _ERROR in hint else (hint.get("exc_info") or (None, None))[1]
    if _JUDGED not in hint and not _came_by_itself(event, error):
        return None
    if error is not None:
        mechanism = hint.get(_JUDGED) or _mechanism_of(event)
        event["exception"] = _told(error, mechanism, variables=variables)
    event["tags"] = tags = event.get("tags") or {}
    tags.setdefault("priority", PRIORITY_OF_LEVEL.get(event.get("level", "error"), "P4"))
    if request := hint.get(REQUEST):
        with suppress(Exception):  # what isn't as ASGI has it costs no event
            event["request"] = request.description()
    return event


def _told(error: BaseException, mechanism: Event, *, variables: bool) -> Event:
    try:
        return exception_of(error, mechanism, variables=variables)
    except BaseException as trouble:  # a loader of sources, or globals, of somebody's own making
        said = f"{text_of(error)}\n(its frames can't be told: {text_of(trouble)})"
        kind = type_name(type(error))
        return {"values": [{"type": kind, "value": cut(said), "mechanism": mechanism}]}


def _mechanism_of(event: Event) -> Event:
    values = event.get("exception", {}).get("values") or [{}]
    return values[-1].get("mechanism") or {"type": "generic", "handled": True}


def _came_by_itself(event: Event, error: BaseException | None) -> bool:
    """Judge what the SDK captured on its own: in a thread, or by its own functions."""
    if error is None:
        message = event.get("message") or event.get("logentry", {}).get("message")
        return guard.admit(Key(f"message {cut(text_of(message), 100)}", "", 0))
    records, request = current_records.get(), current_request.get()
    if records.find(error) or not is_worth_reporting(error) or not guard.admit(key_of(error)):
        return False
    records.mark(error, Report(event["event_id"]))
    if request:
        request.failed, request.event_id = True, event["event_id"]
    return True


def _tell_of_storm(held: Counter[Key]) -> None:
    total = sum(held.values())
    most = [cut(f"{number} x {key}") for key, number in held.most_common(SHOWN)]
    with sentry_sdk.isolation_scope() as isolation, sentry_sdk.new_scope() as scope:
        isolation.clear()
        scope.clear()
        scope.fingerprint = ["ion-storm"]
        contexts = {"held_back": {"total": total, "most": most}}
        Details(Severity.P2, {"held_back": str(total)}, contexts).apply(scope)
        event: Any = {"message": f"{total} errors were held back within a minute"}
        scope.capture_event(event, hint={_JUDGED: None, STORM: None})


guard: Final = StormGuard(_tell_of_storm)
