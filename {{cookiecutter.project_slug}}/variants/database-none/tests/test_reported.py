"""How to test what Sentry gets: `captured_events` has each event as it would leave the service."""

from typing import Any
from unittest.mock import MagicMock

import pytest
from fastapi.testclient import TestClient

MESSAGE = {"persona": "mentor", "text": "How do I give feedback?"}


def test_a_message_that_cannot_be_kept_is_reported(
    client: TestClient, captured_events: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    full = MagicMock(**{"append.side_effect": OSError("no space left")})
    monkeypatch.setattr("app.api.messages._messages", full)
    answer = client.post("/api/messages", json=MESSAGE)
    [event] = captured_events
    assert (answer.status_code, answer.json()["event_id"]) == (500, event["event_id"])
    assert event["exception"]["values"][-1]["value"] == "no space left"
    assert event["tags"] == {"persona": "mentor", "priority": "P2"}


def test_an_unknown_message_is_not(
    client: TestClient, captured_events: list[dict[str, Any]]
) -> None:
    assert client.get("/api/messages/4711").status_code == 404
    assert captured_events == []
