"""What a service knows of the template: `.cruft.json`, in cruft's own format."""

import json
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ion_sentry.git import Failure

FILE = ".cruft.json"


@dataclass(frozen=True)
class State:
    """Where a service comes from, and the public answers that it was made with."""

    template: str
    commit: str
    answers: dict[str, str]
    others: dict[str, Any] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write it as cruft would, so that both can go on from it."""
        state = {
            "template": self.template,
            "commit": self.commit,
            "checkout": None,
            "context": {"cookiecutter": self.answers},
            "directory": None,
            **self.others,
        }
        text = json.dumps(state, ensure_ascii=False, indent=2)
        (folder / FILE).write_text(text + "\n", encoding="utf-8")


def read_state(folder: Path) -> State:
    """Read the state of the service in `folder`.

    Raises:
        Failure: if there is none, or none that can be used.
    """
    try:
        state = json.loads((folder / FILE).read_text("utf-8"))
    except FileNotFoundError:
        raise Failure(
            f"There is no {FILE} in {folder}. If the service comes from the template, "
            "`ion-sentry adopt URL` finds out from which version."
        ) from None
    except (OSError, ValueError):
        state = None
    match state:
        case {
            "template": str(template),
            "commit": str(commit),
            "context": {"cookiecutter": dict(given)},
        }:
            # cruft adds private answers, which each version computes for itself.
            answers = {name: value for name, value in given.items() if not name.startswith("_")}
            others = {"skip": _paths(state["skip"], FILE)} if "skip" in state else {}
            return State(template, commit, answers, others)
    raise Failure(
        f"{folder / FILE} can't be read. Restore it from git, or delete it and run "
        "`ion-sentry adopt URL`."
    )


def skipped(folder: Path) -> list[str]:
    """List what updates leave alone in a service: its state, secrets, and what its team chose."""
    has_one = (folder / "pyproject.toml").exists()
    cruft = pyproject(folder, "tool", "cruft") if has_one else {}
    chosen = _paths(cruft.get("skip", []), "pyproject.toml")
    return [FILE, ".env", *chosen, *read_state(folder).others.get("skip", [])]


def _paths(skip: object, where: str) -> list[str]:
    paths = [skip] if isinstance(skip, str) else skip
    # An empty one would be all paths.
    if isinstance(paths, list) and all(isinstance(path, str) and path for path in paths):
        return paths
    raise Failure(f'skip in {where} is {skip!r}, not a list of paths: ["compose.yaml"]')


def pyproject(folder: Path, *tables: str) -> dict[str, Any]:
    """Read the service's `pyproject.toml`, or a table of it, which is empty if it isn't there.

    Raises:
        Failure: if the file can't be read.
    """
    file = folder / "pyproject.toml"
    try:
        found = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        raise Failure(f"There is no pyproject.toml in {folder}.") from None
    except (OSError, ValueError) as error:
        raise Failure(f"{file} can't be read: {error}") from None
    for name in tables:
        found = found.get(name, {})
        if not isinstance(found, dict):
            raise Failure(f"{file} has no table [{'.'.join(tables)}]: {name} is {found!r}.")
    return found
