"""The command line: what is done with services of the template.

Exit codes: 0 done or up to date, 1 conflicts to resolve or a test of the standard that fails,
2 behind, 3 failed and nothing changed, 130 and 143 interrupted; `monitoring` and `reproduce` have
their own.
"""

import json
import os
import sys
from collections import Counter
from dataclasses import asdict
from io import TextIOWrapper
from pathlib import Path

import click
from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table
from rich.text import Text

from ion_sentry.adopt import best_fit
from ion_sentry.drift import drift
from ion_sentry.fleet import Order, services_in, services_of, work_through
from ion_sentry.git import Failure, git, public_url, scratch_worktree
from ion_sentry.interrupts import Interruptible
from ion_sentry.merge import Place, place_of, refuse_dirty
from ion_sentry.monitoring.cli import monitoring
from ion_sentry.options import answers_option, version_option, with_option
from ion_sentry.reproduce.cli import reproduce
from ion_sentry.show import asked, out, progress, report, show_diff
from ion_sentry.state import FILE, State, read_state
from ion_sentry.template import SECRET, full_url, rendered, templates
from ion_sentry.update import carry_out, make_plan, public_questions
from ion_sentry.verify import tests_of
from ion_sentry.viewer.cli import viewer

CONFLICTS, BROKEN, BEHIND = 1, 1, 2
# Of a wrong option or answer: 2, as click has it, would read "behind".
click.UsageError.exit_code = Failure.exit_code


@click.group(cls=Interruptible, help=__doc__)
@click.version_option(package_name="ion-sentry-template")
@click.option(
    "-C",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    help="The service's folder, if it isn't this one.",
)
@click.pass_context
def main(context: click.Context, folder: Path) -> None:
    context.obj = folder.resolve()
    # A diff has each file's own bytes, whatever they mean.
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")


main.add_command(monitoring)
main.add_command(reproduce)
main.add_command(viewer)


@main.command()
@version_option
@answers_option
@click.option("--dry-run", is_flag=True, help="Show the changes as a diff; change nothing.")
@click.pass_obj
def update(folder: Path, to: str | None, given: dict[str, str], dry_run: bool) -> None:
    """Bring the service to a newer version of the template, for you to look at and commit."""
    place, state = place_of(folder), read_state(folder)
    if not dry_run:
        refuse_dirty(place)
    with templates() as found, progress.status("Fetching the template …") as status:
        plan = make_plan(state, found.get(state.template), to, given)
        if not plan.is_needed:
            out.print(f"Up to date with {plan.new.name}.")
            return
        status.update(f"Rendering {plan.old.name} and {plan.new.name} …")
        new_answers = plan.new_answers()
        if not dry_run and sys.stdin.isatty() and sys.stdout.isatty():
            status.stop()
            new_answers = asked(plan, new_answers)
            status.start()
        plan = plan.with_answers(new_answers)
        status.update("Merging …")
        if dry_run:
            with scratch_worktree(place.top) as top:
                merged = carry_out(plan, Place(top, place.prefix))
                git(top, "add", "--all")
                show_diff(git(top, "diff", "--cached", "HEAD"))
        else:
            merged = carry_out(plan, place)
        changes = plan.template.changes(plan.old, plan.new)
    report(plan, merged, new_answers, changes, dry_run)
    sys.exit(CONFLICTS if merged.conflicts else 0)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@version_option
@click.pass_obj
def check(folder: Path, as_json: bool, to: str | None) -> None:
    """Tell whether the service is behind, and what was edited of the template's own files."""
    state = read_state(folder)
    with templates() as found, progress.status("Fetching the template …") as status:
        template = found.get(state.template)
        plan = make_plan(state, template, to)
        is_behind = plan.old.commit != plan.new.commit
        changes = template.changes(plan.old, plan.new)
        status.update(f"Comparing with {plan.old.name} …")
        known = public_questions(template, plan.old)
        before = {name: text for name, text in state.answers.items() if name in known}
        result = rendered(plan.old, template.render(plan.old, before))
        edited = drift(folder, template, plan.old, result.folder)
    if as_json:
        facts = {
            "status": "behind" if is_behind else "up to date",
            "template": state.template,
            "version": asdict(plan.old),
            "newest": asdict(plan.new),
            "changes": changes,
            "drift": edited,
        }
        click.echo(json.dumps(facts, ensure_ascii=False, indent=2))
    else:
        if is_behind:
            out.print(f"[yellow]Behind[/]: {plan.old.name}, and there is {plan.new.name}.")
            out.print(f"\n{changes}\n" if changes else "", markup=False)
            out.print("To update: make update")
        else:
            out.print(f"Up to date with {plan.new.name}.")
        if edited:
            out.print("\nThe template's, but edited here; each update has to merge it:")
            for path, diff in edited.items():
                out.print(f"\n  {path}", markup=False)
                show_diff(diff)
    sys.exit(BEHIND if is_behind else 0)


