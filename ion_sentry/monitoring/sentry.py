"""What this service has in Sentry: how it is found, made, changed and removed there."""

from typing import Any, Final
from urllib.parse import quote

from ion_sentry.git import Failure

from .api import Api
from .changes import Change
from .exits import Exit
from .limits import Found
from .rules import Kind
from .service import Service
from .watch import Limits

Json = dict[str, Any]

KINDS: Final[tuple[Kind, ...]] = (
    "monitor",
    "alert",
    "dashboard",
)  # each may refer to the ones before it
_PLACES: Final[dict[Kind, str]] = {
    "monitor": "detectors",
    "alert": "workflows",
    "dashboard": "dashboards",
}
_PROJECT_NAME_LENGTH: Final = 50


class Sentry:
    """One organisation, as one service sees it. Every method raises Failure."""

    def __init__(self, api: Api, service: Service) -> None:
        self.url = api.url
        self._api = api
        self._service = service
        self._organization = f"organizations/{service.org}"
        self._project = f"projects/{service.org}/{service.slug}"

    def team_ids(self, slugs: set[str]) -> dict[str, int]:
        """Look up teams."""
        teams = self._api.all(f"{self._organization}/teams/", "teams", detailed="0")
        known = {team["slug"]: int(team["id"]) for team in teams}
        if unknown := sorted(slugs - known.keys()):
            some = ", ".join(sorted(known)[:8]) or "none"
            raise Failure(
                f"{self._service.org} has no team {unknown[0]!r}; the token sees: {some}. Mend "
                "owner or alert_email_team in pyproject.toml, or make the team.",
                Exit.TEAM,
            )
        return {slug: known[slug] for slug in slugs}

    def slack_id(self, workspace: str) -> str:
        """Find the Slack workspace; `workspace` chooses one if there are several."""
        query = {"providerKey": "slack"}
        found = self._api.all(f"{self._organization}/integrations/", "Slack workspaces", **query)
        active = {one["name"]: str(one["id"]) for one in found if one["status"] == "active"}
        if workspace in active:
            return active[workspace]
        if len(active) == 1 and not workspace:
            return next(iter(active.values()))
        if not active:
            raise Failure(
                f"{self._service.org} has no Slack workspace. Connect it at Sentry > Settings > "
                "Integrations > Slack, or empty alert_slack_channel in pyproject.toml: then all "
                "goes by e-mail.",
                Exit.SLACK,
            )
        names = ", ".join(sorted(active))
        raise Failure(
            f"Choose the Slack workspace: slack_workspace in watch.toml is one of {names}.",
            Exit.SLACK,
        )

    def has_environment(self) -> bool:
        """Return whether the environment was ever seen."""
        path = f"{self._organization}/environments/"
        known = self._api.all(path, "environments", visibility="all")
        return self._service.environment in {one["name"] for one in known}

    def project(self) -> Json | None:
        """Return the project, None if there is none."""
        return self._api.find(f"{self._project}/", "project")

    def key(self) -> Json:
        """Return the project's first key in use: that of the DSN."""
        for key in self._api.all(f"{self._project}/keys/", "keys of the project"):
            if key["isActive"]:
                return dict(key)
        raise Failure(f"The project {self._service.slug} has no key in use.", Exit.NOT_FOUND)

    def dsn(self) -> str:
        """Return the public DSN of the project."""
        return str(self.key()["dsn"]["public"])

    def limits(self, project: Json | None, said: Limits | None) -> Found:
        """Return what bounds the project; of one that isn't there, what a new one has.

        Nothing is looked at if nothing is `said` here, and no key if not of that.
        """
        if project is None or said is None:
            return Found.new()
        filters = self._api.all(f"{self._project}/filters/", "inbound filters")
        return Found(
            project=project,
            key={"id": ""} if said.events_per_minute is None else self.key(),
            filters={one["id"]: one["active"] for one in filters},
            ownership=self._api.find(f"{self._project}/ownership/", "ownership rules") or {},
        )

    def unlinked(self, project: Json | None) -> int | None:
        """Return the number of the service's repository if the project isn't linked with it.

        None, too, if the organisation doesn't know it, or if this Sentry doesn't tell: to list what
        is linked is newer than to link it.
        """
        repository = self._service.repository
        if repository and project:
            try:
                linked = list(self._api.all(f"{self._project}/repo/", "linked repositories"))
            except Failure as failure:
                if failure.code in (Exit.NOT_FOUND, Exit.REFUSED):  # 404, 405
                    return None
                raise
            if repository in {one["repoName"] for one in linked}:
                return None
        path = f"{self._organization}/repos/"
        known = self._api.all(path, "repositories", query=repository) if repository else ()
        return next((int(one["id"]) for one in known if one["name"] == repository), None)

    def link(self, number: int) -> None:
        """Link the project with its repository."""
        what = f"link {self._service.repository}"
        self._api.create(f"{self._project}/repo/", {"repositoryId": number}, what)

    def create_project(self) -> None:
        """Make the project; it is no failure if somebody was faster."""
        name = self._service.name[:_PROJECT_NAME_LENGTH].strip() or self._service.slug
        body = {
            "name": name,
            "slug": self._service.slug,
            "platform": "python-fastapi",
            "default_rules": False,
        }
        path = f"teams/{self._service.org}/{self._service.owner}/projects/"
        try:
            made = self._api.create(path, body, "create project")
        except Failure as failure:
            if failure.code != Exit.CONFLICT:
                raise
        else:
            if made["slug"] != self._service.slug:
                given = made["slug"]
                problem = f"Sentry named the project {given!r} instead of {self._service.slug!r}"
                raise Failure(f"{problem}: an older one has that name.", Exit.CONFLICT)

    def create_environment(self) -> None:
        """Record a deploy, which is what makes an environment.

        Its release is older than any real one, so that it never is "the latest".
        """
        version = f"{self._service.slug}@0.0.0"
        releases = f"{self._organization}/releases/"
        release = {"version": version, "projects": [self._service.slug]}
        self._api.create(releases, release, "create release")
        deploy = {
            "environment": self._service.environment,
            "name": "monitoring",
            "projects": [self._service.slug],
        }
        self._api.create(f"{releases}{quote(version, safe='')}/deploys/", deploy, "record deploy")

    def list(self, kind: Kind, project_id: int) -> list[Json]:
        """Return the project's monitors, or all alerts, or this service's dashboards as a whole."""
        path = f"{self._organization}/{_PLACES[kind]}/"
        if kind == "monitor":
            if not project_id:
                return []
            return list(self._api.all(path, "monitors", project=str(project_id)))
        found = list(self._api.all(path, f"{kind}s"))
        if kind == "alert":
            return found  # also those whose monitor was deleted, which no filter by project finds
        labels = (self._service.label_of, self._service.orphan_of)
        ours = [one["id"] for one in found if any(label(one["title"]) for label in labels)]
        whole = [self._api.find(f"{path}{one}/", "dashboard") for one in ours]
        return [dashboard for dashboard in whole if dashboard]

    def write(self, change: Change) -> None:
        """Do what a change says."""
        what = f'{change.verb} {change.kind} "{change.label}"'
        if change.kind == "project":
            self._bound(change, what)
            return
        path = f"{self._organization}/{_PLACES[change.kind]}/"
        if change.verb == "delete":
            self._api.delete(f"{path}{change.id}/", what)
        elif change.verb == "update":
            self._api.update(f"{path}{change.id}/", change.body, what)
        elif change.kind == "monitor":
            of_project = f"{self._organization}/projects/{self._service.slug}/detectors/"
            self._api.create(of_project, change.body, what)
        else:
            self._api.create(path, change.body, what)

    def _bound(self, change: Change, what: str) -> None:
        if change.id:
            self._api.update(f"{self._project}/{change.id}".replace("//", "/"), change.body, what)
        else:  # only spike protection is the organisation's to keep
            path = f"{self._organization}/spike-protections/"
            [difference] = change.differences
            self._api.switch(path, change.body, what, on=difference.want)
