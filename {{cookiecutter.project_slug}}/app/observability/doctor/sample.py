"""A service in small, whose one route fails. `sending.py` runs this as if it were the team's code.

So its frames are told as a team's own are: with their source lines and variables.
"""

import logging
from typing import Any

from fastapi import FastAPI, Request

from app.observability import Severity, capture_message, error_scope, span

logger = logging.getLogger("check-sentry")
sample = FastAPI()


@sample.post("/check-sentry/{number}")
async def check_sentry(number: int, request: Request, order: dict[str, Any]) -> None:
    """Log, and send a message and an error. As P4 they page nobody."""
    password = order["password"]
    with error_scope(severity=Severity.P4), span("sample"):
        logger.info("This is a test of check-sentry: a log line, number %s", number)
        capture_message("This is a test of check-sentry: a message. Nothing is wrong")
        assert password, "the variables of this frame are told, this one filtered"
        raise RuntimeError("This is a test of check-sentry: an error. Nothing is wrong")
