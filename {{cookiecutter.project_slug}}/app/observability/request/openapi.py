"""OpenAPI says what is answered: problems, in place of FastAPI's own form of an error."""

import json
from http.client import responses as phrases
from typing import Any, Final

from fastapi import FastAPI

_REF: Final = "#/components/schemas/"
# Beside FastAPI's HTTPValidationError; a model of a service may well be called Problem.
_NAME: Final = "HTTPProblem"
_PROBLEM: Final = {
    "title": _NAME,
    "description": "An error, as of RFC 9457.",
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"title": "Type", "type": "string", "format": "uri-reference"},
        "title": {"title": "Title", "type": "string"},
        "status": {"title": "Status", "type": "integer"},
        "detail": {"title": "Detail", "description": "What went wrong; a text for most errors."},
        "event_id": {
            "title": "Event ID",
            "description": "What to quote: the event that tells of this failure.",
            "type": "string",
        },
        "errors": {
            "title": "Errors",
            "description": "The parts of the request that are not valid.",
            "type": "array",
            "items": {
                "type": "object",
                "required": ["loc", "msg", "type"],
                "properties": {
                    "loc": {
                        "title": "Location",
                        "type": "array",
                        "items": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
                    },
                    "msg": {"title": "Message", "type": "string"},
                    "type": {"title": "Error Type", "type": "string"},
                },
            },
        },
    },
}
_CONTENT: Final = {"application/problem+json": {"schema": {"$ref": _REF + _NAME}}}
_FASTAPIS: Final = {"application/json": {"schema": {"$ref": _REF + "HTTPValidationError"}}}


def document_problems(app: FastAPI) -> None:
    """Have `app.openapi()` tell of the errors of every route, whenever it is added.

    What a route says of a status itself stays; without a `content` it gets that of a problem.
    """
    build = app.openapi

    def openapi() -> dict[str, Any]:
        schema = build()
        schemas = schema.setdefault("components", {}).setdefault("schemas", {})
        if _NAME not in schemas:  # FastAPI keeps what it built
            schemas[_NAME] = _PROBLEM
            for path, operations in schema["paths"].items():
                for operation in operations.values():
                    _document(path, operation)
            for name in ("HTTPValidationError", "ValidationError"):
                if f'"{_REF}{name}"' not in json.dumps(schema):
                    schemas.pop(name, None)
        return schema

    # As in FastAPI's "Extending OpenAPI".
    app.openapi = openapi  # type: ignore[method-assign]


def _document(path: str, operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    possible = {400: "requestBody" in operation, 404: "{" in path, 500: True}
    for status in (status for status, is_possible in possible.items() if is_possible):
        if not {str(status), f"{status // 100}XX", "default"} & responses.keys():
            responses[str(status)] = {"description": phrases[status]}
    for status, response in responses.items():
        if status[0] in "45" and response.get("content") in (None, _FASTAPIS):
            response["content"] = _CONTENT
    operation["responses"] = dict(sorted(responses.items()))
