"""`python -m app.observability`: what the standard tells of itself, also in the image."""

import argparse
import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from io import TextIOWrapper
from typing import TypeVar

from .doctor.checks import Checks
from .doctor.cost import Load
from .doctor.finding import Finding, Report
from .doctor.plans import PLANS
from .settings import SentrySettings
from .viewer.found import variables
from .viewer.tail import tail

N = TypeVar("N", int, float)

OFF = 3
INTERRUPTED = 130
UNREAD = 141
_CHECK = """\
Sends a test error, message, trace and log item, and tells what the server says to each. As P4 they
page nobody. With SENTRY_AUTH_TOKEN (org:read, project:read, event:read; SENTRY_URL, SENTRY_ORG and
SENTRY_PROJECT as for sentry-cli) it reads the error back, and tells what was used this month.
Exit codes: 0 all is right, 1 something isn't, 2 wrong usage, 3 Sentry is off: no DSN.
"""


def main() -> int:
    """Run a command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m app.observability", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    release = commands.add_parser("release", help="print the release, as the SDK and the image do")
    release.set_defaults(run=_release)
    seen = commands.add_parser("tail", help="print what a service sends, as it arrives")
    seen.set_defaults(run=lambda options: tail(options.port))
    viewer = commands.add_parser(
        "viewer", help="print the variables that make a local service send to a viewer, if one runs"
    )
    viewer.set_defaults(run=_viewer)
    for command in (seen, viewer):
        port = os.environ.get("VIEWER_PORT") or "8969"  # Spotlight's own
        told = "of loopback; default VIEWER_PORT, or 8969"
        command.add_argument("--port", type=_port, default=port, help=told)
    check = commands.add_parser(
        "check",
        help="does Sentry work, what would it get, what does it cost",
        description=_CHECK,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    check.set_defaults(run=_check)
    check.add_argument("--json", action="store_true", help="for a program, the sample in full")
    check.add_argument(
        "--wait", type=_positive, default=60.0, help="seconds to wait for the event; default 60"
    )
    cost = check.add_argument_group("what a month costs; given by --requests-per-second")
    load = (
        ("requests-per-second", _positive, None, "on average, day and night"),
        ("error-rate", _part, 0.01, "part of them with an error that is reported; default 0.01"),
        ("processes", _count, 1, "that serve; default 1"),
        ("seconds-per-request", _positive, 0.1, "default 0.1"),
        ("spans-per-request", _positive, 4.0, "of a traced one, its own included; default 4"),
        ("logs-per-request", _positive, 1.0, "records at or above SENTRY_LOG_LEVEL; default 1"),
    )
    for name, kind, default, told in load:
        cost.add_argument(f"--{name}", type=kind, default=default, metavar="N", help=told)
    cost.add_argument("--plan", choices=PLANS, default="team", help="default team")
    options = parser.parse_args()
    if options.run is _check and options.requests_per_second is None:
        for name in (*(name for name, *_ in load), "plan"):
            option = name.replace("-", "_")
            if getattr(options, option) != check.get_default(option):
                check.error(f"--{name} says nothing without --requests-per-second")
    if isinstance(sys.stdout, TextIOWrapper):  # a terminal that has only ASCII
        sys.stdout.reconfigure(errors="replace")
    try:
        return int(options.run(options))
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # `… | head`; as the interpreter's documentation has it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNREAD


def _release(options: argparse.Namespace) -> int:
    print(SentrySettings.load().sentry_release)
    return 0


def _viewer(options: argparse.Namespace) -> int:
    with suppress(SystemExit):  # of a wrong variable, which the service itself tells
        for name, value in variables(SentrySettings.load(), options.port).items():
            print(f"{name}={value}")
    return 0


def _check(options: argparse.Namespace) -> int:
    report, more = Report(is_quiet=options.json), {}
    is_on = True
    try:
        settings = SentrySettings.load()
        is_on = bool(settings.sentry_dsn)
        checks = Checks(settings, _load(options), options.plan, options.wait)
        for line in checks:
            report.tell(line)
        more = {"cost": checks.figures, "sample": checks.sample}
    except SystemExit as wrong:  # of a variable
        report.tell("Settings")
        for line in str(wrong).splitlines():
            do = "mend the variable; the service doesn't start like this either"
            report.tell(Finding("settings", False, line, do))
    code = 1 if report.wrong else 0 if is_on else OFF
    if options.json:
        print(json.dumps({"ok": code == 0, "findings": report.findings, **more}, indent=2))
    elif code == OFF:
        report.tell("Sentry is off")
    else:
        report.tell(f"{report.wrong} NOT OK" if report.wrong else "all is right")
    return code


def _load(options: argparse.Namespace) -> Load | None:
    if options.requests_per_second is None:
        return None
    return Load(
        requests_per_second=options.requests_per_second,
        error_rate=options.error_rate,
        processes=options.processes,
        seconds_per_request=options.seconds_per_request,
        spans_per_request=options.spans_per_request,
        logs_per_request=options.logs_per_request,
    )


def _number(kind: type[N], called: str, is_right: Callable[[N], bool]) -> Callable[[str], N]:
    """Make a reader of numbers for argparse, which says "invalid port value: 'x'"."""

    def read(text: str) -> N:
        number = kind(text)
        if not is_right(number):
            raise ValueError
        return number

    read.__name__ = called
    return read


_positive = _number(float, "number from 0 on", lambda number: 0 <= number < 1e9)
_part = _number(float, "part from 0 to 1", lambda number: 0 <= number <= 1)
_count = _number(int, "whole number from 1 on", lambda number: 1 <= number < 1e6)
_port = _number(int, "port", lambda number: 0 < number < 65536)

if __name__ == "__main__":
    sys.exit(main())
