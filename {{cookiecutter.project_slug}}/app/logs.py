"""Structured logs: `logging.getLogger(__name__)` with `extra=` for facts, or structlog's loggers.

One JSON object a line, or coloured text while you develop.
"""

import logging.config
import sys

import structlog
from structlog.contextvars import merge_contextvars
from structlog.dev import ConsoleRenderer, plain_traceback
from structlog.processors import ExceptionRenderer, JSONRenderer, TimeStamper
from structlog.stdlib import (
    BoundLogger,
    ExtraAdder,
    LoggerFactory,
    ProcessorFormatter,
    add_log_level,
    add_logger_name,
    render_to_log_args_and_kwargs,
)
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict, Processor, WrappedLogger

from app.observability import add_trace_id
from app.settings import Settings

# What `logging` refuses as a name in `extra`.
_TAKEN = {*vars(logging.makeLogRecord({})), "message", "asctime"} - {"exc_info", "stack_info"}


def configure_logging(settings: Settings) -> None:
    """Send all log records, uvicorn's and structlog's included, to standard output in one form."""
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
    # Made into what `logging` would have made, with the key-values as `extra`: whatever sees log
    # records sees these, too.
    structlog.configure(
        processors=[merge_contextvars, _rename_taken, render_to_log_args_and_kwargs],
        wrapper_class=BoundLogger,
        logger_factory=LoggerFactory(),
    )


def _rename_taken(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    for name in [name for name in event if name in _TAKEN]:
        event[f"{name}_"] = event.pop(name)
    event.setdefault("event", "")  # structlog can do without, `logging` can't
    return event


def _drop_duplicate(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    event.pop("color_message", None)  # uvicorn's message once more
    return event
