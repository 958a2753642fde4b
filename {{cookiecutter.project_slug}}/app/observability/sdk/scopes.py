"""The two scopes that a request has for itself."""

from typing import Final

import sentry_sdk
from sentry_sdk.scope import ScopeType

Scopes = tuple[sentry_sdk.Scope, sentry_sdk.Scope]

_CLEAN: Final = sentry_sdk.Scope(ty=ScopeType.CURRENT)


def scopes_here() -> Scopes:
    """Return the isolation scope and the current scope."""
    return sentry_sdk.Scope.get_isolation_scope(), sentry_sdk.Scope.get_current_scope()


def new_scopes(at_start: sentry_sdk.Scope) -> Scopes:
    """Make scopes that know what was set on `at_start`, an isolation scope, and nothing else."""
    isolation = at_start.fork()
    isolation.clear_breadcrumbs()
    isolation.set_user(None)
    return isolation, _CLEAN.fork()


def use_scopes(scopes: Scopes) -> None:
    """Use these from here on, in this context."""
    sentry_sdk.Scope.set_isolation_scope(scopes[0])
    sentry_sdk.Scope.set_current_scope(scopes[1])
