"""`plan --all`: the plans of many services, a few at a time, in one table."""

import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ion_sentry.git import Failure

from . import show
from .exits import Exit
from .reconcile import reconcilers_of
from .watch import WATCH_FILE

_VERBS: Final[dict[int, str]] = {Exit.OK: "dim", Exit.CHANGES: "update"}


@dataclass(frozen=True)
class Result:
    """How the plan of one service ended: its exit code, and the line that says it."""

    name: str
    code: int
    line: str


def plan_all(folder: Path, jobs: int, timeout: float, *, prune: bool) -> int:
    """Plan every service right in `folder`, `jobs` at a time, and print a table.

    Returns 0 if there is nothing to do anywhere, 2 if there is, 1 if a plan couldn't be made.

    Raises:
        Failure: if there is no service.
    """
    services = sorted(file.parents[1] for file in folder.glob(f"*/{WATCH_FILE.as_posix()}"))
    if not services:
        raise Failure(f"No folder in {folder} has a monitoring/watch.toml.", Exit.USAGE)
    results: list[Result] = []
    with ThreadPoolExecutor(max(1, jobs)) as pool:
        running = [pool.submit(_plan, service, timeout, prune) for service in services]
        try:
            for number, done in enumerate(as_completed(running), start=1):
                results.append(done.result())
                if sys.stderr.isatty():
                    told = f"\r\x1b[K{number} of {len(services)} …"
                    print(told, end="", file=sys.stderr, flush=True)
        except BaseException:  # of a signal
            pool.shutdown(cancel_futures=True)
            raise
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr)
    print(*_table(sorted(results, key=lambda result: result.name)), sep="\n")
    codes = {result.code for result in results}
    if codes - {Exit.OK, Exit.CHANGES}:
        return 1
    return Exit.CHANGES if Exit.CHANGES in codes else Exit.OK


def _plan(service: Path, timeout: float, prune: bool) -> Result:
    env = {name: value for name, value in os.environ.items() if name != "SENTRY_PROJECT"}
    try:
        with reconcilers_of(service, timeout, lambda _: None, env, prune=prune) as all_of_them:
            plans = [reconciler.plan() for reconciler in all_of_them]
            code = Exit.CHANGES if any(plans) else Exit.OK
            return Result(service.name, code, show.summary(*plans))
    except Failure as failure:
        return Result(service.name, failure.code, failure.message.splitlines()[-1].strip())
    except Exception as error:  # whatever is wrong with one service, the others are planned
        return Result(service.name, 1, f"{type(error).__name__}: {error}")


def _table(results: list[Result]) -> Iterator[str]:
    width = max(len(result.name) for result in results)
    for result in results:
        verb = _VERBS.get(result.code, "delete")
        failed = "" if verb != "delete" else f"failed ({result.code}): "
        line = show.clip(f"{failed}{result.line}", width + 2)
        yield f"{result.name:{width}}  {show.style(verb, line)}"
    changed = sum(result.code == Exit.CHANGES for result in results)
    failed_too = sum(result.code not in (Exit.OK, Exit.CHANGES) for result in results)
    same = len(results) - changed - failed_too
    told = f"{same} as they should be, {changed} to change, {failed_too} failed"
    yield f"{len(results)} services: {told}"
