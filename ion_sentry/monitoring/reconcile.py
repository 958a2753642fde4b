"""Makes what is in Sentry what `watch.toml` says: look, compare, write. There is no state file."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ion_sentry.git import Failure

from . import env_file, watch
from .api import Api
from .bodies import Bodies, Ids, bodies, problems_in, teams_of, uses_slack
from .changes import Change, changes
from .exits import Exit
from .limits import Found, limit_changes, resets
from .rules import Kind
from .sentry import KINDS, Sentry
from .service import Service, connection, read_service
from .watch import Watch

Json = dict[str, Any]
Say = Callable[[str], None]


@dataclass
class Plan:
    """What is in Sentry, and what there is to do."""

    teams: dict[str, int]
    slack: str | None
    project: Json | None
    project_wanted: bool
    environment_known: bool
    dsn_wanted: bool
    unlinked: int | None  # the repository to link the project with
    limits: Found
    have: dict[Kind, list[Json]]
    notes: list[str] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Whether there is anything to do."""
        first = self.project_wanted or not self.environment_known or self.dsn_wanted
        return first or bool(self.unlinked or self.changes)

    def ids(self, service: Service) -> Ids:
        """Return the numbers of what is there; of several monitors with one name, the oldest's."""
        mine: dict[str, int] = {}
        own: dict[str, int] = {}
        for served in sorted(self.have["monitor"], key=lambda served: int(served["id"])):
            if label := service.label_of(served["name"]):
                mine.setdefault(label, int(served["id"]))
            else:
                own.setdefault(served["type"], int(served["id"]))
        number = int(self.project["id"]) if self.project else 0
        return Ids(number, self.teams, self.slack or "0", mine, own)


