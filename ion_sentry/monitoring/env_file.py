"""The service's `.env`, which gets the project's DSN: its mode and its other lines stay."""

import os
from collections.abc import Callable
from pathlib import Path

from dotenv import dotenv_values, set_key

from ion_sentry.git import Failure

from .exits import Exit

_NAME = "SENTRY_DSN"


def wants_dsn(file: Path) -> bool:
    """Return whether a DSN is missing. Not in CI, where `.env` is never there nor needed."""
    return not _dsn(file) and not ("CI" in os.environ and not file.exists())


def other_dsn(file: Path, of_project: Callable[[], str]) -> str | None:
    """Return a remark if another project's DSN is there; it may be on purpose, so it stays."""
    mine = _dsn(file)
    if mine and mine != of_project():
        return ".env has another DSN than this project's. It stays; empty it to get this one."
    return None


def write_dsn(file: Path, dsn: str) -> None:
    """Write the DSN. A new file is readable by nobody else. Raises Failure."""
    try:
        set_key(file, _NAME, dsn, quote_mode="never", follow_symlinks=True)
    except (OSError, ValueError) as error:
        raise Failure(f".env can't be written: {error}.", Exit.VARIABLES) from None


def _dsn(file: Path) -> str:
    try:
        return (dotenv_values(file, interpolate=False).get(_NAME) or "").strip()
    except (OSError, ValueError) as error:
        raise Failure(f".env can't be read: {error}.", Exit.VARIABLES) from None
