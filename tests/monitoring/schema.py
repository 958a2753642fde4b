"""Sentry's published schema, if there is one: whether requests and answers are what it says.

It is not ours to ship. SENTRY_OPENAPI says where it is; without it nothing is checked here, and
`test_the_schema_was_checked` is skipped and says so.
"""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

from openapi_core import Config, OpenAPI
from openapi_core.templating.paths.finders import APICallPathFinder
from openapi_core.testing import MockRequest, MockResponse

from demo.sentry_api import Exchange

HOST = "https://us.sentry.io"  # one of the schema's servers
_REPO = "/api/0/projects/{organization_id_or_slug}/{project_id_or_slug}/repo/"
_NAMES = ("id", "projectId", "repositoryId", "repoName", "source")


@cache
def schema() -> OpenAPI | None:
    """Load it once; that the schema itself is a right one is not our concern."""
    file = os.environ.get("SENTRY_OPENAPI")
    if not file:
        return None
    known = json.loads(Path(file).read_text("utf-8"))
    _add_the_list_of_repositories(known["paths"][_REPO])
    return OpenAPI.from_dict(known, config=Config(spec_validator_cls=None))


def _add_the_list_of_repositories(path: dict[str, Any]) -> None:
    """Published after the schema of August 2026, which knows how to link one only.

    docs.sentry.io/api/projects/list-repositories-linked-to-a-project, and the answer's names by
    project_repository.py of getsentry/sentry.
    """
    one = {
        "type": "object",
        "required": [*_NAMES, "providerKey"],
        "properties": {
            **{name: {"type": "string"} for name in _NAMES},
            "providerKey": {"type": "string", "nullable": True},
        },
    }
    many = {"application/json": {"schema": {"type": "array", "items": one}}}
    scopes = ["project:admin", "project:read", "project:write"]
    path.setdefault(
        "get",
        {
            "operationId": "listProjectRepositories",
            "parameters": path["post"]["parameters"],
            "security": [{"auth_token": scopes}],
            "responses": {"200": {"description": "", "content": many}},
        },
    )


def scopes(method: str, path: str) -> set[str]:
    """The scopes of which the schema asks for one."""
    openapi = schema()
    assert openapi
    found = APICallPathFinder(openapi.spec).find(method.lower(), f"{HOST}{path}")
    asked = (found.operation / "security").read_value()
    return {scope for one in asked for scope in one["auth_token"]}


def schema_errors(exchange: Exchange) -> list[str]:
    """Say what the schema has against a request, and against its answer if that is a success."""
    if not (openapi := schema()):
        return []
    body = None if exchange.body is None else json.dumps(exchange.body).encode()
    request = MockRequest(
        HOST,
        exchange.method,
        exchange.path,
        args=exchange.query,
        headers={"Authorization": "Bearer x"},
        data=body,
    )
    errors = list(openapi.iter_request_errors(request))
    if exchange.status in (200, 201):
        answer = MockResponse(json.dumps(exchange.answer).encode(), exchange.status)
        errors += openapi.iter_response_errors(request, answer)
    return [
        f"{exchange.method} {exchange.path} {list(getattr(detail, 'absolute_path', []))}: "
        f"{getattr(detail, 'message', detail)}"
        for error in errors
        for detail in getattr(error.__cause__, "schema_errors", [error.__cause__ or error])
    ]
