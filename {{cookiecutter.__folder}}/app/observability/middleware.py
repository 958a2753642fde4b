"""Every request passes here: unhandled errors are reported and answered; shutdown delivers."""

import asyncio
import logging
from typing import Final

import sentry_sdk
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .capture import report
from .problems import Problem

logger = logging.getLogger(__name__)

FLUSH_SECONDS: Final = 5.0


class ErrorMiddleware:
    """Answers an unhandled error with a problem that names its event.

    It stands where the framework would answer 500 by itself; there the id isn't known yet.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, _flushing(send))
            return
        started = False

        async def noticing_send(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, noticing_send)
        except Exception as error:
            event_id = report(error, handled=False)
            if started or scope["type"] != "http":
                raise
            logger.error("Unhandled error", exc_info=error, extra={"event_id": event_id})
            await Problem(500, event_id=event_id)(scope, receive, send)


def _flushing(send: Send) -> Send:
    # The server ends the process by a signal, so that the SDK's own `atexit` never runs.
    async def flush_at_shutdown(message: Message) -> None:
        if message["type"].startswith("lifespan.shutdown."):
            await asyncio.to_thread(sentry_sdk.flush, FLUSH_SECONDS)
        await send(message)

    return flush_at_shutdown
