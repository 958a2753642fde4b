"""Many services at once: each in a checkout of its own, on a branch and in a commit of its own."""

import os
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import DEVNULL, run
from tempfile import TemporaryDirectory

import click

from ion_sentry.git import Failure, git, public_url, run_git, scratch_worktree
from ion_sentry.merge import IDENTITY, Place, place_of
from ion_sentry.state import FILE, read_state
from ion_sentry.template import Template, Templates
from ion_sentry.update import Plan, carry_out, make_plan
from ion_sentry.verify import tests_of

_SHOWN = 5  # of a service's tests that fail


@dataclass(frozen=True)
class Order:
    """What to do with every service. `push` and `propose` send the branch away."""

    to: str | None = None
    given: Mapping[str, str] = field(default_factory=dict)
    check: bool = False
    dry_run: bool = False
    push: bool = False
    propose: bool = False
    verify: bool = False
    wanted: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """What became of a service: a line of the table."""

    name: str
    result: str
    step: str = ""
    notes: tuple[str, ...] = ()


def services_in(folder: Path) -> dict[str, str]:
    """Find the services in a folder, by name: itself, or all below it that have a state.

    What can't be read is left out, and told.
    """
    if (folder / FILE).is_file():
        return {folder.resolve().name: str(folder)}
    found = {}
    for parent, below, files in os.walk(folder, onerror=_tell):
        below[:] = [name for name in below if name[0] != "."]
        if FILE in files:
            found[Path(parent).relative_to(folder).as_posix()] = parent
    return dict(sorted(found.items()))


def _tell(error: OSError) -> None:
    click.echo(f"{error.filename} is left out: {error.strerror}.", err=True)


def services_of(file: Path) -> dict[str, str]:
    """Read the repositories in a file, one URL on each line; `#` begins a comment.

    Their names are the URLs: two of the same path can be of different hosts.
    """
    lines = (line.partition("#")[0].strip() for line in file.read_text("utf-8").splitlines())
    return {public_url(url): url for url in lines if url}


def work_through(
    services: Mapping[str, str], order: Order, templates: Templates, workers: int
) -> Iterator[Row]:
    """Work on all services, some at a time; yield a row for each as it gets done."""
    with ThreadPoolExecutor(workers) as threads:
        rows = [
            threads.submit(_work_on, *service, order, templates) for service in services.items()
        ]
        try:
            for row in as_completed(rows):
                yield row.result()
        finally:
            threads.shutdown(cancel_futures=True)


def _work_on(name: str, service: str, order: Order, templates: Templates) -> Row:
    try:
        if Path(service).is_dir():
            return _work_in(name, place_of(Path(service)), order, templates)
        with TemporaryDirectory(prefix="ion-sentry-") as folder:
            git(Path(folder), "clone", "--quiet", "--depth=1", "--", service, "clone")
            return _work_in(name, place_of(Path(folder) / "clone"), order, templates)
    # Whatever is wrong with one service, the others are worked on.
    except Exception as error:
        told = error.message if isinstance(error, Failure) else f"{type(error).__name__}: {error}"
        return Row(name, "failed", notes=(told,))


