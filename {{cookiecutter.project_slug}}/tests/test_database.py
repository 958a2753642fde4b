import asyncio
import threading
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError

from app.db import connect
from app.db.errors import severity_of
from app.main import create_app
from app.settings import Settings


def failure(url: str, *statements: str, **parameters: Any) -> DBAPIError:
    """The error that one of the statements ends with."""

    async def execute() -> None:
        try:
            async with connect(url) as sessions, sessions() as session:
                for statement in statements:
                    await session.execute(text(statement), parameters)
        finally:
            await asyncio.to_thread(wait_for_drivers)

    try:
        asyncio.run(execute())
    except DBAPIError as error:
        return error
    raise AssertionError("nothing failed")


def wait_for_drivers() -> None:
    """aiosqlite has a thread for each connection, which tells the loop of its end."""
    for thread in threading.enumerate():
        if "connection_worker" in thread.name:
            thread.join(10)


def elsewhere(url: str, **parts: Any) -> str:
    """The URL with other parts."""
    return make_url(url).set(**parts).render_as_string(hide_password=False)


def test_a_database_out_of_reach_is_p1(
    database_url: str, captured_events: list[dict[str, Any]]
) -> None:
    app = create_app(Settings(database_url=elsewhere(database_url, database="not/there")))
    with TestClient(app) as client:
        answer = client.get("/readyz")
    [event] = captured_events
    assert answer.status_code == 500
    assert answer.json()["event_id"] == event["event_id"]
    assert (event["level"], event["tags"]["priority"]) == ("fatal", "P1")


def test_a_table_that_is_not_there_is_p2(
    database_url: str, captured_events: list[dict[str, Any]]
) -> None:
    with TestClient(create_app(Settings(database_url=database_url))) as client:
        assert client.get("/readyz").status_code == 200
        assert client.get("/api/messages/1").status_code == 500
    [event] = captured_events
    assert (event["level"], event["tags"]["priority"]) == ("error", "P2")


def test_one_statement_that_fails_is_nothing_special(database_url: str) -> None:
    assert severity_of(failure(database_url, "SELECT * FROM nothing_there")) is None
    assert severity_of(failure(database_url, "SELECTED 1")) is None
    assert severity_of(ValueError("no error of a database")) is None


def test_what_a_column_cannot_hold_is_refused(client: TestClient) -> None:
    for message in ({"persona": "\0", "text": "x"}, {"persona": "mentor", "text": "a\0b"}):
        answer = client.post("/api/messages", json=message)
        assert (answer.status_code, answer.json()["errors"][0]["loc"][0]) == (422, "body")
    for message_id in (0, 2**31, 2**63):
        assert client.get(f"/api/messages/{message_id}").status_code == 422
