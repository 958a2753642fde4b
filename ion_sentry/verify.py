"""The standard's tests, run against a service: does it still do what its version promises?"""

from pathlib import Path
from shutil import copytree, ignore_patterns

FOLDER = "tests/standard"
PYTEST = ("-m", "pytest", "-c", f"{FOLDER}/pytest.toml", "--rootdir=.", FOLDER)


def lay_out(service: Path, tests: Path, folder: Path) -> None:
    """Make a copy of a service in `folder` that has the standard's tests instead of its own.

    They have to lie in a service: only what does is its own code, in events and traces.
    """
    unwanted = ignore_patterns("__pycache__")
    copytree(service / "app", folder / "app", ignore=unwanted)
    (folder / "pyproject.toml").write_bytes((service / "pyproject.toml").read_bytes())
    copytree(tests, folder / FOLDER, ignore=unwanted)
    (folder / FOLDER).parent.joinpath("__init__.py").touch()
