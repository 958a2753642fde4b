"""The three-way merge: what the template changed, into what the team made of the service.

Two commits are made of the rendered versions, the new one on the old one, and git picks the new
one. That needs no history, so that a shallow or squashed clone is as good as any, and follows the
renames of both sides.
"""

import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from ion_sentry.git import Failure, git, paths, run_git
from ion_sentry.interrupts import uninterrupted
from ion_sentry.state import FILE

IDENTITY = {
    f"GIT_{who}_{what}": text
    for who in ("AUTHOR", "COMMITTER")
    for what, text in (("NAME", "ion-sentry"), ("EMAIL", "ion-sentry@localhost"))
}
_PICK = (
    *("-c", "merge.conflictStyle=diff3", "-c", "merge.directoryRenames=true"),
    *("-c", "merge.renames=true", "-c", "merge.renameLimit=0", "-c", "rerere.enabled=false"),
    *("cherry-pick", "--no-commit"),
)
# Whatever the service ignores, or leaves out of its sparse checkout.
ANY = ("--force", "--sparse")
# By the stages that are left in the index: 1 the old version, 2 the service, 3 the new version.
_CONFLICTS = {
    frozenset("123"): "the service and the template changed the same lines",
    frozenset("23"): "the service and the template both have a new file of this name",
    frozenset("1"): "the service and the template moved it to different places",
    frozenset("2"): "the service moved it here, the template elsewhere",
    frozenset("3"): "the template moved it here, the service elsewhere",
}


@dataclass
class Merged:
    """What a merge left in the working tree."""

    conflicts: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Place:
    """Where a service lies: its repository's top folder, and its own folder below that."""

    top: Path
    prefix: str

    @property
    def folder(self) -> Path:
        return self.top / self.prefix


def place_of(folder: Path) -> Place:
    """Find the repository of a service.

    Raises:
        Failure: if it is in none, in one without a commit, or in one that git doesn't trust.
    """
    found = run_git(folder, "rev-parse", "--show-toplevel", "--show-prefix")
    above = (folder.resolve(), *folder.resolve().parents)
    if found.returncode and any((one / ".git").exists() for one in above):
        raise Failure(f"git can't read the repository of {folder}: {found.stderr.strip()}")
    if found.returncode or run_git(folder, "rev-parse", "--verify", "HEAD").returncode:
        raise Failure(
            f"{folder} has no commit to merge into: git init && git add . && git commit -m 'Begin'"
        )
    top, prefix = found.stdout.removesuffix("\n").split("\n")
    return Place(Path(top), prefix)


def refuse_dirty(place: Place) -> None:
    """Make sure that everything in the working tree can be brought back.

    Raises:
        Failure: if a tracked file of the repository is changed, or the state isn't tracked.
    """
    if not git(place.top, "--literal-pathspecs", "ls-files", "--", f"{place.prefix}{FILE}"):
        raise Failure(f"{FILE} is not in git, which couldn't bring it back: commit it first.")
    if changed := git(place.top, "status", "--porcelain", "--untracked-files=no"):
        raise Failure(f"Commit or stash your changes first; nothing was changed.\n{changed}")


def commits(place: Place, old: Path, new: Path, message: str, skip: list[str]) -> tuple[str, str]:
    """Put two rendered versions into the service's repository, as commits beside its history."""
    first = _commit(place, _tree(place, old, skip), message)
    return first, _commit(place, _tree(place, new, skip), message, "-p", first)


def paths_to_write(place: Place, old: str, new: str) -> list[str]:
    """List what a merge may write, none of which is there without being tracked.

    Raises:
        Failure: if something is, which git itself would overwrite where it is ignored.
    """
    # What the template deleted is left alone where the service doesn't track it.
    diff = ("diff", "--name-only", "-z", "--no-renames", "--diff-filter=d")
    written = paths(git(place.top, *diff, old, new))
    there = {found for path in written if (found := _found_on_the_way(place.top, path))}
    untracked = ("--literal-pathspecs", "ls-files", "--others", "-z", "--")
    if there and (lost := paths(git(place.top, *untracked, *there))):
        raise Failure(
            "The template has files of these names, and git doesn't have yours; move them away or "
            "commit them first. Nothing was changed.\n"
            + "\n".join(f"  {path}" for path in sorted(lost))
        )
    return written


