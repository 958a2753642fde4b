"""What traces and errors tell of statements: their shape and their place, not their values."""

import sys
from pathlib import Path
from typing import Any

import pytest
import sentry_sdk
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import create_async_engine

from app.observability import SentrySettings, install, sdk
from app.observability.sdk import query_source
from app.observability.sdk.integrations import integrations
from app.observability.testing import RecordingTransport


@pytest.fixture
def sentry_settings(
    request: pytest.FixtureRequest, sentry_settings: SentrySettings
) -> SentrySettings:
    rate = getattr(request, "param", 1.0)
    return sentry_settings.model_copy(update={"sentry_traces_sample_rate": rate})


@pytest.fixture
def client(
    sentry_transport: RecordingTransport, sentry_settings: SentrySettings, database_url: str
) -> TestClient:
    sentry_sdk.get_client().options["db_query_source_threshold_ms"] = 0
    app = FastAPI()
    install(app, sentry_settings)

    @app.get("/counts/{number}")
    async def counts(number: int) -> int:
        engine = create_async_engine(database_url)
        async with engine.connect() as connection:
            statement = text("SELECT :number + 1, 'hunter2'")
            counted: Any = (await connection.execute(statement, {"number": number})).scalar()
        await engine.dispose()
        if number < 0:
            raise ValueError(number)
        return int(counted)

    return TestClient(app)


def test_a_statement_is_told_with_its_place(
    client: TestClient, sentry_transport: RecordingTransport
) -> None:
    assert client.get("/counts/6").json() == 7
    *_, statement, request = sentry_transport.spans()
    told = statement["attributes"]
    assert told["sentry.op"] == "db"
    assert told["code.file.path"] == "tests/standard/test_sql.py"
    assert told["code.function"] == "counts"
    line = Path(__file__).read_text("utf-8").splitlines()[told["code.line.number"] - 1]
    assert "connection.execute(statement" in line
    assert told["code.namespace"].endswith("test_sql")
    assert told["sentry.segment.name"] == request["name"] == "/counts/{number}"
    assert "hunter2" not in str(statement)
    assert "SELECT" in statement["name"] and "%s" in statement["name"]


@pytest.mark.parametrize("sentry_settings", [0.0, 1.0], indirect=True)
def test_an_error_after_a_statement_tells_of_it_traced_or_not(
    client: TestClient, sentry_transport: RecordingTransport, sentry_settings: SentrySettings
) -> None:
    client.get("/counts/-5")
    [event] = sentry_transport.events
    statements = [c for c in event["breadcrumbs"]["values"] if c.get("category") == "query"]
    [crumb] = [crumb for crumb in statements if "SELECT" in crumb["message"] and "%s" in str(crumb)]
    assert not crumb.get("data")
    assert "hunter2" not in str(event["breadcrumbs"])
    assert bool(sentry_transport.spans()) == (sentry_settings.sentry_traces_sample_rate == 1.0)


@pytest.mark.parametrize("sentry_settings", [0.0, 1.0], indirect=True)
def test_a_statement_that_fails_is_reported_traced_or_not(
    sentry_transport: RecordingTransport, sentry_settings: SentrySettings, database_url: str
) -> None:
    app = FastAPI()
    install(app, sentry_settings)

    @app.get("/broken")
    async def broken() -> None:
        engine = create_async_engine(database_url)
        rows = [{"number": 1}, {"number": 2}]
        try:
            async with engine.begin() as connection:
                await connection.execute(text("CREATE TEMPORARY TABLE numbers (number integer)"))
                await connection.execute(text("INSERT INTO numbers VALUES (:number)"), rows)
                await connection.execute(text("SELECT nothing FROM nowhere"))
        finally:
            await engine.dispose()

    assert TestClient(app).get("/broken").status_code == 500
    [event] = sentry_transport.events
    crumbs = [c for c in event["breadcrumbs"]["values"] if c.get("category") == "query"]
    told = {crumb["message"].split()[0]: crumb.get("data") or {} for crumb in crumbs}
    assert told["INSERT"] == {"db.executemany": True}
    assert told["SELECT"] == {}


def test_sqlalchemy_is_traced_without_its_async_engine(
    sentry_transport: RecordingTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    sentry_sdk.get_client().options["db_query_source_threshold_ms"] = 0
    monkeypatch.setitem(sys.modules, "greenlet", None)  # an import of it fails
    monkeypatch.delitem(sys.modules, query_source.__name__)
    monkeypatch.delattr(sdk, "query_source")
    [wanted] = [one for one in integrations("off", str.__mod__) if one.identifier == "sqlalchemy"]
    without: Any = sys.modules[type(wanted).__module__]
    assert without is not query_source and without.getcurrent is None
    monkeypatch.setattr(query_source, "getcurrent", None)
    engine = create_engine("sqlite://")
    with sentry_sdk.traces.start_span(name="a", parent_span=None), engine.connect() as connection:
        connection.execute(text("SELECT 'hunter2'"))
    engine.dispose()
    statement, _ = sentry_transport.spans()
    assert statement["attributes"]["code.function"] == sys._getframe().f_code.co_name
    assert statement["name"] == "SELECT %s"
