"""Errors as RFC 9457 `application/problem+json`. A 5xx carries the `event_id` to quote."""

import json
from http.client import responses as phrases
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.utils import is_body_allowed_for_status_code
from pydantic_core import to_jsonable_python
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from ..errors import severity
from ..errors.capture import report
from .openapi import document_problems


class Problem(JSONResponse):
    """An error response; members that are None are left out."""

    media_type = "application/problem+json"

    def __init__(
        self, status: int, detail: str | None = None, headers: Any = None, **members: Any
    ) -> None:
        body = {
            "type": "about:blank",
            "title": phrases.get(status) or ("Server Error" if status >= 500 else "Client Error"),
            "status": status,
            "detail": detail,
            **members,
        }
        super().__init__(
            {name: member for name, member in body.items() if member is not None},
            status_code=status,
            headers=headers,
        )
        if not self.body:
            del self.headers["content-type"]

    def render(self, content: dict[str, Any]) -> bytes:
        """Write the members, of whatever types they are: an answer to an error doesn't fail."""
        if not is_body_allowed_for_status_code(self.status_code):
            return b""
        try:
            content = to_jsonable_python(content, inf_nan_mode="null", fallback=str)
        except BaseException:  # of a team's own object, or one without an end
            content = {name: part for name, part in content.items() if isinstance(part, str | int)}
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8", "replace")  # halves of surrogate pairs can't be written


def install_problems(app: FastAPI) -> None:
    """Answer every error, expected or not, as a problem, and say so in OpenAPI."""
    document_problems(app)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(Exception, unanswered)


async def _http_error(request: Request, error: Exception) -> Problem:
    assert isinstance(error, HTTPException)
    failed = error.status_code in severity.failed_statuses
    event_id = report(error) if failed else None
    detail = error.detail if error.detail != "" else None  # for a status without a phrase
    return Problem(error.status_code, detail, error.headers, event_id=event_id)


async def _invalid_request(request: Request, error: Exception) -> Problem:
    assert isinstance(error, RequestValidationError)
    parts = error.errors()  # a team that raises it itself may give it whatever it likes
    parts = parts if isinstance(parts, list | tuple) else []
    # Without `input`: an answer doesn't repeat what may be a password.
    told = ("loc", "msg", "type")
    errors = [{k: part[k] for k in told if k in part} for part in parts if isinstance(part, dict)]
    return Problem(422, "The request is not valid.", errors=errors)


class _Nothing(Response):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        pass


async def unanswered(request: Request, error: Exception) -> Response:
    """Leave an error that nothing handles to middleware.py, which reports it and answers."""
    return _Nothing()