def _found_on_the_way(top: Path, path: str) -> str | None:
    """Return what is at a path already, or is a file or a link where a folder would have to be."""
    names = path.split("/")
    for way in ("/".join(names[:end]) for end in range(1, len(names) + 1)):
        found = top / way
        if found.is_symlink() or not found.is_dir():
            return way if os.path.lexists(found) else None
    return path


def merge(place: Place, old: str, new: str) -> Merged:
    """Bring what changed from commit `old` to `new` into the clean working tree and the index.

    Raises:
        Failure: if git gives up.
    """
    if not git(place.top, "diff", "--name-only", old, new):
        return Merged()
    picked = run_git(place.top, *_PICK, new)
    stages = _unmerged(place)
    if picked.returncode and not stages:
        raise Failure(f"git can't merge: {(picked.stderr or picked.stdout).strip()}")
    return _resolve(place, stages)


@contextmanager
def undone_on_failure(place: Place, written: list[str]) -> Iterator[None]:
    """Bring the clean tree back if anything fails inside, or was to be interrupted.

    `written` are those of `paths_to_write`.
    """
    try:
        with uninterrupted():
            yield
    except BaseException:
        with uninterrupted():
            run_git(place.top, "reset", "--quiet", "--hard")
            if written:  # without paths, it would remove whatever isn't tracked
                # What git wrote before it failed isn't in its index yet.
                clean = ("--literal-pathspecs", "clean", "-fdxq", "--")
                run_git(place.top, *clean, *written)
        raise


def _tree(place: Place, rendered: Path, skip: list[str]) -> str:
    """Write HEAD's tree with the rendered version in the service's place.

    The rest of a repository with many services is the same on both sides then, so that git takes
    none of it for a file that was moved out of or into this one.
    """
    git_dir = git(place.top, "rev-parse", "--absolute-git-dir")
    flags = ("-c", "core.autocrlf=false", "-c", "core.safecrlf=false", "-c", "core.fsmonitor=false")
    excluded = [f":(exclude,glob){path}" for path in skip]
    with TemporaryDirectory(prefix="ion-sentry-") as scratch:
        env = {"GIT_INDEX_FILE": f"{scratch}/index", "GIT_DIR": git_dir}
        whole = env | {"GIT_WORK_TREE": str(rendered)}
        git(rendered, *flags, "add", "--all", *ANY, "--", ".", *excluded, env=whole)
        tree = git(rendered, "write-tree", env=whole)
        if not place.prefix:
            return tree
        env["GIT_INDEX_FILE"] = f"{scratch}/whole"
        git(place.top, "read-tree", "HEAD", env=env)
        remove = ("rm", "-r", "--quiet", "--cached", *ANY, "--ignore-unmatch", "--")
        git(place.top, *remove, place.prefix, env=env | {"GIT_WORK_TREE": str(place.top)})
        git(place.top, "read-tree", f"--prefix={place.prefix}", tree, env=env)
        return git(place.top, "write-tree", env=env)


def _commit(place: Place, tree: str, message: str, *parent: str) -> str:
    return git(place.top, "commit-tree", tree, "-m", message, *parent, env=IDENTITY)


def _unmerged(place: Place) -> dict[str, frozenset[str]]:
    stages = defaultdict(set)
    for entry in paths(git(place.top, "ls-files", "--unmerged", "-z")):
        facts, path = entry.split("\t", 1)
        stages[path].add(facts.split()[2])
    return {path: frozenset(found) for path, found in stages.items()}


def _resolve(place: Place, stages: dict[str, frozenset[str]]) -> Merged:
    """Decide what needs no decision: whoever edited or deleted last on purpose is the team."""
    merged = Merged()
    for path, found in stages.items():
        own = path.removeprefix(place.prefix)
        if found == frozenset("13"):
            git(place.top, "rm", "--quiet", *ANY, "--", path)
            merged.notes.append(f"{own}: the template changed it; the service had deleted it: gone")
        elif found == frozenset("12"):
            git(place.top, "add", *ANY, "--", path)
            merged.notes.append(
                f"{own}: the template deleted it; the service had edited or moved it: kept"
            )
        else:
            merged.conflicts[own] = _CONFLICTS[found]
    return merged
