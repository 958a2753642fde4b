"""What FastAPI and Starlette have no public name for."""

from collections.abc import Awaitable, Callable
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any

import fastapi.routing
from fastapi import FastAPI
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send


class _Outermost(ServerErrorMiddleware):
    """What OpenTelemetry's instrumentation looks for, and goes on with the `app` of."""

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:  # type: ignore[override]
        return self.app(scope, receive, send)


def lay_around(app: FastAPI, layers: Callable[[Callable[[], ASGIApp]], ASGIApp]) -> None:
    """Lay something around all of an app's middleware when it is built, after all that a team adds.

    There is no other way to stand outside of the framework's own error middleware. `layers` gets
    the function that builds the stack.
    """
    build = app.build_middleware_stack
    app.build_middleware_stack = lambda: _Outermost(layers(build))  # type: ignore[method-assign]


def route_path(scope: Scope) -> str | None:
    """Return the template of the route that was taken, as far as routing itself told it."""
    # A router that is included in another one knows its prefix only there.
    effective = scope.get("fastapi", {}).get("effective_route_context")
    return path_of(effective) or path_of(scope.get("route"))


def path_of(route: Any) -> str | None:
    """Return a route's template as OpenAPI has it: `/orders/{id}` for `/orders/{id:int}`."""
    return getattr(route, "path_format", None) or getattr(route, "path", None)


def before_def_endpoints(before: Callable[[], object]) -> None:
    """Call `before` in the thread of each `def` endpoint that is declared from here on."""
    make = fastapi.routing.get_request_handler

    def telling(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def told(*args: Any, **kwargs: Any) -> Any:
            before()
            return function(*args, **kwargs)

        return told

    @wraps(make)
    def get_request_handler(*args: Any, **kwargs: Any) -> Any:
        dependant = kwargs.get("dependant")
        if dependant and dependant.call and not iscoroutinefunction(dependant.call):
            dependant.call = telling(dependant.call)
        return make(*args, **kwargs)

    fastapi.routing.get_request_handler = get_request_handler
