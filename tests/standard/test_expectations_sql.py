"""The SDK's expectations of SQLAlchemy: see expectations.py."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sentry_sdk
from fastapi import FastAPI
from sentry_sdk.traces import start_span
from sqlalchemy import String, create_engine, insert, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

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


@table.met
def a_sync_engine_is_seen_too(seen: Seen) -> None:
    """Statements of the ORM leave spans with system, driver and namespace of the database."""
    with start_span("outer"), _session() as session:
        session.query(Person).first()
    told = _sync_spans(seen)[-1]["attributes"]
    assert told["db.system.name"] == "sqlite"
    assert told["db.driver.name"] == "pysqlite"
    assert told["db.namespace"] == ":memory:"
    assert "server.port" not in told


@table.met
def savepoints_are_spans(seen: Seen) -> None:
    """Savepoints, their release and their rollback are spans in their order; so is what fails."""
    with start_span("outer"), _session() as session:
        with session.begin_nested():
            session.query(Person).first()
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(insert(Person), [{"id": 1, "name": "bob"}] * 2)
    names = [span["name"].split(" (")[0].split(" sa_")[0] for span in _sync_spans(seen)]
    names = ["SELECT" if name.startswith("SELECT") else name for name in names]
    assert names[-6:] == [
        *("SAVEPOINT", "SELECT", "RELEASE SAVEPOINT"),
        *("SAVEPOINT", "INSERT INTO expected_people", "ROLLBACK TO SAVEPOINT"),
    ]


@table.met
def many_rows_are_one_breadcrumb(seen: Seen) -> None:
    """`executemany` is one breadcrumb that says so, without its values."""
    with _session() as session:
        session.execute(insert(Person), [{"id": n, "name": "ohno"} for n in (1, 2)])
    capture_error(ValueError())
    [crumb] = [
        crumb
        for crumb in seen.event["breadcrumbs"]["values"]
        if crumb["message"].startswith("INSERT")
    ]
    assert crumb["category"] == "query"
    assert crumb["data"]["db.executemany"] is True
    assert "ohno" not in str(seen.event)


@table.met
def an_engine_without_url_is_outlived(seen: Seen) -> None:
    """An engine whose URL can't be told has spans without namespace."""
    with start_span("outer"), _session(url=None) as session:
        session.query(Person).first()
    assert "db.namespace" not in _sync_spans(seen)[-1]["attributes"]


@table.met
def a_dialect_whose_name_is_no_text_is_outlived(seen: Seen) -> None:
    """An engine whose dialect's name is no string loses no statement."""
    with start_span("outer"), _session(name=b"sqlite") as session:
        session.query(Person).first()
    assert _sync_spans(seen)[-1]["name"].startswith("SELECT")


@table.met
def the_place_can_be_switched_off(seen: Seen) -> None:
    """A threshold that no statement reaches leaves out every place."""
    sentry_sdk.get_client().options["db_query_source_threshold_ms"] = 60_000
    with start_span("outer"), _session() as session:
        session.query(Person).first()
    assert "code.line.number" not in _sync_spans(seen)[-1]["attributes"]


@table.met
def a_slow_statement_of_a_sync_engine_has_its_place(seen: Seen) -> None:
    """Without asyncio, too, a statement over the threshold tells file, function and line."""
    sentry_sdk.get_client().options["db_query_source_threshold_ms"] = 0
    with start_span("outer"), _session() as session:
        session.query(Person).first()
    told = _sync_spans(seen)[-1]["attributes"]
    assert told["code.file.path"] == "tests/standard/test_expectations_sql.py"
    assert told["code.function"] == "a_slow_statement_of_a_sync_engine_has_its_place"


@contextmanager
def _session(**changes: Any) -> Iterator[Session]:
    engine = create_engine("sqlite:///:memory:")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        if "url" in changes:
            engine.url = changes["url"]
        if "name" in changes:
            engine.dialect.name = changes["name"]
        yield session
    engine.dispose()


def _sync_spans(seen: Seen) -> list[dict[str, Any]]:
    spans = seen.transport.spans()
    return [span for span in spans if span["attributes"]["sentry.origin"] == "auto.db.sqlalchemy"]


@pytest.mark.parametrize("row", table.rows)
def test_expectation(seen: Seen, row: Row) -> None:
    row(seen)
