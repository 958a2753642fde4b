"""The command line: options, questions, exit codes."""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from . import fleet, show, watch
from .api import Api
from .failure import Exit, Failure
from .reconcile import Plan, Reconciler
from .sentry import Sentry
from .service import Service, connection, this_service

EPILOG = """\
variables:
  SENTRY_AUTH_TOKEN   of an internal integration: org:read, project:write, alerts:write
  SENTRY_URL          default https://sentry.io; https://de.sentry.io, or your own
  SENTRY_ORG, SENTRY_PROJECT, SENTRY_ENVIRONMENT   win over pyproject.toml and watch.toml

plan ends with 0 if there is nothing to do and with 2 if there is; the README lists the others."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """End with a code of its own: 2 would say that there are changes."""
        self.print_usage(sys.stderr)
        self.exit(Exit.USAGE, f"{self.prog}: {message}\n")


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parse(arguments)
    token = ""
    try:
        if options.all:
            return fleet.plan_all(options.all, options.jobs, _passed_on(options))
        wanted = watch.load()
        service, where = this_service(wanted.environment), connection()
        token = where.token
        with Api(where, options.timeout, _progress) as api:
            reconciler = Reconciler(Sentry(api, service), service, wanted, prune=options.prune)
            run = _Run(reconciler, wanted, service, where.url, options.yes)
            commands = {"plan": run.plan, "apply": run.apply, "destroy": run.destroy}
            return commands[options.command]()
    except Failure as failure:
        text = str(failure).replace(token, "***") if token else str(failure)
        _progress("")
        print(f"{show.style('delete', 'Stopped:', sys.stderr)} {text}", file=sys.stderr)
        return failure.code
    except KeyboardInterrupt:
        _progress("")
        print("\nInterrupted. What was written stays; run it again, it goes on.", file=sys.stderr)
        return Exit.INTERRUPTED


def _passed_on(options: argparse.Namespace) -> list[str]:
    return ["--timeout", f"{options.timeout:g}", *(["--prune"] if options.prune else [])]


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    def positive(text: str) -> float:
        if not text.replace(".", "", 1).isdecimal() or not float(text) > 0:
            raise argparse.ArgumentTypeError(f"{text} is not more than 0")
        return float(text)

    parser = _Parser(
        prog="python -m monitoring",
        description="Bring this service's alerts and dashboards in Sentry to what watch.toml says.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    common = _Parser(add_help=False)
    common.add_argument(
        "--timeout", type=positive, default=30.0, help="seconds for each request (default: 30)"
    )
    common.set_defaults(all=None, prune=False, yes=False)
    commands = parser.add_subparsers(dest="command", required=True, metavar="plan|apply|destroy")
    prune_help = "also remove what carries this service's mark but is no longer in watch.toml"
    yes_help = "don't ask"
    plan = commands.add_parser(
        "plan", parents=[common], help="show what would change; write nothing"
    )
    plan.add_argument("--prune", action="store_true", help=prune_help)
    plan.add_argument("--all", type=Path, metavar="FOLDER", help="of every service in FOLDER")
    plan.add_argument(
        "--jobs",
        type=int,
        default=4,
        metavar="N",
        help="services at a time with --all (default: 4)",
    )
    apply = commands.add_parser("apply", parents=[common], help="show it, ask, and write it")
    apply.add_argument("--prune", action="store_true", help=prune_help)
    apply.add_argument("--yes", action="store_true", help=yes_help)
    destroy = commands.add_parser(
        "destroy",
        parents=[common],
        help="remove this service's alerts and dashboards, not its project",
    )
    destroy.add_argument("--yes", action="store_true", help=yes_help)
    return parser.parse_args(arguments)


@dataclass(frozen=True)
class _Run:
    """One command on one service."""

    reconciler: Reconciler
    wanted: watch.Watch
    service: Service
    url: str
    yes: bool

    def plan(self) -> int:
        return Exit.CHANGES if self._shown() else Exit.OK

    def apply(self) -> int:
        plan = self._shown()
        if plan:
            self._ask("Write this to Sentry?")
            self.reconciler.apply(plan, _done)
            print("done")
        return Exit.OK

    def destroy(self) -> int:
        found = self.reconciler.everything()
        _progress("")
        print(*show.destroy_lines(found, self.service, self.url), sep="\n")
        if found:
            self._ask(f"Remove these {len(found)} from Sentry?")
            self.reconciler.destroy(found, _done)
            print("done")
        return Exit.OK

    def _shown(self) -> Plan:
        plan = self.reconciler.plan()
        _progress("")
        print(*show.plan_lines(plan, self.wanted, self.service, self.url), sep="\n")
        return plan

    def _ask(self, question: str) -> None:
        if self.yes:
            return
        if not sys.stdin.isatty():
            raise Failure(Exit.USAGE, "There is no terminal to ask at: add --yes.")
        try:
            agreed = input(f"\n{question} [y/N] ").strip().lower() in ("y", "yes")
        except EOFError:
            agreed = False
        if not agreed:
            raise Failure(Exit.DECLINED, "Nothing was written.")


def _done(what: str) -> None:
    _progress("")
    print(f"  {show.style('create', '✓')} {show.clip(what, 4)}", flush=True)


def _progress(what: str) -> None:
    """Say on one line of the terminal what takes its time; an empty text takes it away."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{show.clip(what, 1)}", end="", file=sys.stderr, flush=True)
