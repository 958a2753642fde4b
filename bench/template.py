"""How long the template itself takes: to generate, to the first event, to update many services."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench.report import Table, middle, progress
from bench.served import ROOT

_BIN: Final = Path(sys.executable).parent
_EMPTY: Final = {
    "cookiecutter.json": '{"project_slug": "empty"}',
    "{{cookiecutter.project_slug}}/README.md": "empty\n",
}


def measure(rounds: int, services: int) -> Table:
    """Measure each step as a user's command, `rounds` times."""
    table = Table("The template", ["step", "seconds", "what"])
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        empty = home / "empty-template"
        for name, text in _EMPTY.items():
            (empty / name).parent.mkdir(parents=True, exist_ok=True)
            (empty / name).write_text(text)
        steps: dict[str, tuple[Callable[[], None], str]] = {
            "an empty template": (lambda: _generate(empty, home), "cookiecutter, one file"),
            "generate": (lambda: _generate(ROOT, home), "cookiecutter, the default answers"),
            "to the first event": (_first_event, "make demo, packages in uv's cache"),
        }
        for name, (step, what) in steps.items():
            times = []
            for number in range(rounds):
                progress(f"{name}, round {number + 1} of {rounds} …")
                began = time.perf_counter()
                step()
                times.append(time.perf_counter() - began)
            table.rows.append([name, middle(times, 2), what])
        for number in (1, services):
            progress(f"update {number} …")
            fleet = _fleet(home, number)
            began = time.perf_counter()
            _run([str(_BIN / "ion-sentry"), "fleet", str(fleet), "--check"], fleet)
            took = time.perf_counter() - began
            table.rows.append([f"look at {number}", f"{took:.2f}", "ion-sentry fleet --check"])
    progress("")
    return table


def _generate(template: Path, home: Path) -> None:
    out = home / "out"
    command = [str(_BIN / "cookiecutter"), "--no-input", "--default-config", "-o", str(out)]
    _run([*command, str(template)], home)
    shutil.rmtree(out)


def _first_event() -> None:
    _run([sys.executable, "-m", "demo"], ROOT)


def _fleet(home: Path, number: int) -> Path:
    """Make so many services of this template, each in a repository of its own."""
    fleet = home / f"fleet-{number}"
    fleet.mkdir()
    first = fleet / "service-0"
    command = [str(_BIN / "cruft"), "create", str(ROOT), "--no-input", "--output-dir", str(fleet)]
    _run([*command, "--extra-context", '{"project_slug": "service-0"}'], home)
    for place in range(1, number):
        shutil.copytree(first, fleet / f"service-{place}")
    for service in fleet.iterdir():
        for git in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "made"]):
            _run(["git", "-c", "user.name=b", "-c", "user.email=b@example.org", *git], service)
    return fleet


def _run(command: list[str], folder: Path) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("SENTRY_")}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
    if done.returncode not in (0, 2):  # `--check` says by 2 that there is something to do
        raise RuntimeError(f"{command}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
