"""What is set, by whom, and what runs."""

import platform
from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import urlsplit

import sentry_sdk
from pydantic_settings import DotEnvSettingsSource, EnvSettingsSource

from ..settings import SentrySettings
from .finding import Finding

_OFF: Final = (
    "paste the DSN into .env: Sentry > Settings > Projects > this project > Client Keys; "
    "or run make monitoring-apply, which makes the project and does it"
)


def settings_lines(settings: SentrySettings) -> Iterator[Finding]:
    """Tell each setting as it resolves, and where it comes from; no secret among them."""
    kind = type(settings)
    variables, file = EnvSettingsSource(kind)(), DotEnvSettingsSource(kind)()
    for name, field in kind.model_fields.items():
        value = getattr(settings, name)
        if name in variables:
            where = "variable" if variables[name] != "" else "default: the variable is empty"
        elif name in file:
            where = ".env" if file[name] != "" else "default: empty in .env"
        else:
            where = "default"
        shown = _shown(value) if field.repr else ("set" if value else "empty")
        if name == "sentry_environment" and where == "default":
            where = "ENVIRONMENT"
        yield Finding(name.upper(), None, f"{shown}  ({where})")


def dsn_lines(settings: SentrySettings) -> Iterator[Finding]:
    """Tell the parts of the DSN, its key shortened; or that Sentry is off."""
    if not settings.sentry_dsn:
        yield Finding("SENTRY_DSN", None, "empty: Sentry is off, nothing is ever sent", _OFF)
        return
    parts = urlsplit(settings.sentry_dsn)
    key, project = f"{(parts.username or '')[:4]}…", parts.path.rpartition("/")[2]
    address = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    yield Finding("DSN", True, f"project {project} at {address}, key {key}")
    release, environment = settings.sentry_release, settings.sentry_environment
    yield Finding("release", True, f"{release}, environment {environment}")
    if release.endswith(".dirty"):
        says = "it is a checkout with changes that nobody else has"
        yield Finding("release", None, says, "commit before you deploy")


def sdk_lines(integrations: Iterable[str]) -> Iterator[Finding]:
    """Tell what runs; `integrations` are those of the SDK that are on."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    yield Finding("SDK", True, f"sentry-sdk {sentry_sdk.VERSION} on {python}")
    said = ", ".join(sorted(integrations))
    yield Finding("integrations", None, f"{said}; and what app/main.py adds, which isn't run here")


def _shown(value: Any) -> str:
    if isinstance(value, frozenset):
        return _ranges(sorted(value))
    if isinstance(value, list):
        return ",".join(value) or "empty"
    return str(value) if value != "" else "empty"


def _ranges(codes: list[int]) -> str:
    found: list[list[int]] = []
    for code in codes:
        if found and found[-1][-1] == code - 1:
            found[-1][1:] = [code]
        else:
            found.append([code])
    return ",".join("-".join(map(str, ends)) for ends in found)
