"""What the demo prints, and how it looks on a terminal."""

import sys
import textwrap
import time
from contextlib import suppress
from pathlib import Path

from demo.screen import INDENT, clip, columns, style

STEPS = 6
LOG_LINES = 12


def step(number: int, what: str) -> float:
    """Say what happens next, and return when it began."""
    print(f"\n{style('bold', f'{number}/{STEPS}')}  {what}")
    return time.monotonic()


def note(text: object = "", began: float | None = None) -> None:
    """Print a line under the step, with the seconds that it took."""
    took = f"  {time.monotonic() - began:.1f} s" if began is not None else ""
    print(f"{INDENT}{text}{took}".rstrip())


def note_wrapped(text: str) -> None:
    """Print a text of any length under the step, names and values of JSON side by side."""
    together = text.replace(": ", ":\xa0")
    for line in textwrap.wrap(together, columns(), subsequent_indent="    "):
        note(line.replace("\xa0", " "))


def complain(message: str, log: Path | None = None) -> None:
    """Print the last lines of a log and one line that says what is wrong, on stderr."""
    with suppress(OSError):  # the terminal may be gone
        if log and log.is_file():
            lines = log.read_text(errors="replace").splitlines()[-LOG_LINES:]
            print(*(f"{INDENT}{clip(line)}" for line in lines), sep="\n", file=sys.stderr)
            message += f" The whole log: {nearby(log)}"
        print(f"\n{message}", file=sys.stderr)


def nearby(path: Path) -> Path:
    """Return a path as one would type it here."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
