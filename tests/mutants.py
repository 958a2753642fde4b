"""`make mutants`: change the standard's code on purpose, and list what its tests don't notice.

python -m tests.mutants [FILE …]        # below app/observability; default: all of it

Every change that no test noticed is printed, unless `mutants.toml` says why it doesn't matter.
Exit code 1 if a tenth of the changes or more went unnoticed, explained or not.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator
from inspect import getsource
from pathlib import Path
from typing import NamedTuple

from tests.the_standard import Standard

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
STANDARD = "app/observability"
# The tests' own; and what are commands, whose tests run them in processes of their own.
LEFT_OUT = {"testing.py", "recording.py", "__main__.py", "doctor", "viewer"}
MYPY = ["mypy", "--output", "json", "--no-warn-unused-ignores", STANDARD]
UNSEEN = " and ".join(
    f"not {name}"
    for name in (
        *("costs", "place_of_a_message", "fails_at_import", "wrong_schedule"),
        *("hostile_text", "hangs", "cut_in_a_secret"),  # each takes seconds, thousands of times
    )
)
SLOWEST = (
    "--deselect",
    "tests/standard/test_sizes.py::test_however_large_an_event_is_it_arrives[lists in lists]",
)
UNNOTICED = {"survived", "no tests"}
# Tests of the standard that need the template's receiver; here they see the service that changes.
OF_THE_TEMPLATE = (
    *("test_connection.py", "test_envelopes.py", "test_line.py", "test_losses.py"),
    *("test_retries.py", "test_sessions.py", "test_sizes.py"),
)
THE_STANDARD = f"""\
import importlib
from typing import Any

import pytest

{getsource(Standard)}
@pytest.fixture
def standard():
    return Standard()
"""


class Mutant(NamedTuple):
    """One change: mutmut's name of it, what became of it, and its lines."""

    name: str
    fate: str
    change: str

    @property
    def place(self) -> str:
        """The function, as mutmut spells it without its marks: `chain.walk`."""
        name = self.name.removeprefix("app.observability.").rsplit("__mutmut_", 1)[0]
        return re.sub(r"x(?:ǁ|_)", "", name, count=1).replace("ǁ", ".")


def generate(folder: Path, files: list[str]) -> Path:
    """Generate a service that mutmut can work on."""
    command = [str(BIN / "cookiecutter"), "--no-input", "--default-config", "-o", str(folder)]
    subprocess.run([*command, str(ROOT)], check=True, stdout=subprocess.DEVNULL)
    service = next(folder.iterdir())
    found = sorted((service / STANDARD).rglob("*.py"))
    wanted = [path for path in found if not LEFT_OUT & set(path.parts)]
    if files:
        wanted = [path for path in wanted if str(path).endswith(tuple(files))]
    shutil.copytree(ROOT / "tests/standard", service / "tests/standard")
    for name in OF_THE_TEMPLATE:
        shutil.copy(ROOT / "tests" / name, service / "tests/standard")
    for name in ("envelopes.py", "line.py"):
        shutil.copy(ROOT / "tests" / name, service / "tests")
    (service / "tests/the_standard.py").write_text(THE_STANDARD)
    # mutmut's own frames are as little the service's as a framework's.
    events = service / STANDARD / "errors/events.py"
    events.write_text(events.read_text().replace('{"anyio", ', '{"mutmut", "anyio", '))
    with (service / "pyproject.toml").open("a") as pyproject:
        paths = [str(path.relative_to(service)) for path in wanted]
        pyproject.write(
            f"\n[tool.mutmut]\nsource_paths = {paths}\n"
            'also_copy = ["app", "tests", "pyproject.toml"]\n'
            # What measures time or tells who called sees the way round that every call takes here.
            f"pytest_add_cli_args = {['-p', 'no:cacheprovider', '-k', UNSEEN, *SLOWEST]}\n"
            'pytest_add_cli_args_test_selection = ["tests/standard"]\n'
            # The types are checked as the tests are: by `make lint`, before anything is merged.
            f"type_check_command = {MYPY}\n"
            "track_dependencies = false\n"
            # Each change in a process of its own, in which nothing was set up or remembered yet.
            'process_isolation = "forkserver"\n'
        )
    return service


def run(service: Path) -> Iterator[Mutant]:
    """Run mutmut, its progress on the terminal, and yield what became of each change."""
    mutmut = str(BIN / "mutmut")
    env = os.environ | {"PYTHONPATH": f".:{ROOT}", "PATH": f"{BIN}:{os.environ['PATH']}"}
    subprocess.run([mutmut, "run"], cwd=service, env=env, check=True)
    told = subprocess.run(
        [mutmut, "results", "--all", "true"],
        cwd=service,
        env=env,
        check=True,
        text=True,
        stdout=subprocess.PIPE,
    )
    for line in told.stdout.splitlines():
        name, _, fate = line.strip().partition(": ")
        if fate in UNNOTICED:
            shown = subprocess.run(
                [mutmut, "show", name],
                cwd=service,
                env=env,
                check=True,
                text=True,
                stdout=subprocess.PIPE,
            )
            lines = [part for part in shown.stdout.splitlines() if re.match(r"[-+](?![-+])", part)]
            yield Mutant(name, fate, "\n".join(lines))
        elif fate:
            yield Mutant(name, fate, "")


def explained() -> list[dict[str, str]]:
    """Return the reasons: each with `place`, a pattern of the change's lines, and `why`."""
    reasons = tomllib.loads((ROOT / "tests/mutants.toml").read_text("utf-8"))
    return list(reasons["reason"])


def reason_of(mutant: Mutant, reasons: list[dict[str, str]]) -> str | None:
    for reason in reasons:
        if re.fullmatch(reason["place"], mutant.place) and re.search(
            reason["lines"], mutant.change
        ):
            return reason["why"]
    return None


def main(files: list[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        mutants = list(run(generate(Path(folder), files)))
    fates = Counter(mutant.fate for mutant in mutants)
    unnoticed = [mutant for mutant in mutants if mutant.fate in UNNOTICED]
    reasons = explained()
    news = [mutant for mutant in unnoticed if not reason_of(mutant, reasons)]
    for mutant in news:
        print(f"\n{mutant.place} ({mutant.fate})\n{mutant.change}")
    share = len(unnoticed) / max(1, len(mutants))
    print(
        f"\n{len(mutants)} changes: {dict(fates)}; unnoticed {share:.1%}, {len(news)} unexplained"
    )
    return 1 if share >= 0.1 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
