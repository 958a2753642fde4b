"""The service's own settings, on top of the standard's. Each is an environment variable."""

from typing import Annotated, Literal

from pydantic import BeforeValidator

from app.observability import SentrySettings

LogLevel = Annotated[
    Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(str.upper)
]


class Settings(SentrySettings):
    log_level: LogLevel = "INFO"
