"""How bad a database's error is: whether the database is gone, or one statement failed."""

import sqlite3

from sqlalchemy.exc import DBAPIError

from app.observability import Severity

# https://www.sqlite.org/rescode.html: the file can't be opened, read or written.
_UNUSABLE = {
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_PERM,
}
# https://www.postgresql.org/docs/current/errcodes-appendix.html: connection exceptions, lack of
# resources (connections, disk, memory), shutdown, errors of the system. Not 57014, a cancelled
# query.
_OUT_OF_REACH = ("08", "53", "57P", "58")


def severity_of(error: BaseException) -> Severity | None:
    """Return P1 if the database can't be reached or used, None for any other error."""
    if not isinstance(error, DBAPIError):
        return None
    gone = error.connection_invalidated
    if code := getattr(error.orig, "sqlite_errorcode", None):
        gone = code & 0xFF in _UNUSABLE  # the rest says more of it
    elif state := getattr(error.orig, "sqlstate", None):
        gone = gone or state.startswith(_OUT_OF_REACH)
    elif hasattr(error.orig, "sqlstate"):
        # psycopg has no code for what fails on the way to the server, or while it logs in.
        gone = gone or error.statement is None
    return Severity.P1 if gone else None
