"""What the service knows of itself: its `pyproject.toml`, and the release made of it."""

import os
import subprocess
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

PACKAGE: Final = str(__package__)  # of the standard, wherever it is
OWN_PACKAGE: Final = f"{Path(__file__).parent}{os.sep}"  # as its code objects name it


def _read_pyproject() -> tuple[Path, dict[str, Any], dict[str, Any]]:
    """Return the service's folder, its project table, and the answers it was generated with."""
    for folder in Path(__file__).resolve().parents:
        if (file := folder / "pyproject.toml").is_file():
            try:
                read = tomllib.loads(file.read_text("utf-8"))
                return folder, read["project"], read["tool"]["ion-sentry"]
            except (ValueError, KeyError) as error:
                why = f"no table or key {error}" if isinstance(error, KeyError) else error
                raise RuntimeError(f"{file} can't be read by {PACKAGE}: {why}") from None
    raise RuntimeError(f"There is no pyproject.toml above {OWN_PACKAGE}")


ROOT, PROJECT, ANSWERS = _read_pyproject()


@lru_cache(maxsize=4096)
def is_own(filename: str) -> bool:
    """Tell whether a file is the service's own code, not the standard's or a library's."""
    if filename.startswith("<"):  # made at run-time, as SQLAlchemy does; it would be in any folder
        return False
    path = Path(filename).resolve()
    if not path.is_relative_to(ROOT) or path.is_relative_to(Path(__file__).parent):
        return False
    return not {"site-packages", "dist-packages", ".venv"} & set(path.relative_to(ROOT).parts)


def default_release() -> str:
    """Return `<slug>@<version>+<git sha>`, or `<slug>@<version>` outside a git checkout.

    The sha of a checkout with changes that aren't committed has `.dirty` behind it.
    """
    release = f"{PROJECT['name']}@{PROJECT['version']}"
    commit = _commit()
    return f"{release}+{commit}" if commit else release


def _commit() -> str | None:
    # `HEAD:./pyproject.toml` fails where this folder is not tracked, so that a service that lies
    # unversioned inside somebody else's checkout doesn't take that checkout's commit for its own.
    try:
        sha = _git("rev-parse", "HEAD", "HEAD:./pyproject.toml")[:12]
        return f"{sha}.dirty" if _git("status", "--porcelain", "--", ".") else sha
    except (OSError, subprocess.SubprocessError):
        return None


def _git(*command: str) -> str:
    asked = ("git", *command)
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True, timeout=5)
    return done.stdout
