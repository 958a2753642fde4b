from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import make_url

from app.main import create_app
from app.settings import Settings


def test_a_database_out_of_reach_is_p1(
    database_url: str, captured_events: list[dict[str, Any]]
) -> None:
    url = make_url(database_url).set(database="not/there")
    app = create_app(Settings(database_url=url.render_as_string(hide_password=False)))
    with TestClient(app) as client:
        answer = client.get("/readyz")
    [event] = captured_events
    assert answer.status_code == 500
    assert answer.json()["event_id"] == event["event_id"]
    assert (event["level"], event["tags"]["priority"]) == ("fatal", "P1")
