"""The service's own settings, on top of the standard's. Each is an environment variable."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from app.observability import ANSWERS, SentrySettings

LogLevel = Annotated[
    Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(str.upper)
]


class Settings(SentrySettings):
    log_level: LogLevel = "INFO"
    database_url: str = Field(default=ANSWERS["database_url"], repr=False)
