"""A template with a history: two versions with every kind of change after the tree as it is.

When there are releases, the first version is the last of them, so that each change of the template
is tested by updating services of that release to it.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.services import ROOT, clean_environment

SERVICE = "{{cookiecutter.project_slug}}"
STANDARD = f"{SERVICE}/app/observability"
IDENTITY = ("-c", "user.name=Team", "-c", "user.email=team@example.com")

# A module of the standard that each version changes, one line in the middle and one at the end.
CHANGED = '''"""Limits of the standard."""

from typing import Final

# How many errors a minute are sent, of each kind.
LIMIT: Final = {limit}

# These are the same in all versions, so that edits at either end stay apart.
FIRST: Final = "first"
SECOND: Final = "second"
THIRD: Final = "third"


def limit_of(kind: str) -> int:
    """Say how many of a kind are sent."""
    return LIMIT if kind != "{kind}" else 1
'''
RENAMED = '''"""Names of the standard."""

from typing import Final

ONE: Final = 1
TWO: Final = 2
THREE: Final = 3
FOUR: Final = 4
FIVE: Final = {five}


def name_of(number: int) -> str:
    """Say a number's name."""
    return {{ONE: "one", TWO: "two", THREE: "three", FOUR: "four"}}.get(number, "five")
'''
OTHER = '''"""{title} of the standard."""

from typing import Final

