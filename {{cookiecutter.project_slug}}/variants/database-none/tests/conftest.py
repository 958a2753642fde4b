"""The application, without Sentry."""

import os
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

# Before anything of the app is imported: what a developer has in `.env` must not reach a test.
os.environ.update(ENVIRONMENT="local", SENTRY_DSN="")

from app.main import create_app
from app.settings import Settings

pytest_plugins = ["app.observability.testing"]


@pytest.fixture
def app() -> FastAPI:
    return create_app(Settings())


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app) as client:
        yield client
