"""The README's commands, word by word, where only Python, make, git and curl are installed."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from demo.service import free_port
from tests.services import ROOT

# What a machine needs to reach a package index; nothing of the user's own.
KEPT = re.compile(r"(PIP|SSL|REQUESTS|HTTPS?|NO)_|https?_proxy$|no_proxy$|LANG$", re.IGNORECASE)


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """The environment of a fresh machine, with an empty home."""
    tools = tmp_path / "bin"
    tools.mkdir()
    python = Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}"
    (tools / "python3").symlink_to(python)
    env = {name: value for name, value in os.environ.items() if KEPT.match(name)}
    home = tmp_path / "home"
    home.mkdir()
    return env | {"PATH": f"{tools}:/usr/bin:/bin", "HOME": str(home)}


def commands(readme: Path) -> list[str]:
    """The lines of the first two code blocks."""
    blocks = re.findall(r"^```sh\n(.*?)^```", readme.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [line for block in blocks[:2] for line in block.splitlines()]


def sh(command: str, folder: Path, env: dict[str, str]) -> str:
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_readmes_commands(tmp_path: Path, machine: dict[str, str]) -> None:
    clone, demo, test = commands(ROOT / "README.md")[:3]
    assert (clone[:9], demo, test) == ("git clone", "make demo", "make test")
    checkout = tmp_path / "checkout"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, checkout / name)

    shown = sh(demo, checkout, machine)
    assert "KeyError" in shown and "[Filtered]" in shown
    # The whole suite in itself would never end; that it starts from nothing is what counts here.
    assert " passed" in sh(f"{test} ARGS=tests/test_dsn.py", checkout, machine)

    [service] = (path.parent for path in (checkout / "build").glob("*/*/Makefile"))
    first_section(service, machine)
    assert " passed" in sh("make test", service, machine)
    sh("make lint", service, machine)


def first_section(service: Path, machine: dict[str, str]) -> None:
    """Follow the service's README: run it, call it, see it fail."""
    run, works, fails = commands(service / "README.md")
    assert run == "make run"
    port = str(free_port())
    with (service / "run.log").open("w") as log:
        server = subprocess.Popen(
            ["make", "run", f"PORT={port}"],
            cwd=service,
            env=machine,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        # Until it listens; `--retry` would repeat an answer of 500 as well.
        works, fails = (line.replace(":8000/", f":{port}/") for line in (works, fails))
        works += " --retry 30 --retry-delay 1 --retry-connrefused"
        assert '"text":"How do I give feedback?"' in sh(works, service, machine)
        assert '"status":500' in sh(fails, service, machine)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=30)
