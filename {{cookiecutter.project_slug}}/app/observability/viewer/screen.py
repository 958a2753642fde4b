"""How a terminal shows what somebody else wrote."""

import os
import shutil
import sys
from typing import Final

INDENT: Final = " " * 5
_STYLES: Final = {
    **{"bold": "1", "dim": "2", "red": "1;31", "yellow": "33", "green": "32", "cyan": "36"},
    "scrubbed": "30;43",
}


def style(name: str, text: str) -> str:
    """Colour `text` if a person looks at it: not in a pipe, nor where NO_COLOR is set."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return f"\x1b[{_STYLES[name]}m{text}\x1b[0m" if sys.stdout.isatty() and not plain else text


def harmless(text: str) -> str:
    """Make one line that can't steer the terminal."""
    return "".join(char if char.isprintable() else " " for char in text)


def clip(text: object, used: int = 0) -> str:
    """Make one harmless line that fits the terminal after `used` columns."""
    width = columns() - used
    line = harmless(str(text))
    return line if len(line) <= width else line[: max(width - 1, 0)] + "…"


def columns() -> int:
    """Return how many columns a line may have after the indentation."""
    return min(shutil.get_terminal_size((100, 24)).columns, 110) - len(INDENT)