@main.command()
@with_option
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[-- PYTEST'S OPTION …]")
@click.pass_obj
def verify(folder: Path, wanted: tuple[str, ...], options: tuple[str, ...]) -> None:
    """Run the tests of the standard that the service has, with the packages that it is locked to.

    What comes after `--` is pytest's: ion-sentry verify -- -k scrubbing
    """
    state = read_state(folder)
    with templates() as found, progress.status("Fetching the template …") as status:
        template = found.get(state.template)
        status.update("Installing the service's packages …")
        with tests_of(folder, template, wanted) as tests:
            status.stop()
            locked = "as locked" if tests.is_locked else "the newest allowed: there is no uv.lock"
            out.print(f"The standard of {tests.version}, with the service's packages {locked}.")
            done = tests.run(*options)
    sys.exit(BROKEN if done.returncode else 0)


@main.command()
@click.argument("url")
@answers_option
@click.pass_obj
def adopt(folder: Path, url: str, given: dict[str, str]) -> None:
    """Give a service without state one, by finding the version of the template that fits best."""
    if (folder / FILE).exists():
        raise Failure(f"{folder} has a {FILE} already: ion-sentry update")
    with templates(os.cpu_count() or 2) as found, progress.status("Fetching …") as status:
        template = found.get(url)
        fit = best_fit(folder, template, given, status.update)
    answers = {**fit.answers, **SECRET}
    State(public_url(full_url(url)), fit.version.commit, answers).write(folder)
    out.print(f"{fit.version.name} fits best: {fit.share:.1%} of its lines are here. Answers:")
    for name, text in answers.items():
        out.print(f"  {name}={text}", markup=False)
    out.print(
        f"\nThey are in {FILE}. If one is wrong, delete that file and say --set ANSWER=VALUE. "
        f"Next: git add {FILE}, git commit, ion-sentry update"
    )


@main.command()
@click.argument(
    "folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option(
    "--repos",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file with a repository's URL on each line, instead of a folder.",
)
@version_option
@answers_option
@click.option("--check", is_flag=True, help="Only tell which are behind.")
@click.option("--dry-run", is_flag=True, help="Only tell which can be updated.")
@click.option("--verify", is_flag=True, help="Only tell which pass the standard's tests.")
@with_option
@click.option("--push", is_flag=True, help="Push the branches, based on origin's default one.")
@click.option("--pr", is_flag=True, help="Push, and open pull requests with gh or glab.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=2 * (os.cpu_count() or 1),
    show_default=True,
    help="At a time.",
)
def fleet(
    folder: Path | None,
    repos: Path | None,
    to: str | None,
    given: dict[str, str],
    check: bool,
    dry_run: bool,
    verify: bool,
    wanted: tuple[str, ...],
    push: bool,
    pr: bool,
    jobs: int,
) -> None:
    """Update many services, each in a commit on a branch of its own; checkouts stay as they are.

    A service with conflicts gets no branch: its team runs `make update` there.
    """
    if (folder is None) == (repos is None):
        raise click.UsageError("Say either FOLDER or --repos FILE.")
    if repos and not (check or dry_run or verify or push or pr):
        raise click.UsageError(
            "With --repos, say --push or --pr, or --check, --dry-run or --verify."
        )
    if wanted and not verify:
        raise click.UsageError("--with is for --verify.")
    services = services_of(repos) if repos else services_in(folder or Path())
    if not services:
        raise Failure(f"There is no service in {repos or folder}: none has a {FILE}.")
    order = Order(to, given, check, dry_run, push or pr, pr, verify, wanted)
    columns = (
        SpinnerColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with templates(os.cpu_count() or 2) as found, Progress(*columns, console=progress) as bar:
        task = bar.add_task("", total=len(services))
        rows = []
        for row in work_through(services, order, found, jobs):
            rows.append(row)
            bar.update(task, advance=1, description=row.name)
    table = Table("service", "result", "version", "")
    for row in sorted(rows, key=lambda row: row.name):
        table.add_row(*map(Text, (row.name, row.result, row.step, "\n".join(row.notes))))
    out.print(table)
    results = Counter(row.result for row in rows)
    out.print(", ".join(f"{number} {result}" for result, number in sorted(results.items())))
    codes = {
        "failed": Failure.exit_code,
        "conflicts": CONFLICTS,
        "broken": BROKEN,
        "behind": BEHIND,
    }
    sys.exit(next((code for result, code in codes.items() if results[result]), 0))
