"""The service's own settings, on top of the standard's. Each is an environment variable."""

from typing import Literal

from app.observability import SentrySettings


class Settings(SentrySettings):
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
