"""The template's repository: its versions, what they ask, and what they make of answers."""

import json
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from threading import Lock
from typing import Any

from ion_sentry.git import Failure, git, run_git
from ion_sentry.render import Rendered, RenderError, pool, render

RELEASE = re.compile(r"v(\d+)\.(\d+)\.(\d+)")
# Answers that are nobody's business: rendered empty, and kept in the service's `.env`.
SECRET = {"sentry_dsn": ""}


@dataclass(frozen=True)
class Version:
    """A commit of the template, and what people call it."""

    commit: str
    name: str


@dataclass(frozen=True)
class Template:
    """A clone of the template. Each set of answers is rendered once for each version."""

    url: str
    clone: Path
    scratch: Path
    workers: ProcessPoolExecutor
    _renders: dict[tuple[str, str], Future[Rendered]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def releases(self) -> list[Version]:
        """List the tagged versions, the newest first; without any, the newest commit."""
        tags = [tag for tag in git(self.clone, "tag").split() if RELEASE.fullmatch(tag)]
        tags.sort(key=lambda tag: [int(number) for number in tag[1:].split(".")], reverse=True)
        return [self.version(tag) for tag in tags] or [self.version("HEAD")]

    def version(self, ref: str) -> Version:
        """Find a version by its tag, branch or commit.

        Raises:
            Failure: if the repository has none of that name.
        """
        for name in (ref, f"v{ref}"):
            found = run_git(self.clone, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
            if found.returncode == 0:
                commit = found.stdout.strip()
                tags = git(self.clone, "tag", "--points-at", commit).split()
                named = [tag for tag in tags if RELEASE.fullmatch(tag)]
                return Version(commit, named[-1] if named else commit[:12])
        raise Failure(f"{self.url} has no version {ref}.")

    def is_older(self, one: Version, other: Version) -> bool:
        """Tell whether `other` has all that `one` has."""
        return not run_git(
            self.clone, "merge-base", "--is-ancestor", one.commit, other.commit
        ).returncode

    def questions(self, version: Version) -> dict[str, Any]:
        """Return the version's `cookiecutter.json`."""
        text = git(self.clone, "show", f"{version.commit}:cookiecutter.json")
        questions: dict[str, Any] = json.loads(text)
        return questions

    def owns(self, version: Version, path: str) -> bool:
        """Tell whether a file of a service is the template's as a whole."""
        owned = self.questions(version).get("_template_owns", [])
        return any(fnmatch(path, name) for name in owned)

    def changes(self, old: Version, new: Version) -> str:
        """Return the sections of the changelog that `new` has and `old` hasn't."""
        sections = {}
        for version in (old, new):
            shown = run_git(self.clone, "show", f"{version.commit}:CHANGELOG.md")
            text = shown.stdout if shown.returncode == 0 else ""
            sections[version] = re.split(r"^(?=## )", text, flags=re.MULTILINE)[1:]
        return "".join(part for part in sections[new] if part not in sections[old]).strip()

    def checkout(self, version: Version) -> Path:
        """Return a folder with all that a version has."""
        folder = self.scratch / version.commit
        with self._lock:
            if not folder.exists():
                flags = ("-c", "core.autocrlf=false", "worktree", "add", "--quiet", "--detach")
                git(self.clone, *flags, str(folder), version.commit)
        return folder

    def render(self, version: Version, answers: Mapping[str, str]) -> Future[Rendered]:
        """Begin to render a version, unless it was with the same answers; see `rendered`."""
        answers = {**answers, **SECRET}
        key = (version.commit, json.dumps(answers, sort_keys=True))
        source = self.checkout(version)
        with self._lock:
            if key not in self._renders:
                output = mkdtemp(dir=self.scratch)
                self._renders[key] = self.workers.submit(render, str(source), answers, output)
            return self._renders[key]


def rendered(version: Version, rendering: Future[Rendered]) -> Rendered:
    """Wait for a rendering.

    Raises:
        Failure: if the version refuses the answers.
    """
    try:
        return rendering.result()
    except RenderError as error:
        raise Failure(f"{version.name} can't be rendered: {error}") from None
    except BrokenProcessPool:
        raise Failure(f"{version.name} can't be rendered: its process was ended.") from None


class Templates:
    """The templates that one command deals with, each cloned once; see `templates`."""

    def __init__(self, scratch: Path, workers: ProcessPoolExecutor) -> None:
        self._scratch = scratch
        self._workers = workers
        self._found: dict[str, Template | Failure] = {}
        self._lock = Lock()

    def get(self, url: str) -> Template:
        """Clone a template, unless it was.

        Raises:
            Failure: if it can't be reached, or is no template of services.
        """
        with self._lock:
            if url not in self._found:
                try:
                    self._found[url] = self._clone(url)
                except Failure as failure:  # once for all services: it may take its time
                    self._found[url] = failure
            found = self._found[url]
        if isinstance(found, Failure):
            raise found
        return found

    def _clone(self, url: str) -> Template:
        scratch = Path(mkdtemp(dir=self._scratch))
        clone = scratch / "template.git"
        git(scratch, "clone", "--quiet", "--bare", "--", full_url(url), str(clone))
        if run_git(clone, "cat-file", "-e", "HEAD:cookiecutter.json").returncode:
            raise Failure(f"{url} is no template: it has no cookiecutter.json.")
        return Template(url, clone, scratch, self._workers)


@contextmanager
def templates(workers: int = 2) -> Iterator[Templates]:
    """Open a place for clones and renders, and remove all of it at the end."""
    with TemporaryDirectory(prefix="ion-sentry-", ignore_cleanup_errors=True) as name:
        scratch = Path(name).resolve()
        with pool(workers, scratch) as processes:
            try:
                yield Templates(scratch, processes)
            finally:
                processes.shutdown(cancel_futures=True)


def full_url(url: str) -> str:
    """Write a template's place so that it means the same from any folder: `gh:`, paths, URLs."""
    if Path(url).exists():
        return Path(url).resolve().as_uri()
    prefix, _, rest = url.partition(":")
    homes = {"gh": "https://github.com", "gl": "https://gitlab.com", "bb": "https://bitbucket.org"}
    return f"{homes[prefix]}/{rest}.git" if prefix in homes else url
