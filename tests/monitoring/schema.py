"""Sentry's published schema, if there is one: whether requests and answers are what it says.

It is not ours to ship. SENTRY_OPENAPI says where it is; without it nothing is checked here, and
`test_the_schema_was_checked` is skipped and says so.
"""

import json
import os
from functools import cache
from pathlib import Path

from openapi_core import Config, OpenAPI
from openapi_core.testing import MockRequest, MockResponse

from demo.sentry_api import Exchange

HOST = "https://us.sentry.io"  # one of the schema's servers


@cache
def schema() -> OpenAPI | None:
    """Load it once; that the schema itself is a right one is not our concern."""
    file = os.environ.get("SENTRY_OPENAPI")
    if not file:
        return None
    return OpenAPI.from_dict(
        json.loads(Path(file).read_text("utf-8")), config=Config(spec_validator_cls=None)
    )


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