{name}: Final = "{title}"
'''


def git(folder: Path, *command: str) -> str:
    """Run git as nobody in particular and return what it printed."""
    done = subprocess.run(
        ["git", *IDENTITY, *command],
        cwd=folder,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, f"git {command}: {done.stdout}{done.stderr}"
    return done.stdout


def commit(folder: Path, message: str, *tags: str) -> str:
    """Commit all there is and return the commit."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message)
    for tag in tags:
        git(folder, "tag", tag)
    return git(folder, "rev-parse", "HEAD").strip()


def edit(file: Path, change: Callable[[str], str]) -> None:
    """Change a file, and make sure that something came of it."""
    before = file.read_bytes().decode()
    after = change(before)
    assert after != before, f"nothing to change in {file}"
    file.write_bytes(after.encode())


def replace(file: Path, old: str, new: str) -> None:
    edit(file, lambda text: text.replace(old, new, 1))


def listed_files() -> list[str]:
    """List what belongs to the tree as it is, committed or not."""
    listing = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    return [name for name in listing.split("\0") if (ROOT / name).is_file()]


def lay_current_tree(template: Path) -> None:
    """Replace what is in the template by the tree as it is."""
    for path in template.iterdir():
        if path.name != ".git":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for name in listed_files():
        (template / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, template / name)


def make_template(folder: Path) -> Path:
    """Make the repository: v1 the last release, or the tree as it is; v2 and v3 after that."""
    template = folder / "ion-sentry-template.git"  # cookiecutter wants to see "git" in a URL
    release = git(ROOT, "tag", "--list", "v*", "--sort=-version:refname").split()
    if release:
        git(folder, "clone", "--quiet", "--no-tags", str(ROOT), str(template))
        git(
            template,
            "checkout",
            "--quiet",
            "-B",
            "main",
            git(ROOT, "rev-parse", release[0]).strip(),
        )
        git(template, "remote", "remove", "origin")
    else:
        template.mkdir()
        git(template, "init", "--quiet", "--initial-branch=main")
        lay_current_tree(template)
    first(template)
    commit(template, "First", "v90.1.0")
    lay_current_tree(template)
    first(template)
    second(template)
    commit(template, "Second", "v90.2.0")
    third(template)
    commit(template, "Third", "v90.3.0")
    return template


def first(template: Path) -> None:
    """Add files that later versions change, rename and delete."""
    standard = template / STANDARD
    (standard / "limits.py").write_text(CHANGED.format(limit=60, kind="a"))
    (standard / "names.py").write_text(RENAMED.format(five=5))
    (standard / "leaving.py").write_text(OTHER.format(title="Leaving", name="LEAVING"))
    (standard / "staying.py").write_text(OTHER.format(title="Staying", name="STAYING"))
    set_version(template, "90.1.0", "First.")


def second(template: Path) -> None:
    """Change, rename, delete, add; a new answer, another default, a pin, CI."""
    standard = template / STANDARD
    (standard / "limits.py").write_text(CHANGED.format(limit=80, kind="b"))
    (standard / "names.py").unlink()
    (standard / "numbers.py").write_text(RENAMED.format(five=55))
    (standard / "leaving.py").unlink()
    (standard / "arriving.py").write_text(OTHER.format(title="Arriving", name="ARRIVING"))
    pyproject = template / SERVICE / "pyproject.toml"
    edit(pyproject, lambda text: re.sub(r'"structlog>=[^"]*"', '"structlog>=26.1.1,<27"', text))
    replace(pyproject, "\nsentry_org =", '\nregion = "{{ cookiecutter.region }}"\nsentry_org =')
    workflow = template / SERVICE / ".github/workflows/ion-ci.yml"
    replace(workflow, "checkout@de0fac2e", "checkout@08c6903c")
    replace(template / SERVICE / ".gitlab/ion-ci.yml", "timeout: 15", "timeout: 20")
    replace(
        template / SERVICE / "Dockerfile", "UV_LINK_MODE=copy", "UV_LINK_MODE=copy UV_OFFLINE=0"
    )
    replace(template / SERVICE / "Makefile", "PORT ?= 8000\n", "PORT ?= 8000\nHOST ?= 127.0.0.1\n")
    # What is written for one machine only may change, too.
    replace(template / "hooks/post_gen_project.py", "# All variables:", "# Every variable:")
    ask(template, region="eu")
    replace(
        template / "cookiecutter.json", '"traces_sample_rate": "0.1"', '"traces_sample_rate": "0.2"'
    )
    set_version(template, "90.2.0", "Second.")


def third(template: Path) -> None:
    """The same again, in the same and in other places."""
    standard = template / STANDARD
    (standard / "limits.py").write_text(CHANGED.format(limit=90, kind="c"))
    replace(standard / "numbers.py", "five", "cinq")
    replace(standard / "arriving.py", '"Arriving"', '"Arrived"')
    (standard / "staying.py").unlink()
    (standard / "below").mkdir()
    (standard / "below/__init__.py").write_text('"""Below."""\n')
    (standard / "below/deeper.py").write_text(OTHER.format(title="Deeper", name="DEEPER"))
    pyproject = template / SERVICE / "pyproject.toml"
    replace(pyproject, '"structlog>=26.1.1,<27"', '"structlog>=26.1.2,<27"')
    replace(pyproject, "\nsentry_org =", '\ntier = "{{ cookiecutter.tier }}"\nsentry_org =')
    ci = template / SERVICE / ".github/workflows/ion-ci.yml"
    replace(ci, "checkout@08c6903c", "checkout@93cb6efe")
    replace(ci, "      - run: make lint\n", "      - run: make lint\n      - run: make help\n")
    ask(template, tier=["gold", "silver"])
    replace(template / "cookiecutter.json", '"3.11"', '"3.11",\n    "3.10"')
    set_version(template, "90.3.0", "Third.")


def ask(template: Path, **questions: object) -> None:
    """Add questions, with their defaults."""
    file = template / "cookiecutter.json"
    known = json.loads(file.read_text("utf-8"))
    file.write_text(json.dumps(known | questions, indent=2, ensure_ascii=False), "utf-8")


def set_version(template: Path, version: str, news: str) -> None:
    """Give the tree a version and an entry in the changelog."""
    edit(
        template / "cookiecutter.json",
        lambda text: re.sub(r'("_template_version": )"[^"]*"', rf'\1"{version}"', text),
    )
    replace(template / "CHANGELOG.md", "\n## ", f"\n## {version}\n\n- {news}\n\n## ")
