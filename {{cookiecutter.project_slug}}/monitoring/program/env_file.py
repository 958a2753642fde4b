"""The service's `.env`, which gets the project's DSN: its mode and its other lines stay."""

import os
from collections.abc import Callable

from dotenv import dotenv_values, set_key

from .failure import Exit, Failure
from .watch import WATCH_FILE

ENV_FILE = WATCH_FILE.parents[1] / ".env"
_NAME = "SENTRY_DSN"


def wants_dsn() -> bool:
    """Return whether a DSN is missing. Not in CI, where `.env` is never there nor needed."""
    return not _dsn() and not ("CI" in os.environ and not ENV_FILE.exists())


def other_dsn(of_project: Callable[[], str]) -> str | None:
    """Return a remark if another project's DSN is there; it may be on purpose, so it stays."""
    mine = _dsn()
    if mine and mine != of_project():
        return ".env has another DSN than this project's. It stays; empty it to get this one."
    return None


def write_dsn(dsn: str) -> None:
    """Write the DSN. A new file is readable by nobody else. Raises Failure."""
    try:
        set_key(ENV_FILE, _NAME, dsn, quote_mode="never", follow_symlinks=True)
    except (OSError, ValueError) as error:
        raise Failure(Exit.VARIABLES, f".env can't be written: {error}.") from None


def _dsn() -> str:
    try:
        return (dotenv_values(ENV_FILE, interpolate=False).get(_NAME) or "").strip()
    except (OSError, ValueError) as error:
        raise Failure(Exit.VARIABLES, f".env can't be read: {error}.") from None
