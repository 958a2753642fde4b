"""The route that a request takes: its schema, and its endpoint's parameters."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import fastapi.routing
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_dependant
from starlette.routing import BaseRoute, Match

from .variables import FILTERED, Unknown, value_of

Json = dict[str, Any]

_CONVERTOR: Final = re.compile(r"\{(\w+):\w+\}")
# What is filtered is of no convertor's form, and one of these is of each.
_STAND_INS: Final = ("0", "00000000-0000-4000-8000-000000000000")


@dataclass(frozen=True)
class Operation:
    """A route as OpenAPI has it, and what its functions were called with."""

    schema: Json  # empty for a route that isn't in the document
    root: Json  # the document, for what the schema refers to
    arguments: dict[tuple[str, str], Any]  # by place and name: ("query", "page")

    def parameters(self, place: str) -> Iterator[Json]:
        """Yield the parameters of a place: path, query, header or cookie."""
        for parameter in self.schema.get("parameters", ()):
            parameter = self.resolved(parameter)
            if parameter.get("in") == place:
                yield parameter

    def body(self) -> tuple[str, Json]:
        """Return the content type and the schema of the body, empty if it has none."""
        content = self.resolved(self.schema.get("requestBody", {})).get("content", {})
        kind = next(iter(content), "")
        return kind, content.get(kind, {}).get("schema", {})

    @property
    def needs_body(self) -> bool:
        """Tell whether it can't be asked without a body."""
        return bool(self.resolved(self.schema.get("requestBody", {})).get("required"))

    def security(self) -> Iterator[Json]:
        """Yield what has to prove who asks."""
        schemes = self.root.get("components", {}).get("securitySchemes", {})
        for names in self.schema.get("security", ()):
            yield from (self.resolved(schemes[name]) for name in names if name in schemes)

    def resolved(self, schema: Any) -> Json:
        """Follow references within the document."""
        seen = 0
        while isinstance(schema, dict) and isinstance(reference := schema.get("$ref"), str):
            schema, seen = self.root, seen + 1
            for step in reference.removeprefix("#/").split("/"):
                schema = schema.get(step, {}) if isinstance(schema, dict) and seen < 20 else {}
        return schema if isinstance(schema, dict) else {}

    def within(self, schema: Json, step: str | int) -> Json:
        """Return the schema of a field or an item of what `schema` is about."""
        schema = self.resolved(schema)
        if isinstance(step, str) and step in (fields := schema.get("properties", {})):
            return self.resolved(fields[step])
        below = schema.get("items" if isinstance(step, int) else "additionalProperties")
        if isinstance(below, dict):
            return self.resolved(below)
        options = [part for kind in ("anyOf", "oneOf", "allOf") for part in schema.get(kind, ())]
        return next((found for part in options if (found := self.within(part, step))), {})


def operation_of(app: FastAPI, event: Json, path: str) -> Operation | None:
    """Find the route of an event's request, None if there is none here."""
    method = event["request"]["method"]
    scope = {"type": "http", "method": method, "root_path": "", "headers": []}
    paths = [unquote(path).replace(FILTERED, text) for text in _STAND_INS]
    owners = (_owner(app, app.routes, {**scope, "path": path}, "") for path in paths)
    owner, prefix = next((found for found in owners if found[0]), (None, ""))
    if owner is None:
        return None
    template = plain(event["transaction"]).removeprefix(prefix)
    root = owner.openapi()
    schema = root.get("paths", {}).get(template, {}).get(method.lower(), {})
    frames = [frame for link in event["exception"] for frame in link["stacktrace"]["frames"]]
    endpoint = _endpoint(owner, template, method)
    told = _arguments(get_dependant(path=template, call=endpoint), frames) if endpoint else ()
    return Operation(schema, root, dict(told))


def _owner(
    owner: FastAPI, routes: Sequence[BaseRoute], scope: Json, prefix: str
) -> tuple[FastAPI | None, str]:
    """Return the application that answers a path, and where it is mounted."""
    for route in routes:
        match, child = route.matches(scope)
        if match is not Match.FULL:
            continue
        mounted = getattr(route, "app", None)
        if not (below := getattr(route, "routes", None)):
            return owner, prefix
        inner = mounted if isinstance(mounted, FastAPI) else owner
        step = prefix + (plain(getattr(route, "path", "")) if inner is not owner else "")
        found = _owner(inner, below, {**scope, **child}, step)
        if found[0] is not None:
            return found
    return None, prefix


def _endpoint(owner: FastAPI, template: str, method: str) -> Callable[..., Any] | None:
    # Before it had this function, FastAPI kept the routes of included routers as its own.
    listed: Any = getattr(fastapi.routing, "iter_route_contexts", iter)
    for route in listed(owner.routes):
        methods = getattr(route, "methods", None) or ()
        if plain(getattr(route, "path", None) or "") == template and method in methods:
            return getattr(route, "endpoint", None)
    return None


def plain(template: str) -> str:
    """Return a template as OpenAPI has it: older releases told it with its convertors."""
    return _CONVERTOR.sub(r"{\1}", template)


def _arguments(
    dependant: Dependant, frames: Sequence[Json]
) -> Iterator[tuple[tuple[str, str], Any]]:
    """Yield what the endpoint, and what it depends on, was called with, as far as frames tell."""
    for child in dependant.dependencies:
        yield from _arguments(child, frames)
    shown = _variables(dependant.call, frames)
    places = {
        "path": dependant.path_params,
        "query": dependant.query_params,
        "header": dependant.header_params,
        "cookie": dependant.cookie_params,
        "body": dependant.body_params,
    }
    for place, fields in places.items():
        for field in fields:
            if field.name in shown:
                with suppress(Unknown):
                    yield (place, field.alias), value_of(shown[field.name])


def _variables(function: Any, frames: Sequence[Json]) -> Json:
    code = getattr(getattr(function, "__wrapped__", function), "__code__", None)
    if code is None:
        return {}
    for frame in frames:
        is_there = Path(code.co_filename).as_posix().endswith(f"/{frame['filename']}")
        if frame["in_app"] and frame["function"] == code.co_name and is_there:
            return dict(frame["vars"])
    return {}
