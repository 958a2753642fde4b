"""Structured logs: use `logging.getLogger(__name__)` anywhere, and `extra=` for facts.

One JSON object a line, or coloured text while you develop.
"""

import logging.config
import sys

from structlog.dev import ConsoleRenderer, plain_traceback
from structlog.processors import ExceptionRenderer, JSONRenderer, TimeStamper
from structlog.stdlib import ExtraAdder, ProcessorFormatter, add_log_level, add_logger_name
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict, Processor, WrappedLogger

from app.observability import add_trace_id
from app.settings import Settings


def configure_logging(settings: Settings) -> None:
    """Send all log records, uvicorn's included, to standard output in one form."""
    last_steps: list[Processor] = (
        # Without the variables of every frame, which both renderers would add: they hold secrets.
        [ConsoleRenderer(colors=sys.stdout.isatty(), exception_formatter=plain_traceback)]
        if settings.environment == "local"
        else [ExceptionRenderer(ExceptionDictTransformer(show_locals=False)), JSONRenderer()]
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "structured": {
                    "()": ProcessorFormatter,
                    "foreign_pre_chain": [
                        add_logger_name,
                        add_log_level,
                        ExtraAdder(),
                        TimeStamper(fmt="iso", utc=True),
                        add_trace_id,
                        _drop_duplicate,
                    ],
                    "processors": [
                        ProcessorFormatter.remove_processors_meta,
                        *last_steps,
                    ],
                }
            },
            "handlers": {
                "stdout": {
                    "class": "logging.StreamHandler",
                    "stream": "ext://sys.stdout",
                    "formatter": "structured",
                }
            },
            "root": {"handlers": ["stdout"], "level": settings.log_level},
            "loggers": {
                # uvicorn gives these handlers of their own.
                name: {"handlers": [], "propagate": True}
                for name in ("uvicorn", "uvicorn.error", "uvicorn.access")
            },
        }
    )


def _drop_duplicate(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    event.pop("color_message", None)  # uvicorn's message once more
    return event
