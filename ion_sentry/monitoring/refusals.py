"""What Sentry's refusals mean: an exit code, what happened, and what to do about it."""

import re
from typing import Any, Final

import httpx

from ion_sentry.git import Failure

from .exits import Exit

_TOO_MANY: Final = re.compile(
    r"may not exceed|used \d+/\d+ of|your (current )?plan|upgrade your", re.IGNORECASE
)
_LONGEST: Final = 300  # characters of Sentry's own words that are shown
_MEANING: Final[dict[int, tuple[Exit, str]]] = {
    401: (
        Exit.TOKEN,
        "SENTRY_AUTH_TOKEN is not valid here (401). Is it of this Sentry, and not revoked?",
    ),
    402: (Exit.PLAN_LIMIT, "the organisation's plan doesn't have this (402)."),
    404: (
        Exit.NOT_FOUND,
        "not found (404). Is SENTRY_ORG right, and SENTRY_URL the right region? If somebody "
        "removed it just now, run it again. A self-hosted Sentry has to be of 2026.",
    ),
    409: (Exit.CONFLICT, "somebody else is writing the same just now (409). Run it again."),
    410: (
        Exit.GONE,
        "this part of Sentry's API is gone (410). Bring this program up to date: make update",
    ),
}
# Paths, and the scope that Sentry's API schema asks for there, to read and to write.
_PROJECT: Final = ("project:read (project:write has it)", "project:write")
_SCOPES: Final = (
    (r"(projects|teams)/", *_PROJECT),
    (r"organizations/[^/]+/(releases|spike-protections)/", *_PROJECT),
    (r"organizations/[^/]+/(projects/[^/]+/)?(detectors|workflows)/", "org:read", "alerts:write"),
    (r"organizations/[^/]+/issues/", "event:read", "event:write"),
    (r"", "org:read", "org:read"),
)


def failure_of(answer: httpx.Response, method: str, what: str, url: str) -> Failure:
    """Make one clear line of an answer that is no success."""
    status, words = answer.status_code, _words(answer)
    said = f" Sentry says: {words}" if words else ""
    if status in (400, 403) and _TOO_MANY.search(words):
        told = f"{what}: a limit of the organisation's plan is reached ({status}).{said}"
        return Failure(told, Exit.PLAN_LIMIT)
    if status in _MEANING:
        code, meaning = _MEANING[status]
        return Failure(f"{what}: {meaning}{said if status in (402, 409) else ''}", code)
    if status == 403 and (not words or "permission" in words):
        scope = _scope(method, str(answer.url))
        told = f"{what}: the token may not do this (403). It lacks the scope {scope}."
        return Failure(told, Exit.SCOPE)
    if status == 403:
        return Failure(f"{what}: forbidden (403).{said}", Exit.FORBIDDEN)
    if status == 429:
        wait = answer.headers.get("Retry-After")
        again = f"in {wait} s" if wait and wait.isdecimal() else "later"
        return Failure(f"{what}: too many requests (429). Run it again {again}.", Exit.RATE_LIMIT)
    if status >= 500:
        hint = " It may have been done: run it again, it goes on." if method == "POST" else ""
        return Failure(f"{what}: Sentry itself fails ({status}).{hint}", Exit.SENTRY_BROKEN)
    if status >= 400:
        return Failure(f"{what}: refused ({status}).{said}", Exit.REFUSED)
    if slug := _new_slug(answer):
        told = f"{what}: its slug in Sentry is {slug!r} now ({status}). Set SENTRY_PROJECT to that."
        return Failure(told, Exit.NOT_FOUND)
    target = answer.headers.get("Location", "elsewhere")
    return Failure(
        f"{what}: {url} leads on to {target!r}, which doesn't get the token. Mend SENTRY_URL.",
        Exit.UNEXPECTED,
    )


def _scope(method: str, url: str) -> str:
    path = url.partition("/api/0/")[2]
    scopes = next(scopes for pattern, *scopes in _SCOPES if re.match(pattern, path))
    return scopes[method != "GET"]


def _new_slug(answer: httpx.Response) -> str:
    """Return what a renamed project is called now, empty if that isn't what is said."""
    try:
        return str(answer.json()["detail"]["extra"]["slug"])[:100]
    except (ValueError, KeyError, TypeError):
        return ""


def _words(answer: httpx.Response) -> str:
    """Return what Sentry says, on one line; nothing of a page that is meant for a browser."""
    try:
        words = "; ".join(_leaves(answer.json()))
    except ValueError:
        return ""
    line = "".join(char if char.isprintable() else " " for char in words)
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def _leaves(value: Any, name: str = "") -> list[str]:
    if isinstance(value, dict):
        return [line for key, child in value.items() for line in _leaves(child, str(key))]
    if isinstance(value, list):
        return [line for child in value for line in _leaves(child, name)]
    general = name in ("", "detail", "message", "nonFieldErrors")
    return [str(value) if general else f"{name}: {value}"]
