import pytest
from fastapi.testclient import TestClient

MESSAGE = {"persona": "mentor", "text": "How do I give feedback?"}


def test_a_message_is_kept(client: TestClient) -> None:
    created = client.post("/api/messages", json=MESSAGE)
    assert created.status_code == 201
    message_id = created.json()["id"]
    assert client.get(f"/api/messages/{message_id}").json() == {"id": message_id, **MESSAGE}


def test_an_unknown_message_is_a_problem(client: TestClient) -> None:
    answer = client.get("/api/messages/4711")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "There is no message 4711.",
    }


def test_an_invalid_message_says_what_is_wrong(client: TestClient) -> None:
    answer = client.post("/api/messages", json={"persona": "mentor", "text": ""})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["loc"] == ["body", "text"]
    assert "at least 1 character" in error["msg"]


@pytest.mark.parametrize("message_id", ["0", "-1", str(2**31), str(2**63), "9" * 5_000, "x"])
def test_an_impossible_id_is_refused(client: TestClient, message_id: str) -> None:
    assert client.get(f"/api/messages/{message_id}").status_code in {404, 422}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (rb'{"persona": "\ud800", "text": "x"}', 422),
        (b'{"persona": "mentor", "text": ' + b"9" * 5_000 + b"}", 400),
        (b"\xff", 400),
        (b"[" * 100_000, 400),
        (b"{", 422),
    ],
    ids=["half of a pair", "5,000 digits", "no UTF-8", "too deep", "begun"],
)
def test_a_body_that_is_no_message_is_refused(client: TestClient, body: bytes, status: int) -> None:
    answer = client.post(
        "/api/messages", content=body, headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["status"]) == (status, status)


def test_openapi_tells_of_the_errors(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert list(paths["/api/messages"]["post"]["responses"]) == ["201", "400", "422", "500"]
    assert list(paths["/api/messages/{message_id}"]["get"]["responses"]) == [
        "200",
        "404",
        "422",
        "500",
    ]
