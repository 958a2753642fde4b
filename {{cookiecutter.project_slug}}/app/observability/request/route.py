"""The template of the route that a request took, `/orders/{order}`: what its events are called."""

from collections.abc import Sequence

from starlette.routing import BaseRoute, Host, Match, Mount
from starlette.types import Scope

from ..sdk.frameworks import path_of, route_path

# An application that is mounted and has no routes, such as one that serves files; and what
# Starlette adds to every mount's template.
_BELOW_A_MOUNT = "/{path}"


def template(scope: Scope, original: Scope, routes: Sequence[BaseRoute]) -> str | None:
    """Return the template with the prefixes of its mounts, None if no route matched.

    `scope` is what routing left, `original` a copy of what it began with. FastAPI tells the route
    that it took; what is above that, and what Starlette's own routes don't tell, is matched again.
    """
    leaf = _told(scope)
    if leaf and scope.get("root_path", "") == original.get("root_path", ""):
        return leaf
    here, prefix = dict(original), ""
    while True:
        taken = _taken(here, routes)
        if taken is None:
            return f"{prefix}{leaf}" if leaf else None
        route, child = taken
        if not isinstance(route, Mount | Host):
            return f"{prefix}{leaf or path_of(route) or ''}" or None
        here |= child
        if isinstance(route, Mount):
            prefix += str(path_of(route)).removesuffix(_BELOW_A_MOUNT)
        routes = route.routes
        if not routes:
            return f"{prefix}{_BELOW_A_MOUNT}"


def _taken(scope: Scope, routes: Sequence[BaseRoute]) -> tuple[BaseRoute, Scope] | None:
    """Return the route that Starlette takes, and what that adds to the scope."""
    of_another_method = None
    for route in routes:
        match, child = route.matches(scope)
        if match is Match.FULL:
            return route, child
        if match is Match.PARTIAL:
            of_another_method = of_another_method or (route, child)
    return of_another_method


def _told(scope: Scope) -> str | None:
    return None if isinstance(scope.get("route"), Mount | Host) else route_path(scope)
