"""Which errors of SQLite mean that the database is gone."""

import sqlite3
from contextlib import closing
from pathlib import Path

from app.db.errors import severity_of
from app.observability import Severity
from tests.test_database import failure

URL = "sqlite+aiosqlite:///"


def test_a_file_that_is_no_database_is_p1(tmp_path: Path) -> None:
    file = tmp_path / "text.db"
    file.write_text("This is a text. " * 100)
    assert severity_of(failure(f"{URL}{file}", "SELECT * FROM sqlite_master")) is Severity.P1


def test_a_damaged_file_is_p1(tmp_path: Path) -> None:
    file = tmp_path / "damaged.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE t (a)")
        connection.executemany("INSERT INTO t VALUES (?)", [("x" * 500,)] * 100)
        connection.commit()
    pages = file.read_bytes()
    file.write_bytes(pages[:4096] + b"\xff" * (len(pages) - 4096))
    assert severity_of(failure(f"{URL}{file}", "SELECT * FROM t")) is Severity.P1


def test_a_full_disk_is_p1(database_url: str) -> None:
    grow = "CREATE TABLE t AS SELECT zeroblob(1000000)"
    assert severity_of(failure(database_url, "PRAGMA max_page_count = 2", grow)) is Severity.P1


def test_a_locked_database_is_nothing_special(tmp_path: Path) -> None:
    file = tmp_path / "locked.db"
    with closing(sqlite3.connect(file)) as other:
        other.execute("BEGIN EXCLUSIVE")
        error = failure(f"{URL}{file}?timeout=0", "CREATE TABLE t (a)")
    assert "locked" in str(error)
    assert severity_of(error) is None
