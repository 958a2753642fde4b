"""Which service this is, which Sentry it talks to, and how its own things are told from others."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ion_sentry.git import Failure

from .exits import Exit

# Widgets have no name of their own to carry the service's slug: their dashboard's does.
WIDGET_MARK = "[as code]"
_ANSWERS = (
    *("name", "project_name", "sentry_org", "owner"),
    *("alert_email_team", "alert_slack_channel", "repository"),
)


@dataclass(frozen=True)
class Service:
    """The service as Sentry knows it; slugs, not numbers."""

    slug: str
    name: str
    org: str
    environment: str
    owner: str
    email_team: str
    slack_channel: str
    repository: str  # as Sentry names it: acme/ion-mentoring; empty if nobody said
    env_file: Path
    # All of watch.toml; none if what is marked with another isn't this one's to judge.
    environments: frozenset[str] = frozenset()

    def name_of(self, label: str) -> str:
        """Write the name in Sentry: unique in an organisation, and the mark that it is ours."""
        return f"{self.slug}: {label} [{self.environment}, as code]"

    def label_of(self, name: str) -> str | None:
        """Read the label from a name in Sentry; None if it isn't this service's and environment's.

        No slug has a colon and no environment a bracket, so no other service's names match.
        """
        before, after = self.name_of("\0").split("\0")
        ours = name.startswith(before) and name.endswith(after) and len(name) > len(before + after)
        return name[len(before) : -len(after)] if ours else None

    def orphan_of(self, name: str) -> str | None:
        """Read label and mark from the name of what is left of an environment; None if it isn't."""
        found = re.fullmatch(rf"{re.escape(self.slug)}: (.+ \[([^\[\]]+), as code\])", name)
        is_orphan = found and self.environments and found[2] not in self.environments
        return found[1] if found and is_orphan else None


@dataclass(frozen=True)
class Connection:
    """Where Sentry is, and what lets us in."""

    url: str
    token: str = field(repr=False)


def read_service(folder: Path, environment: str, env: Mapping[str, str]) -> Service:
    """Read the variables that sentry-cli has, and the service's answers for what isn't there.

    `environment` is the one of watch.toml. Raises Failure for a name that Sentry refuses.
    """
    answers = _answers(folder / "pyproject.toml")
    environment = env.get("SENTRY_ENVIRONMENT") or environment
    slug = env.get("SENTRY_PROJECT") or answers["name"]
    org = env.get("SENTRY_ORG") or answers["sentry_org"]
    for variable, value in {"SENTRY_PROJECT": slug, "SENTRY_ORG": org}.items():
        if not re.fullmatch(r"[a-z0-9_-]{1,100}", value):
            raise Failure(f"{variable} is no slug: a-z, 0-9, - and _ only.", Exit.VARIABLES)
    try:
        environment_name(environment)
    except ValueError as wrong:
        problem = f"The environment {environment!r} can't be used: it {wrong}."
        raise Failure(problem, Exit.VARIABLES) from None
    return Service(
        slug=slug,
        name=answers["project_name"],
        org=org,
        environment=environment,
        owner=answers["owner"],
        email_team=answers["alert_email_team"],
        slack_channel=answers["alert_slack_channel"],
        repository=answers["repository"].partition("/")[2],
        env_file=folder / ".env",
    )


def environment_name(value: str) -> str:
    """Return the name of an environment. Raises ValueError for one that can't be used."""
    # Sentry's own pattern is ^[^\n\r\f\/]*$ with 64 characters at most; brackets are ours.
    if not re.fullmatch(r"(?!(?i:none)$)[^\s/\[\]]([^\r\n\f\t/\[\]]{0,62}[^\s/\[\]])?", value):
        raise ValueError("should be 1 to 64 characters without / [ ], and not none")
    return value


def _answers(file: Path) -> dict[str, str]:
    """Read the answers that the service was generated with, and its name."""
    try:
        pyproject: dict[str, Any] = tomllib.loads(file.read_text("utf-8"))
        answers = {
            "repository": "",  # services of v0.1.0 don't say
            "name": pyproject["project"]["name"],
            **pyproject["tool"]["ion-sentry"],
        }
        found = {name: answers[name] for name in _ANSWERS}
    except OSError as error:
        raise Failure(f"{file} can't be read: {error.strerror}.", Exit.VARIABLES) from None
    except KeyError as missing:
        problem = f"pyproject.toml doesn't say {missing}: it is in [project] or [tool.ion-sentry]"
        raise Failure(f"{problem} of a service of the template.", Exit.VARIABLES) from None
    except TypeError:
        problem = "pyproject.toml: [project] and [tool.ion-sentry] should be tables."
        raise Failure(problem, Exit.VARIABLES) from None
    except ValueError as error:  # TOML, or not UTF-8
        raise Failure(f"pyproject.toml is no TOML: {error}.", Exit.VARIABLES) from None
    for name, value in found.items():
        if not isinstance(value, str):
            problem = f"pyproject.toml: {name} should be text, not {value!r}."
            raise Failure(problem, Exit.VARIABLES)
    return found


def connection(
    env: Mapping[str, str], scopes: str = "org:read, project:write and alerts:write"
) -> Connection:
    """Read SENTRY_URL and SENTRY_AUTH_TOKEN, which needs `scopes`.

    Raises Failure if they can't work.
    """
    url = (env.get("SENTRY_URL") or "https://sentry.io").rstrip("/")
    if not (parts := re.fullmatch(r"(https?)://([a-z0-9.-]+)(:\d{1,5})?(/[\w/.-]*)?", url, re.I)):
        problem = "is no address of a Sentry: https://sentry.io, https://de.sentry.io or your own"
        raise Failure(f"SENTRY_URL {problem}.", Exit.VARIABLES)
    if parts[1].lower() == "http" and parts[2] not in ("localhost", "127.0.0.1"):
        problem = "would send the token unencrypted: begin it with https://"
        raise Failure(f"SENTRY_URL {problem}.", Exit.VARIABLES)
    token = (env.get("SENTRY_AUTH_TOKEN") or "").strip()
    how = (
        f"Make an internal integration at Sentry > Settings > Custom Integrations with {scopes}, "
        "and export its token as SENTRY_AUTH_TOKEN."
    )
    if not token:
        raise Failure(f"SENTRY_AUTH_TOKEN is missing. {how}", Exit.VARIABLES)
    if token.startswith("sntrys_"):
        problem = "is an organisation token, whose one scope is org:ci"
        raise Failure(f"SENTRY_AUTH_TOKEN {problem}. {how}", Exit.VARIABLES)
    if not re.fullmatch(r"[\w+/=.~-]+", token, re.ASCII):
        problem = "holds a character that no token has: copy it afresh"
        raise Failure(f"SENTRY_AUTH_TOKEN {problem}.", Exit.VARIABLES)
    return Connection(url, token)
