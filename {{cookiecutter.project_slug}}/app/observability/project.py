"""What the service knows of itself: its `pyproject.toml`, and the release made of it."""

import subprocess
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
OWN_PACKAGE: Final = str(Path(__file__).parent)  # of the standard, as its code objects name it

_PYPROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PROJECT: Final[dict[str, Any]] = _PYPROJECT["project"]
ANSWERS: Final[dict[str, Any]] = _PYPROJECT["tool"]["ion-sentry"]


@lru_cache(maxsize=4096)
def is_own(filename: str) -> bool:
    """Tell whether a file is the service's own code, not the standard's or a library's."""
    path = Path(filename).resolve()
    if not path.is_relative_to(ROOT) or path.is_relative_to(Path(__file__).parent):
        return False
    return not {"site-packages", "dist-packages", ".venv"} & set(path.relative_to(ROOT).parts)


def default_release() -> str:
    """Return `<slug>@<version>+<git sha>`, or `<slug>@<version>` outside a git checkout."""
    release = f"{PROJECT['name']}@{PROJECT['version']}"
    sha = _git_sha()
    return f"{release}+{sha}" if sha else release


def _git_sha() -> str | None:
    # `HEAD:./pyproject.toml` fails where this folder is not tracked, so that a service that lies
    # unversioned inside somebody else's checkout doesn't take that checkout's commit for its own.
    try:
        shas = subprocess.run(
            ["git", "rev-parse", "HEAD", "HEAD:./pyproject.toml"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
            timeout=5,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return shas.stdout[:12]
