"""The command line: options, questions, exit codes."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from ion_sentry.git import Failure

from . import show, watch
from .bodies import problems_offline
from .exits import Exit
from .plan_all import plan_all
from .reconcile import Plan, Reconciler, reconcilers_of
from .service import read_service


class _Commands(click.Group):
    """Ends as `Exit` says, and not as click would: 1 is a no, 2 that there are changes."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        with _wrong_usage():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with _wrong_usage():
                return super().invoke(ctx)
        except Failure as failure:
            _progress("")
            print(f"{show.style('delete', 'Stopped:', sys.stderr)} {failure}", file=sys.stderr)
            sys.exit(failure.code)
        except KeyboardInterrupt:
            _progress("")
            told = "\nInterrupted. What was written stays; run it again, it goes on."
            print(told, file=sys.stderr)
            sys.exit(Exit.INTERRUPTED)


class _WrongUsage(click.UsageError):
    exit_code = Exit.USAGE


@contextmanager
def _wrong_usage() -> Iterator[None]:
    try:
        yield
    except click.UsageError as error:
        raise _WrongUsage(error.format_message(), error.ctx) from None


timeout_option = click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True, max=3600),
    default=30.0,
    show_default=True,
    help="Seconds for each request.",
)
prune_option = click.option(
    "--prune",
    is_flag=True,
    help="Also remove what carries this service's mark but is no longer in watch.toml, "
    "whatever its environment. With SENTRY_ENVIRONMENT: of that one only.",
)
yes_option = click.option("--yes", is_flag=True, help="Don't ask.")


@click.group(cls=_Commands, no_args_is_help=False)
def monitoring() -> None:
    """Bring a service's alerts and dashboards in Sentry to what its watch.toml says.

    \b
    SENTRY_AUTH_TOKEN   of an internal integration: org:read, project:write, alerts:write
    SENTRY_URL          default https://sentry.io; https://de.sentry.io, or your own
    SENTRY_ORG, SENTRY_PROJECT, SENTRY_ENVIRONMENT   win over pyproject.toml and watch.toml

    plan ends with 0 if there is nothing to do and with 2 if there is. Other exit codes: 1 declined,
    3 watch.toml is wrong, 4 a variable is wrong, 10 token, 11 scope, 12 forbidden, 13 not found,
    14 conflict, 15 this API is gone, 16 too many requests, 17 Sentry fails, 18 time-out,
    19 unreachable, 20 team, 21 Slack, 22 a limit of the plan, 23 refused, 24 no answer of Sentry's,
    64 usage, 130 interrupted.
    """


@monitoring.command()
@timeout_option
@prune_option
@click.option(
    "--all", "parent", type=click.Path(path_type=Path), help="Of every service in this folder."
)
@click.option("--jobs", default=4, show_default=True, help="Services at a time with --all.")
@click.pass_obj
def plan(folder: Path, timeout: float, prune: bool, parent: Path | None, jobs: int) -> None:
    """Show what would change; write nothing."""
    if parent:
        sys.exit(plan_all(parent, jobs, timeout, prune=prune))
    with reconcilers_of(folder, timeout, _progress, os.environ, prune=prune) as reconcilers:
        plans = [_shown(reconciler) for reconciler in reconcilers]
        sys.exit(Exit.CHANGES if any(plans) else Exit.OK)


@monitoring.command()
@timeout_option
@prune_option
@yes_option
@click.pass_obj
def apply(folder: Path, timeout: float, prune: bool, yes: bool) -> None:
    """Show it, ask, and write it."""
    with reconcilers_of(folder, timeout, _progress, os.environ, prune=prune) as reconcilers:
        plans = [(reconciler, _shown(reconciler)) for reconciler in reconcilers]
        if any(plan for _reconciler, plan in plans):
            _ask("Write this to Sentry?", yes)
            for reconciler, plan in plans:
                reconciler.apply(plan, _done)
            for reconciler, plan in plans:  # no alert waits for it
                reconciler.link(plan, _done)
            print("done")


@monitoring.command()
@timeout_option
@yes_option
@click.pass_obj
def destroy(folder: Path, timeout: float, yes: bool) -> None:
    """Remove the service's alerts, dashboards and limits, not its project."""
    with reconcilers_of(folder, timeout, _progress, os.environ) as reconcilers:
        found = [(reconciler, reconciler.everything()) for reconciler in reconcilers]
        _progress("")
        for reconciler, those in found:
            print(*show.destroy_lines(those, reconciler.service, reconciler.sentry.url), sep="\n")
        if number := sum(len(those) for _reconciler, those in found):
            _ask(f"Remove these {number} from Sentry?", yes)
            for reconciler, those in found:
                reconciler.destroy(those, _done)
            print("done")


@monitoring.command()
@click.pass_obj
def check(folder: Path) -> None:
    """Judge watch.toml; no Sentry is asked."""
    wanted = watch.load(folder)
    found = [
        problem
        for one in (wanted, *map(wanted.of, wanted.environments))
        for problem in problems_offline(one, read_service(folder, one.environment, env={}))
    ]
    if found:
        lines = [f"  {line}" for line in found]
        raise Failure("\n".join(["watch.toml is wrong:", *lines]), Exit.WATCH)
    print("watch.toml is right.")


def _shown(reconciler: Reconciler) -> Plan:
    plan = reconciler.plan()
    _progress("")
    url = reconciler.sentry.url
    print(*show.plan_lines(plan, reconciler.watch, reconciler.service, url), sep="\n")
    return plan


def _ask(question: str, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise Failure("There is no terminal to ask at: add --yes.", Exit.USAGE)
    try:
        agreed = input(f"\n{question} [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        agreed = False
    if not agreed:
        raise Failure("Nothing was written.", Exit.DECLINED)


def _done(what: str) -> None:
    _progress("")
    print(f"  {show.style('create', '✓')} {show.clip(what, 4)}", flush=True)


def _progress(what: str) -> None:
    """Say on one line of the terminal what takes its time; an empty text takes it away."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{show.clip(what, 1)}", end="", file=sys.stderr, flush=True)
