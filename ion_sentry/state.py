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
        # cruft adds private answers, which each version computes for itself.
        answers = {
            name: value
            for name, value in state["context"]["cookiecutter"].items()
            if not name.startswith("_")
        }
        found = State(state["template"], state["commit"], answers)
    except FileNotFoundError:
        raise Failure(
            f"There is no {FILE} in {folder}. If the service comes from the template, "
            "`ion-sentry adopt URL` finds out from which version."
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Failure(
            f"{folder / FILE} can't be read. Restore it from git, or delete it and run "
            "`ion-sentry adopt URL`."
        ) from None
    if "skip" in state:
        found.others["skip"] = state["skip"]
    return found


def skipped(folder: Path) -> list[str]:
    """List what updates leave alone in a service: its state, secrets, and what its team chose."""
    try:
        pyproject = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
    except (OSError, ValueError):
        pyproject = {}
    chosen = pyproject.get("tool", {}).get("cruft", {}).get("skip", [])
    return [FILE, ".env", *chosen, *read_state(folder).others.get("skip", [])]
