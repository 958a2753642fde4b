"""The standard's settings: every `SENTRY_…` variable, checked at start-up."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

from .dsn import dsn_problem
from .scrubbing.names import Names
from .service import ANSWERS, default_release


def _split(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return [part.strip() for part in value.split(",") if part.strip()]


def _codes(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    codes: set[int] = set()
    for part in value.split(","):
        first, _, last = part.strip().partition("-")
        last = last or first
        if not (first.isdecimal() and last.isdecimal() and 100 <= int(first) <= int(last) <= 599):
            raise ValueError(
                "write codes and ranges of codes from 100 to 599, like 500-599 or 500,502-504"
            )
        codes |= set(range(int(first), int(last) + 1))
    return codes


Rate = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
# `500-599`, or single codes and ranges with commas between them.
StatusCodes = Annotated[frozenset[int], NoDecode, BeforeValidator(_codes)]
LogLevel = Annotated[
    Literal["off", "debug", "info", "warning", "error", "fatal"], BeforeValidator(str.lower)
]
CommaSeparated = Annotated[list[str], NoDecode, BeforeValidator(_split)]


class SentrySettings(BaseSettings):
    """What the standard needs to know. `app.settings.Settings` adds the service's own variables.

    An empty variable means the default, also where `.env` has a value.
    """

    model_config = SettingsConfigDict(env_file=".env", env_file_encoding="utf-8", extra="ignore")

    environment: str = Field(
        default="local",
        description="where this runs; `local` logs in colour, and can fail on demand",
    )
    sentry_dsn: str = Field(
        default="", repr=False, description="where errors go; empty: Sentry is off"
    )
    sentry_environment: str = Field(
        default="", description="the environment's name in Sentry; empty: `ENVIRONMENT`"
    )
    sentry_release: str = Field(
        default="", description="what is running; empty: `<name>@<version>+<commit>`"
    )
    sentry_error_sample_rate: Rate = Field(
        default=1.0, description="which part of the errors is sent, 0 to 1"
    )
    sentry_traces_sample_rate: Rate = Field(
        default=ANSWERS["traces_sample_rate"],
        description="which part of the requests is traced, about 20 a second and process at most",
    )
    sentry_profile_session_sample_rate: Rate = Field(
        default=ANSWERS["profile_session_sample_rate"],
        description="which part of the processes profiles what it traces; none before Python 3.12",
    )
    sentry_log_level: LogLevel = Field(
        default="off", description="from which level log records go to Sentry Logs"
    )
    sentry_local_variables: Literal["in_app", "off"] = Field(
        default="in_app", description="variables of the service's own frames in errors, or none"
    )
    sentry_request_bodies: bool = Field(
        default=True, description="scrubbed bodies of requests that failed, 64 KiB at most"
    )
    sentry_max_errors_per_minute: int = Field(
        default=60, ge=1, description="of each distinct error and process; ten times that of all"
    )
    sentry_failed_request_status_codes: StatusCodes = Field(
        default=frozenset(range(500, 600)), description="answers that are failures of the service"
    )
    sentry_trace_propagation_targets: CommaSeparated = Field(
        default=[], description="hosts that get trace headers with outgoing requests"
    )
    sentry_untraced_paths: CommaSeparated = Field(
        default=["/healthz", "/readyz"], description="paths that are never traced nor counted"
    )
    sentry_traces_key: str = Field(
        default="",
        repr=False,
        description="services with the same key trace the same requests; empty: the DSN's host",
    )
    sentry_sensitive_keys: CommaSeparated = Field(
        default=[], description="more names whose values are secret; a part of a name is enough"
    )

    @classmethod
    def load(cls) -> Self:
        """Read the environment and `.env`.

        Raises:
            SystemExit: with one line for each variable that is wrong.
        """
        try:
            return cls()
        except ValidationError as error:
            raise SystemExit("\n".join(_explain(cls, error))) from None
        except SettingsError as error:
            raise SystemExit(f"{error}: write it as JSON") from None

    @field_validator("*", mode="before")
    @classmethod
    def _empty_is_default(cls, value: Any, info: ValidationInfo) -> Any:
        if value == "" and info.field_name:
            return cls.model_fields[info.field_name].get_default(call_default_factory=True)
        return value

    @field_validator("sentry_dsn")
    @classmethod
    def _strict_dsn(cls, value: str) -> str:
        if problem := dsn_problem(value):
            raise ValueError(f"it {problem}")
        return value.strip()

    @model_validator(mode="after")
    def _names_that_sentry_takes(self) -> Self:
        self.sentry_environment = self.sentry_environment or self.environment
        self.sentry_release = self.sentry_release or default_release()
        problems = {
            "SENTRY_ENVIRONMENT": environment_problem(self.sentry_environment),
            "SENTRY_RELEASE": release_problem(self.sentry_release),
        }
        if found := [f"{name}: {problem}" for name, problem in problems.items() if problem]:
            raise ValueError("\n".join(found))
        return self


def environment_problem(name: str) -> str | None:
    """Say what Sentry would refuse in an environment's name."""
    if name.lower() != "none" and re.fullmatch(r"[^/\r\n\t\f\s][^/\r\n\t\f]{0,63}", name):
        return None
    return f"Sentry takes no {name!r}; write 1 to 64 characters without `/`, and not `none`"


def release_problem(name: str) -> str | None:
    """Say what Sentry would refuse in a release's name."""
    reserved = name in {".", ".."} or name.lower() == "latest"
    if not reserved and re.fullmatch(r"[^/\\\r\n\t\f]{1,200}", name):
        return None
    return (
        f"Sentry takes no {name!r}; write 1 to 200 characters without `/` and `\\`, and not "
        "`latest`, like `my-service@1.2.3+4f2a9c1`"
    )


def _explain(settings: type[SentrySettings], error: ValidationError) -> list[str]:
    lines = []
    for problem in error.errors(include_url=False):
        message = problem["msg"].removeprefix("Value error, ")
        if not problem["loc"]:
            lines.append(message)
            continue
        name, value = str(problem["loc"][0]), problem["input"]
        # What is inside of a field may be a secret of which the field says nothing.
        is_open = len(problem["loc"]) == 1 and _is_open(settings, name, value)
        lines.append(f"{name.upper()}: {message}" + (f" (it is {value!r})" if is_open else ""))
    return lines


def _is_open(settings: type[SentrySettings], name: str, value: Any) -> bool:
    field = settings.model_fields.get(name)  # none by an alias
    return (
        field is not None
        # `repr=False` marks what may hold a secret, here as in the representation of the settings.
        and field.repr
        and "Secret" not in str(field.annotation)  # such as `SecretStr | None`
        and isinstance(value, str)  # of a missing one it is all the others
        and not Names().of(name).hides(value)
    )
