"""`ion-sentry reproduce`: the event, the request, one verdict."""

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console
from uv import find_uv_bin

from ion_sentry.git import Failure, run_git

from .compare import place, title, where
from .event import refuse_foreign
from .fetch import fetch
from .model import Event
from .reasons import outgoing, reasons
from .run import run
from .written import curl, write_test

REPRODUCED: Final = ("REPRODUCED", 0)
NO_ERROR: Final = ("NO ERROR", 1)
DIFFERENT: Final = ("DIFFERENT ERROR", 2)
INTERRUPTED: Final = 130

notes = Console(stderr=True, highlight=False, soft_wrap=True)


@click.command()
@click.argument("event")
@click.option("--clock", type=click.Choice(["event", "now"]), default="event", show_default=True)
@click.option(
    "--database", metavar="URL", help="Instead of a fresh one; nothing is migrated there."
)
@click.option(
    "--seed",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A Python file whose `async def seed(session)` fills the database first.",
)
@click.option("--twice", is_flag=True, help="Make the request two times; the second one counts.")
@click.option(
    "--timeout", type=click.IntRange(1, 3600), default=60, show_default=True, help="Seconds."
)
@click.option(
    "--write-test", is_flag=True, help="Write tests/reproduced/test_<id>.py, which fails."
)
@click.option("--curl", "as_curl", is_flag=True, help="Print the request as a curl command, too.")
@click.option("--json", "as_json", is_flag=True, help="For programs: all that is known, as JSON.")
@click.pass_obj
def reproduce(
    folder: Path,
    event: str,
    clock: str,
    database: str | None,
    seed: Path | None,
    twice: bool,
    timeout: int,
    write_test: bool,
    as_curl: bool,
    as_json: bool,
) -> None:
    """Make an error of production happen here. EVENT is a file, an event's id, or its address.

    The request is made in this process, against a fresh database, at the event's time, and with
    no way out to other services.

    \b
    0  REPRODUCED        the same error, in the same place
    1  NO ERROR          the same request is answered without it
    2  DIFFERENT ERROR   another one
    3  UNUSABLE          the event can't be used, and why
    Others are those of `ion-sentry monitoring`, where Sentry doesn't give the event.
    """
    with _ends(as_json):
        service = _name_of(folder)
        with notes.status("Reading the event …") as status:
            found = fetch(event, folder, status.update)
            refuse_foreign(found, service)
        release = _way_to(found.release, folder)
        _describe(found, release)
        at = found.timestamp.isoformat() if found.timestamp and clock == "event" else None
        options: dict[str, Any] = {
            **{"database": database, "seed": seed},
            **{"twice": twice, "timeout": timeout},
        }
        with notes.status("Making it happen …"):
            result = run(folder, found, at=at, **options)
        verdict, code = _verdict(result)
        why = reasons(found, result, release=release, is_now=at is None) if code else []
        _tell(verdict, result, why, as_json=as_json)
        if as_curl and result["request"]:
            click.echo(curl(result["request"]), err=as_json)
        if write_test:
            needs_clock = code == 0 and at is not None
            if needs_clock:
                with notes.status("Does it need the event's time? …"):
                    needs_clock = _verdict(run(folder, found, at=None, **options)) != REPRODUCED
            _write(folder, found, result, needs_clock=needs_clock)
    sys.exit(code)


@contextmanager
def _ends(as_json: bool) -> Iterator[None]:
    """End with one line for what can't be used, and with the code that tells why."""
    try:
        yield
    except Failure as failure:
        first, _, rest = failure.message.partition("\n")
        told = json.dumps({"verdict": "UNUSABLE", "why": first}, ensure_ascii=False)
        click.echo(told if as_json else f"UNUSABLE: {first}")
        if rest:
            click.echo(rest, err=True)
        sys.exit(failure.code)
    except KeyboardInterrupt:
        click.echo("\nInterrupted.", err=True)
        sys.exit(INTERRUPTED)


def _name_of(folder: Path) -> str:
    try:
        pyproject = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
        pyproject["tool"]["ion-sentry"]
        return str(pyproject["project"]["name"])
    except (OSError, ValueError, KeyError, TypeError):
        raise Failure(
            f"{folder} is no service of the template. Name it: ion-sentry -C FOLDER"
        ) from None


def _way_to(release: str, folder: Path) -> str:
    """Return the command that gets to a release, empty if this checkout is it or nobody knows."""
    sha = release.rpartition("+")[2].removesuffix(".dirty") if "+" in release else ""
    head = run_git(folder, "rev-parse", "HEAD").stdout.strip()
    if not head or not 7 <= len(sha) <= 40 or set(sha) - set("0123456789abcdef"):
        return ""
    if head.startswith(sha):
        return ""
    is_here = run_git(folder, "cat-file", "-e", f"{sha}^{{commit}}").returncode == 0
    return f"git checkout {sha}" if is_here else f"git fetch && git checkout {sha}"


def _describe(event: Event, release: str) -> None:
    """Say what the event is."""
    told = event.model_dump()
    at = f"{event.timestamp:%Y-%m-%d %H:%M:%S} UTC" if event.timestamp else ""
    notes.print(_printable(title(told)), style="bold", markup=False)
    request = " ".join(filter(None, (event.request.method, event.transaction)))
    facts = [event.tag("priority") or event.level, request, event.environment, at]
    notes.print("  " + _printable(" · ".join(filter(None, facts))), markup=False)
    is_it = (
        f"not this checkout: {release}" if release else "this checkout, as far as it can be told"
    )
    notes.print(f"  release {_printable(event.release or 'unknown')} ({is_it})", markup=False)
    if frame := place(told):
        notes.print(f"  {_printable(where(frame))}", markup=False)
        notes.print(f"    {_printable(frame['context_line'].strip())}", markup=False)


def _verdict(result: dict[str, Any]) -> tuple[str, int]:
    if result["differences"] == []:
        return REPRODUCED
    return NO_ERROR if result["differences"] is None else DIFFERENT


def _tell(verdict: str, result: dict[str, Any], why: list[str], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"verdict": verdict, "why": why, **result}, ensure_ascii=False))
        return
    for line in (result["request"] or {}).get("filled", []):
        notes.print(f"  filled in: {_printable(line)}", markup=False)
    for line in outgoing(result):
        notes.print(f"  outgoing: {_printable(line)}", markup=False)
    if verdict == REPRODUCED[0]:
        click.echo(verdict)
        return
    status = f"answered {result['status']}" if result["status"] else "not answered"
    what = "; ".join(result["differences"]) if result["differences"] else status
    click.echo(f"{verdict}: {_printable(what)}")
    for line in why:
        click.echo(f"  {_printable(line)}")


def _write(folder: Path, event: Event, result: dict[str, Any], *, needs_clock: bool) -> None:
    if not result["request"]:
        raise Failure("There is no request in the event to write a test of.")
    path = write_test(folder, event, result, needs_clock=needs_clock)
    command = [find_uv_bin(), "run", "--quiet", "--frozen", "ruff"]
    for words in (["check", "--fix", "--quiet"], ["format", "--quiet"]):
        subprocess.run([*command, *words, str(path)], cwd=folder, check=False, capture_output=True)
    text = (folder / path).read_text("utf-8")
    if any(len(line) > 100 for line in text.splitlines()):  # of a long body or address
        (folder / path).write_text(f"# ruff: noqa: E501\n{text}", "utf-8")
    notes.print(f"Written: {path}")
    if needs_clock:
        notes.print("It needs the event's time: uv add --dev time-machine")


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)
