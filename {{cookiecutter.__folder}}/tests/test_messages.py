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
