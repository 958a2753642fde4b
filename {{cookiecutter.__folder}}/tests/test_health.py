from fastapi.testclient import TestClient


def test_alive(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


def test_ready(client: TestClient) -> None:
    assert client.get("/readyz").json() == {"status": "ok"}
