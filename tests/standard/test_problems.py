"""What a client reads of an error, and what OpenAPI says of it."""

import json
import warnings
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, HTTPException
from fastapi.exceptions import RequestValidationError
from fastapi.testclient import TestClient
from pydantic import BaseModel

from app.observability import Problem, SentrySettings, install

from .failing_app import Interrupting

PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/HTTPProblem"}}}


def answer_to(error: Callable[[], Exception]) -> Any:
    app = FastAPI()
    install(app, SentrySettings(sentry_dsn=""))

    @app.get("/")
    def fail() -> None:
        raise error()

    return TestClient(app).get("/")


@pytest.mark.parametrize(
    ("status", "title"),
    [
        (404, "Not Found"),
        (420, "Client Error"),
        (460, "Client Error"),
        (499, "Client Error"),
        (503, "Service Unavailable"),
        (520, "Server Error"),
        (599, "Server Error"),
    ],
)
def test_any_status_is_answered(status: int, title: str) -> None:
    answer = answer_to(lambda: HTTPException(status, "so it is", {"Retry-After": "7"}))
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"] == "7"
    members = {"type": "about:blank", "title": title, "status": status, "detail": "so it is"}
    assert answer.json() == members


@pytest.mark.parametrize("status", [204, 205, 304])
def test_some_answers_have_no_body(status: int) -> None:
    answer = answer_to(lambda: HTTPException(status, "not told", {"ETag": "x"}))
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (status, b"", "x")
    assert "content-type" not in answer.headers
    assert answer.headers.get("content-length", "0") == "0"


class Reason(BaseModel):
    code: int


class Unwritable:
    def __str__(self) -> str:
        raise RuntimeError


ENDLESS: list[Any] = []
ENDLESS.append(ENDLESS)


@pytest.mark.parametrize(
    ("detail", "written"),
    [
        ({"code": 17, "until": date(2031, 5, 1)}, {"code": 17, "until": "2031-05-01"}),
        ([1, {"a": None}], [1, {"a": None}]),
        (date(2031, 5, 1), "2031-05-01"),
        (Reason(code=17), {"code": 17}),
        (ValueError("no room"), "no room"),
        (float("nan"), None),
        (0, 0),
        ("half of a pair: \ud800", "half of a pair: ?"),
        ({"deep": ["\udfff"]}, {"deep": ["?"]}),
        ("한글 👩‍👩‍👧 \0", "한글 👩‍👩‍👧 \0"),
        # What can't be written is left out.
        ({"\ud800": 1}, None),
        (b"\xff", None),
        (ENDLESS, None),
        (Unwritable(), None),
        (Interrupting(), None),
        ("", None),
    ],
)
def test_any_detail_is_answered(detail: Any, written: Any) -> None:
    answer = answer_to(lambda: HTTPException(409, detail))
    assert answer.status_code == 409
    assert answer.json().get("detail") == written


def test_a_method_that_is_not_allowed_says_which_are() -> None:
    app = FastAPI()
    install(app, SentrySettings(sentry_dsn=""))
    app.get("/")(lambda: None)
    answer = TestClient(app).post("/")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    assert answer.json()["title"] == "Method Not Allowed"


