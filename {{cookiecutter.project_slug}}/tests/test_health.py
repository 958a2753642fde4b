import pytest
from fastapi.testclient import TestClient

from app.settings import Settings


def test_alive(client: TestClient) -> None:
    release = Settings().sentry_release
    assert client.get("/healthz").json() == {"status": "ok", "release": release}


def test_ready(client: TestClient) -> None:
    assert client.get("/readyz").json() == {"status": "ok"}


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_may_ask_with_head(client: TestClient, path: str) -> None:
    answer = client.head(path)
    assert (answer.status_code, answer.content) == (200, b"")
    assert list(client.get("/openapi.json").json()["paths"][path]) == ["get"]
