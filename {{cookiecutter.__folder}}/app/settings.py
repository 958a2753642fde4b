"""The service's own settings, on top of the standard's. Each is an environment variable."""

from typing import Literal

from pydantic import Field

from app.observability import ANSWERS, SentrySettings


class Settings(SentrySettings):
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    database_url: str = Field(default=ANSWERS["database_url"], repr=False)
