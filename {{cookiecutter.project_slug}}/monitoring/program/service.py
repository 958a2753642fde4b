"""Which service this is, which Sentry it talks to, and how its own things are told from others."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from app.observability import ANSWERS, PROJECT

from .failure import Exit, Failure

# Widgets have no name of their own to carry the service's slug: their dashboard's does.
WIDGET_MARK = "[as code]"


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


@dataclass(frozen=True)
class Connection:
    """Where Sentry is, and what lets us in."""

    url: str
    token: str = field(repr=False)


def this_service(environment: str, env: Mapping[str, str] = os.environ) -> Service:
    """Read the variables that sentry-cli has, and the service's answers for what isn't there.

    `environment` is the one of watch.toml. Raises Failure for a name that Sentry refuses.
    """
    environment = env.get("SENTRY_ENVIRONMENT") or environment
    slug = env.get("SENTRY_PROJECT") or PROJECT["name"]
    org = env.get("SENTRY_ORG") or ANSWERS["sentry_org"]
    for variable, value in {"SENTRY_PROJECT": slug, "SENTRY_ORG": org}.items():
        if not re.fullmatch(r"[a-z0-9_-]{1,100}", value):
            raise Failure(Exit.VARIABLES, f"{variable} is no slug: a-z, 0-9, - and _ only.")
    # Sentry's own pattern is ^[^\n\r\f\/]*$ with 64 characters at most; brackets are ours.
    if not re.fullmatch(r"(?!None$)[^\s/\[\]]([^\r\n\f\t/\[\]]{0,62}[^\s/\[\]])?", environment):
        raise Failure(
            Exit.VARIABLES,
            f"The environment {environment!r} can't be used: 1 to 64 characters without / [ ]",
        )
    return Service(
        slug=slug,
        name=ANSWERS["project_name"],
        org=org,
        environment=environment,
        owner=ANSWERS["owner"],
        email_team=ANSWERS["alert_email_team"],
        slack_channel=ANSWERS["alert_slack_channel"],
    )


def connection(env: Mapping[str, str] = os.environ) -> Connection:
    """Read SENTRY_URL and SENTRY_AUTH_TOKEN. Raises Failure if they can't work."""
    url = (env.get("SENTRY_URL") or "https://sentry.io").rstrip("/")
    if not (parts := re.fullmatch(r"(https?)://([a-z0-9.-]+)(:\d{1,5})?(/[\w/.-]*)?", url, re.I)):
        problem = "is no address of a Sentry: https://sentry.io, https://de.sentry.io or your own"
        raise Failure(Exit.VARIABLES, f"SENTRY_URL {problem}.")
    if parts[1].lower() == "http" and parts[2] not in ("localhost", "127.0.0.1"):
        problem = "would send the token unencrypted: begin it with https://"
        raise Failure(Exit.VARIABLES, f"SENTRY_URL {problem}.")
    token = (env.get("SENTRY_AUTH_TOKEN") or "").strip()
    how = (
        "Make an internal integration at Sentry > Settings > Custom Integrations with org:read, "
        "project:write and alerts:write, and export its token as SENTRY_AUTH_TOKEN."
    )
    if not token:
        raise Failure(Exit.VARIABLES, f"SENTRY_AUTH_TOKEN is missing. {how}")
    if token.startswith("sntrys_"):
        problem = "is an organisation token, which can't write alerts"
        raise Failure(Exit.VARIABLES, f"SENTRY_AUTH_TOKEN {problem}. {how}")
    if not re.fullmatch(r"[\w+/=.~-]+", token, re.ASCII):
        problem = "holds a character that no token has: copy it afresh"
        raise Failure(Exit.VARIABLES, f"SENTRY_AUTH_TOKEN {problem}.")
    return Connection(url, token)
