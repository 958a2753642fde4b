from alembic import command
from alembic.config import Config


def test_migrations_make_the_tables_of_the_models(migrations: Config) -> None:
    command.upgrade(migrations, "head")
    command.check(migrations)


def test_migrations_can_be_undone(migrations: Config) -> None:
    command.upgrade(migrations, "head")
    command.downgrade(migrations, "base")
    command.upgrade(migrations, "head")