def _work_in(name: str, place: Place, order: Order, templates: Templates) -> Row:
    # As committed: what lies about in the checkout concerns neither the update nor the branch.
    with scratch_worktree(place.top) as top:
        if order.push:
            # Nor is it the fleet's to publish what the team has committed and not pushed.
            git(top, "fetch", "--quiet", "origin", "HEAD")
            git(top, "reset", "--quiet", "--hard", "FETCH_HEAD")
        copy = Place(top, place.prefix)
        state = read_state(copy.folder)
        if order.verify:
            return _verify(name, copy.folder, templates.get(state.template), order)
        plan = make_plan(state, templates.get(state.template), order.to, order.given)
        step = f"{plan.old.name} → {plan.new.name}"
        if not plan.is_needed:
            return Row(name, "up to date", plan.new.name)
        if order.check:
            return Row(name, "behind", step)
        branch = _branch_of(place, plan)
        if not order.dry_run:
            reference = f"refs/heads/{branch}"
            is_here = not run_git(top, "rev-parse", "--verify", "--quiet", reference).returncode
            if git(top, "ls-remote", "origin", reference) if order.push else is_here:
                return Row(name, "proposed", step, (f"there is a branch {branch} already",))
            if is_here:
                _take(top, branch)
                sent = _send(copy, branch, plan, order)
                return Row(name, "updated", step, (f"branch {branch}", *sent))
        merged = carry_out(plan, copy)
        notes = list(merged.notes)
        if new := plan.new_answers():
            notes.append("answered by default: " + " ".join(f"{n}={v}" for n, v in new.items()))
        if merged.conflicts:
            return Row(name, "conflicts", step, (*merged.conflicts, *notes))
        if order.dry_run:
            return Row(name, "can be updated", step, tuple(notes))
        _commit(copy, plan)
        if order.push:
            notes += _send(copy, branch, plan, order)
        git(top, "branch", branch)
        return Row(name, "updated", step, (f"branch {branch}", *notes))


def _verify(name: str, service: Path, template: Template, order: Order) -> Row:
    with tests_of(service, template, order.wanted) as tests:
        done = tests.run("-q", "--tb=no", capture=True)
    notes = () if tests.is_locked else ("there is no uv.lock: the newest packages allowed",)
    if done.returncode == 0:
        return Row(name, "verified", tests.version, notes)
    failed = re.findall(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", done.stdout, re.MULTILINE)
    failed = failed or f"{done.stdout}{done.stderr}".strip().splitlines()[-1:]
    if len(failed) > _SHOWN:
        failed[_SHOWN:] = [f"and {len(failed) - _SHOWN} more"]
    return Row(name, "broken", tests.version, (*failed, *notes))


def _branch_of(place: Place, plan: Plan) -> str:
    """Name the branch of an update: another one for each service of a repository.

    A folder may have characters that a branch can't.
    """
    prefix = re.sub(r"[^\w/-]", lambda found: f"%{ord(found[0]):02X}", place.prefix)
    return f"ion-sentry/{prefix}{plan.new.name}"


def _take(top: Path, branch: str) -> None:
    """Go on from the update that is here already, since an earlier run.

    Raises:
        Failure: if something else would be published with it.
    """
    unpublished = git(top, "rev-list", "--count", f"FETCH_HEAD..{branch}")
    if unpublished != "1":
        raise Failure(
            f"The branch {branch} has {unpublished} commits that origin doesn't have, where the "
            "update is one. Push it yourself, or delete it and run this again."
        )
    git(top, "reset", "--quiet", "--hard", branch)


def _commit(place: Place, plan: Plan) -> None:
    has_no_identity = run_git(place.top, "var", "GIT_COMMITTER_IDENT").returncode
    flags = ("--quiet", "--message", plan.message())
    git(place.top, "commit", *flags, env=IDENTITY if has_no_identity else None)


def _send(place: Place, branch: str, plan: Plan, order: Order) -> list[str]:
    """Push the branch and, if asked for, open a pull request: both or neither."""
    git(place.top, "push", "--quiet", "origin", f"HEAD:refs/heads/{branch}")
    if not order.propose:
        return []
    title, _, body = plan.message().partition("\n\n")
    if tool_for(git(place.top, "remote", "get-url", "origin")) == "gh":
        command = ["gh", "pr", "create", "--head", branch, "--title", title, "--body", body]
    else:
        command = ["glab", "mr", "create", "--yes", "--source-branch", branch]
        command += ["--title", title, "--description", body]
    try:
        done = run(command, cwd=place.folder, stdin=DEVNULL, capture_output=True, encoding="utf-8")
        failure = done.stderr.strip() if done.returncode else ""
    except FileNotFoundError:
        failure = "it is not installed"
    if failure:
        run_git(place.top, "push", "--quiet", "origin", f":refs/heads/{branch}")
        raise Failure(f"{command[0]} could not open a pull request: {failure}")
    return [done.stdout.strip()]


def tool_for(url: str) -> str:
    """Name the program that opens pull requests at a repository's host."""
    return "gh" if "github" in url else "glab"
