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

from uv import find_uv_bin

from bench.report import Table, middle, progress
from bench.served import ROOT

_BIN: Final = Path(sys.executable).parent
# The one on PyPI that knows Sentry. Its hook resolves its packages, too.
_PEER: Final = [
    *("--name=peer", "--quiet", "--force", "--api-type=rest", "--db=sqlite", "--orm=sqlalchemy"),
    *("--ci=github", "--migrations", "--routers", "--dummy", "--sentry"),
]
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
        peer = _peer(home)
        steps: dict[str, tuple[Callable[[], None], str]] = {
            "an empty template": (lambda: _generate(empty, home), "cookiecutter, one file"),
            "generate": (lambda: _generate(ROOT, home), "cookiecutter, the default answers"),
            "a peer from PyPI": (
                lambda: _run([*peer, *_PEER], home),
                "fastapi_template --sentry, and its hook",
            ),
            "to the first event": (_first_event, "make demo, packages in the cache"),
            "to the first event, cold": (lambda: _first_event(home / "cold"), "an empty cache"),
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
            fleet = _fleet(home, number)
            for what, option in (("look at", ["--check"]), ("update", [])):
                progress(f"{what} {number} …")
                began = time.perf_counter()
                _run([str(_BIN / "ion-sentry"), "fleet", str(fleet), *option], fleet)
                took = time.perf_counter() - began
                told = " ".join(["ion-sentry fleet", *option])
                table.rows.append([f"{what} {number}", f"{took:.2f}", told])
    progress("")
    return table


def _generate(template: Path, home: Path) -> None:
    out = home / "out"
    command = [str(_BIN / "cookiecutter"), "--no-input", "--default-config", "-o", str(out)]
    _run([*command, str(template)], home)
    shutil.rmtree(out)


def _first_event(cache: Path | None = None) -> None:
    shutil.rmtree(cache or "", ignore_errors=True)
    empty = {"UV_CACHE_DIR": f"{cache}/uv", "PIP_CACHE_DIR": f"{cache}/pip"} if cache else {}
    _run([sys.executable, "-m", "demo"], ROOT, **empty)


def _peer(home: Path) -> list[str]:
    """Install the peer; return its command without options."""
    uv, environment = find_uv_bin(), home / "peer-environment"
    _run([uv, "venv", "--quiet", str(environment)], home)
    python = ["--python", str(environment)]
    _run([uv, "pip", "install", "--quiet", *python, "fastapi_template"], home)
    return [str(environment / "bin/fastapi_template")]


def _fleet(home: Path, number: int) -> Path:
    """Make so many services of a clone of this template that has a newer version then."""
    clone, fleet = home / f"template-{number}", home / f"fleet-{number}"
    fleet.mkdir()
    _run(["git", "clone", "--quiet", str(ROOT), str(clone)], home)
    _git(clone, "remote", "remove", "origin")  # else its services would be of that
    _git(clone, "tag", "v90.0.0")
    first = fleet / "service-0"
    command = [str(_BIN / "cookiecutter"), "--no-input", "--default-config", "-o", str(fleet)]
    _run([*command, str(clone), "project_slug=service-0"], home)
    for place in range(1, number):
        shutil.copytree(first, fleet / f"service-{place}")
    for service in fleet.iterdir():
        _git(service, "init", "--quiet")
        _git(service, "add", "--all")
        _git(service, "commit", "--quiet", "--message", "made")
    with (clone / "{{cookiecutter.project_slug}}/app/observability/plain.py").open("a") as file:
        file.write("# Newer.\n")
    _git(clone, "commit", "--quiet", "--all", "--message", "newer")
    _git(clone, "tag", "v90.1.0")
    return fleet


def _git(folder: Path, *command: str) -> None:
    _run(["git", "-c", "user.name=b", "-c", "user.email=b@example.org", *command], folder)


def _run(command: list[str], folder: Path, **more: str) -> None:
    foreign = ("SENTRY_", "VIRTUAL_ENV")
    env = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    path = f"{_BIN}{os.pathsep}{env['PATH']}"  # the peer wants uv
    env |= {"PATH": path} | more
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
    if done.returncode not in (0, 2):  # `--check` says by 2 that there is something to do
        raise RuntimeError(f"{command}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
