"""The viewer that runs on this machine, if one does."""

import http.client
import sys
from typing import Final

from ..settings import SentrySettings

HOST: Final = "127.0.0.1"
_SECONDS: Final = 1.0  # for a process of this machine to answer


def dsn(port: int) -> str:
    """Return what a service sends to a viewer by. It takes any key, and any project."""
    return f"http://viewer@{HOST}:{port}/1"


def variables(settings: SentrySettings, port: int) -> dict[str, str]:
    """Return what makes a service of `local` without a DSN send to the viewer: all that it shows.

    Empty if there is none, or elsewhere. What it does is told on stderr, in one line.
    """
    if settings.sentry_dsn or settings.environment != "local":
        return {}
    if not _answers(port):
        do = "make viewer, then make run again"
        print(f"No SENTRY_DSN: nothing is sent. To see it here: {do}", file=sys.stderr)
        return {}
    print(f"Sending to the viewer: http://localhost:{port}", file=sys.stderr)
    all_of_it = {"SENTRY_TRACES_SAMPLE_RATE": "1", "SENTRY_LOG_LEVEL": "info"}
    chosen = {name for name in all_of_it if name.lower() in settings.model_fields_set}
    return {"SENTRY_DSN": dsn(port)} | {k: v for k, v in all_of_it.items() if k not in chosen}


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=_SECONDS)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().read(16) == b"OK"
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
