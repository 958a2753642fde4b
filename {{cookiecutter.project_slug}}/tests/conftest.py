"""The application on an empty database of its own, without Sentry."""

import os
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

# Before anything of the app is imported: what a developer has in `.env` must not reach a test.
os.environ.update(ENVIRONMENT="local", SENTRY_DSN="")

from alembic import command
from alembic.config import Config

from app.main import create_app
from app.settings import Settings

pytest_plugins = ["app.observability.testing", "tests.database"]


@pytest.fixture
def migrations(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Config:
    """What alembic's commands take, on an empty database."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    return Config(toml_file="pyproject.toml")


@pytest.fixture
def app(migrations: Config) -> FastAPI:
    command.upgrade(migrations, "head")
    return create_app(Settings())


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app) as client:
        yield client
