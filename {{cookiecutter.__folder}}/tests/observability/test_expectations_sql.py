"""The SDK's expectations of SQLAlchemy: see expectations.py."""

import asyncio
from typing import Any

import pytest
import sentry_sdk
from fastapi import FastAPI
from sentry_sdk.traces import start_span
from sqlalchemy import String, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.observability import SentrySettings, capture_error, install
from app.observability.testing import RecordingTransport

from .expectations import Row, Seen, Table

table = Table("SQL")


class Base(DeclarativeBase):
    pass


class Person(Base):
    __tablename__ = "expected_people"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50))


@pytest.fixture
def sentry_settings(sentry_settings: SentrySettings) -> SentrySettings:
    return sentry_settings.model_copy(update={"sentry_traces_sample_rate": 1.0})


@pytest.fixture
def seen(
    sentry_transport: RecordingTransport, sentry_settings: SentrySettings, database_url: str
) -> Seen:
    app = FastAPI()
    install(app, sentry_settings)
    app.state.url = database_url
    return Seen(app, sentry_transport)


def execute(seen: Seen, *statements: str, **parameters: Any) -> None:
    async def run() -> None:
        engine = create_async_engine(seen.app.state.url, hide_parameters=True)
        try:
            async with engine.begin() as connection:
                await connection.run_sync(Base.metadata.create_all)
                for statement in statements:
                    await connection.execute(text(statement), parameters)
        finally:
            await engine.dispose()

    asyncio.run(run())


def statements(seen: Seen) -> list[dict[str, Any]]:
    spans = [span for span in seen.transport.spans() if span["attributes"].get("sentry.op") == "db"]
    return [span for span in spans if "SELECT 1" in span["name"] or "people" in span["name"]]


@table.met
def statements_are_breadcrumbs(seen: Seen) -> None:
    """A statement is a breadcrumb of category `query`, without its parameters."""
    execute(seen, "SELECT * FROM expected_people WHERE name = :name", name="ohno")
    capture_error(ValueError())
    crumbs = [crumb["message"] for crumb in seen.event["breadcrumbs"]["values"]]
    assert any("FROM expected_people WHERE name =" in message for message in crumbs)
    assert "ohno" not in str(seen.event)


@table.met
def statements_in_a_trace_are_spans(seen: Seen) -> None:
    """A statement has a span with the system and the name of its database."""
    with start_span("outer"):
        execute(seen, "SELECT * FROM expected_people")
    [*_, statement] = statements(seen)
    told = statement["attributes"]
    assert told["db.system.name"] in ("sqlite", "postgresql")
    assert told["db.query.text"] == statement["name"] == "SELECT * FROM expected_people"
    assert told["sentry.origin"] == "auto.db.sqlalchemy"


@table.met
def a_statement_that_fails_is_a_failed_span(seen: Seen) -> None:
    """The span of a failing statement says so."""
    with start_span("outer"), pytest.raises(DBAPIError):
        execute(seen, "SELECT 1 FROM nobody_people")
    [*_, statement] = statements(seen)
    assert statement["status"] == "error"


@table.met
def a_long_statement_is_kept(seen: Seen) -> None:
    """A statement of some kilobytes is told whole."""
    columns = ", ".join(f"name AS a_long_name_{number}" for number in range(100))
    with start_span("outer"):
        execute(seen, f"SELECT {columns} FROM expected_people")
    [*_, statement] = statements(seen)
    assert statement["name"].endswith("a_long_name_99 FROM expected_people")


@table.met
def a_quick_statement_has_no_place(seen: Seen) -> None:
    """Only statements that took longer than 100 ms tell the place of their code."""
    with start_span("outer"):
        execute(seen, "SELECT 1")
    [*_, statement] = statements(seen)
    assert "code.line.number" not in statement["attributes"]


@table.met
def a_slow_statement_has_its_place(seen: Seen) -> None:
    """A statement over the threshold tells file, function and line; with asyncio, too."""
    sentry_sdk.get_client().options["db_query_source_threshold_ms"] = 0
    with start_span("outer"):
        execute(seen, "SELECT 1")
    [*_, statement] = statements(seen)
    assert statement["attributes"]["code.function"] == "run"


@table.differs("a statement outside of a request or task is no trace of its own")
def any_statement_begins_a_trace(seen: Seen) -> None:
    """Without an active span a statement becomes a segment."""
    execute(seen, "SELECT 1")
    assert seen.transport.spans() == []


@pytest.mark.parametrize("row", table.rows)
def test_expectation(seen: Seen, row: Row) -> None:
    row(seen)