def test_what_is_not_valid_is_told_without_the_value() -> None:
    app = FastAPI()
    install(app, SentrySettings(sentry_dsn=""))

    @app.post("/")
    def take(reason: Reason) -> None:
        pass

    answer = TestClient(app).post(
        "/",
        content=rb'{"code": "hunter2\ud800"}',
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 422
    assert answer.json()["detail"] == "The request is not valid."
    assert [part["loc"] for part in answer.json()["errors"]] == [["body", "code"]]
    assert "hunter2" not in answer.text


@pytest.mark.parametrize(
    ("errors", "told"),
    [
        ([{"msg": "no", "loc": ["body"]}], [{"loc": ["body"], "msg": "no"}]),
        (({"type": "taken", "input": "hunter2"},), [{"type": "taken"}]),
        (["hunter2", {}], [{}]),
        ("hunter2", []),
        (None, []),
    ],
)
def test_what_a_team_says_is_not_valid_is_told_as_far_as_it_goes(errors: Any, told: Any) -> None:
    answer = answer_to(lambda: RequestValidationError(errors))
    assert (answer.status_code, answer.json()["errors"]) == (422, told)
    assert "hunter2" not in answer.text


def documented(add: Callable[[FastAPI], None]) -> dict[str, Any]:
    """The OpenAPI document, as a client gets it, of an app with some routes."""
    app = FastAPI()
    install(app, SentrySettings(sentry_dsn=""))
    add(app)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        document: dict[str, Any] = TestClient(app).get("/openapi.json").json()
    return document


def test_openapi_says_which_errors_a_route_answers() -> None:
    def add(app: FastAPI) -> None:
        router = APIRouter(prefix="/rooms")
        router.get("")(lambda: None)
        router.get("/{room}")(lambda room: None)

        @router.post("")
        def create(reason: Reason) -> None:
            pass

        app.include_router(router)

    document = documented(add)
    rooms, room = document["paths"]["/rooms"], document["paths"]["/rooms/{room}"]
    assert list(rooms["get"]["responses"]) == ["200", "500"]
    assert list(rooms["post"]["responses"]) == ["200", "400", "422", "500"]
    assert list(room["get"]["responses"]) == ["200", "404", "422", "500"]
    for operation in (rooms["get"], rooms["post"], room["get"]):
        errors = {**operation["responses"]}
        del errors["200"]
        assert all(error["content"] == PROBLEM for error in errors.values())
    assert "HTTPValidationError" not in json.dumps(document)
    assert set(document["components"]["schemas"]) == {"HTTPProblem", "Reason"}
    assert rooms["post"]["responses"]["400"]["description"] == "Bad Request"
    problem = document["components"]["schemas"]["HTTPProblem"]
    assert problem["required"] == ["type", "title", "status"]
    assert {"detail", "event_id", "errors"} < set(problem["properties"])


def test_openapi_keeps_what_a_team_says_itself() -> None:
    class ValidationError(BaseModel):  # also the name of one of FastAPI's own
        code: int

    def add(app: FastAPI) -> None:
        own: dict[int | str, dict[str, Any]] = {
            404: {"description": "Nobody is there."},
            409: {"model": ValidationError},
            422: {"description": "No room.", "content": {"text/plain": {}}},
            "5XX": {"description": "Ours."},
        }
        app.get("/{room}", responses=own)(lambda room: None)
        any_other: dict[int | str, dict[str, Any]] = {"default": {"description": "Any other."}}
        app.get("/any/{room}", responses=any_other)(lambda room: None)

    document = documented(add)
    responses = document["paths"]["/{room}"]["get"]["responses"]
    assert list(responses) == ["200", "404", "409", "422", "5XX"]
    assert responses["404"] == {"description": "Nobody is there.", "content": PROBLEM}
    assert list(responses["409"]["content"]) == ["application/json"]
    assert responses["422"]["content"] == {"text/plain": {}}
    assert responses["5XX"] == {"description": "Ours.", "content": PROBLEM}
    assert set(document["paths"]["/any/{room}"]["get"]["responses"]) == {"200", "default"}
    assert document["components"]["schemas"]["ValidationError"]["properties"].keys() == {"code"}


def test_openapi_knows_routes_that_are_added_later() -> None:
    app = FastAPI()
    install(app, SentrySettings(sentry_dsn=""))
    client = TestClient(app)
    assert client.get("/openapi.json").json()["paths"] == {}
    app.get("/later")(lambda: None)
    assert "500" in client.get("/openapi.json").json()["paths"]["/later"]["get"]["responses"]


def test_a_problem_of_a_teams_own() -> None:
    answer = Problem(409, "Taken.", {"ETag": "x"}, by="Ada", until=None)
    assert json.loads(bytes(answer.body)) == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "detail": "Taken.",
        "by": "Ada",
    }
    assert bytes(answer.body).startswith(b'{"type":"about:blank","title":"Conflict",')
    assert (answer.status_code, answer.headers["etag"]) == (409, "x")