class Reconciler:
    """Brings one service's part of Sentry, in one environment, to what its `watch.toml` says."""

    def __init__(
        self, sentry: Sentry, service: Service, watch: Watch, *, prune: bool, leads: bool = True
    ) -> None:
        """`leads` if it makes the project; those of further environments find it made."""
        self.sentry = sentry
        self.service = service
        self.watch = watch
        self._prune = prune
        self._leads = leads

    def plan(self) -> Plan:
        """Look at all, write nothing. Raises Failure, also for a body that our rules refuse."""
        teams = self.sentry.team_ids(teams_of(self.watch, self.service))
        slack = None
        if uses_slack(self.watch, self.service):
            slack = self.sentry.slack_id(self.watch.slack_workspace)
        project = self.sentry.project()
        number = int(project["id"]) if project else 0
        plan = Plan(
            teams=teams,
            slack=slack,
            project=project,
            project_wanted=self._leads and project is None,
            environment_known=self.sentry.has_environment(),
            dsn_wanted=self._leads and env_file.wants_dsn(self.service.env_file),
            unlinked=self.sentry.unlinked(project) if self._leads else None,
            limits=self.sentry.limits(project, self.watch.project),
            have={kind: self.sentry.list(kind, number) for kind in KINDS},
        )
        plan.changes, plan.left = self._limit_changes(plan)
        for kind in KINDS:
            todo, left = self._changes(plan, kind)
            plan.changes += todo
            plan.left += left
        if (
            self._leads
            and project
            and (note := env_file.other_dsn(self.service.env_file, self.sentry.dsn))
        ):
            plan.notes.append(note)
        return plan

    def everything(self) -> list[Change]:
        """Return what takes away all that carries this service's mark. Raises Failure."""
        project = self.sentry.project()
        number = int(project["id"]) if project else 0
        marked = [
            change
            for kind in reversed(KINDS)
            for change in changes(
                kind, {}, self.sentry.list(kind, number), self.service, prune=True
            )[0]
        ]
        if project is None:
            return marked
        limits = self.sentry.limits(project, self.watch.project)
        return marked + resets(self.watch.project, limits, self.service)

    def destroy(self, found: list[Change], done: Say) -> None:
        """Take away what `everything` returned. Raises Failure."""
        for change in found:
            self._write(change, done)

    def apply(self, plan: Plan, done: Say) -> None:
        """Write what `plan` found, and say each thing when it is done. Raises Failure.

        Whatever interrupts it, the next run finds what is there by its name and goes on.
        """
        self._make_project(plan, done)
        for change in self._limit_changes(plan)[0]:
            self._write(change, done)
        for kind in KINDS:
            todo = [one for one in self._changes(plan, kind)[0] if one.verb != "delete"]
            conflicts = [found for change in todo if (found := self._write(change, done))]
            if any(change.verb == "create" for change in todo):
                # Somebody else may have made the same at the same time; then the older one counts.
                plan.have[kind] = self.sentry.list(kind, plan.ids(self.service).project)
            if conflicts and any(one.verb == "create" for one in self._changes(plan, kind)[0]):
                raise conflicts[0]
        for kind in reversed(KINDS):
            for change in self._changes(plan, kind)[0]:
                if change.verb == "delete":
                    self._write(change, done)

    def link(self, plan: Plan, done: Say) -> None:
        """Link the project with its repository, if `plan` says so. Raises Failure."""
        if plan.unlinked:
            self.sentry.link(plan.unlinked)
            done(f"linked the project with {self.service.repository}")

    def _make_project(self, plan: Plan, done: Say) -> None:
        if plan.project_wanted:
            self.sentry.create_project()
        if plan.project is None:
            plan.project = self.sentry.project()
            if plan.project is None:
                raise Failure("The token can't see the project that it just made.", Exit.NOT_FOUND)
            plan.have["monitor"] = self.sentry.list("monitor", int(plan.project["id"]))
            plan.limits = self.sentry.limits(plan.project, self.watch.project)
        if plan.project_wanted:
            done(f"created project {self.service.slug}")
        if not plan.environment_known:
            self.sentry.create_environment()
            done(f"recorded a deploy to {self.service.environment}")
        if plan.dsn_wanted:
            env_file.write_dsn(self.service.env_file, self.sentry.dsn())
            done("wrote SENTRY_DSN to .env")

    def _write(self, change: Change, done: Say) -> Failure | None:
        """Write, or return the conflict with somebody who makes the same at the same time."""
        try:
            self.sentry.write(change)
        except Failure as failure:
            if failure.code == Exit.CONFLICT and change.verb == "create":
                return failure
            raise
        verb = "reset" if (change.kind, change.verb) == ("project", "delete") else f"{change.verb}d"
        done(f'{verb} {change.kind} "{change.label}"')
        return None

    def _limit_changes(self, plan: Plan) -> tuple[list[Change], list[str]]:
        return limit_changes(self.watch.project, plan.limits, self.service, prune=self._prune)

    def _changes(self, plan: Plan, kind: Kind) -> tuple[list[Change], list[str]]:
        want = self._bodies(plan)[kind]
        return changes(kind, want, plan.have[kind], self.service, prune=self._prune)

    def _bodies(self, plan: Plan) -> Bodies:
        ids = plan.ids(self.service)
        made = bodies(self.watch, self.service, ids)
        if found := problems_in(made, self.service, ids):
            lines = [f"  {line}" for line in found]
            raise Failure("\n".join(["watch.toml is wrong, nothing was sent:", *lines]), Exit.WATCH)
        missing = {alert.watch for alert in self.watch.alerts if isinstance(alert.watch, str)}
        if plan.project and (missing := missing - ids.own_monitors.keys()):
            raise Failure(
                f"The project has no monitor of the type {min(missing)!r} yet. Run it again soon.",
                Exit.NOT_FOUND,
            )
        return made


@contextmanager
def reconcilers_of(
    folder: Path, timeout: float, report: Say, env: Mapping[str, str], *, prune: bool = False
) -> Iterator[list[Reconciler]]:
    """Connect the service in a folder, in each of its environments, with the Sentry of `env`.

    SENTRY_ENVIRONMENT chooses one, and leaves what is marked with any other. Raises Failure.
    """
    wanted, where = watch.load(folder), connection(env)
    all_of_them = [wanted, *map(wanted.of, wanted.environments)]
    names = frozenset(one.environment for one in all_of_them)
    if chosen := env.get("SENTRY_ENVIRONMENT"):
        known = [one for one in all_of_them if one.environment == chosen]
        all_of_them = known or [wanted.model_copy(update={"environment": chosen})]
        names = frozenset()
    with Api(where, timeout, report) as api:
        reconcilers = []
        for one in all_of_them:
            service = read_service(folder, one.environment, env)
            if leads := one is all_of_them[0]:
                service = replace(service, environments=names)
            sentry = Sentry(api, service)
            reconcilers.append(Reconciler(sentry, service, one, prune=prune, leads=leads))
        yield reconcilers
