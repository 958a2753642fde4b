"""Pictures of a terminal and of a page, and what can be read in them."""

import io
import os
import pty
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from rich.console import Console
from rich.terminal_theme import NIGHT_OWLISH, SVG_EXPORT_THEME, TerminalTheme
from rich.text import Text

CHROMIUM = shutil.which("chromium") or ""
COLUMNS = 100
THEMES: Mapping[str, TerminalTheme] = {"light": NIGHT_OWLISH, "dark": SVG_EXPORT_THEME}
# A picture loads nothing, and what turns on a terminal doesn't turn there.
_FONTS = re.compile(r"@font-face \{.*?\n    \}", re.DOTALL)
_SPINNERS = re.compile(r"^.*[\u2800-\u28ff].*\n", re.MULTILINE)


def of_terminal(place: Path, prompt: str, output: str) -> None:
    """Write `place`-light.svg and `place`-dark.svg: what a command printed, behind its prompt."""
    text = Text.from_ansi(f"\x1b[1m$ {prompt}\x1b[0m\n{_SPINNERS.sub('', output).strip()}")
    for name, theme in THEMES.items():
        console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
        console.print(text)
        # The same picture has the same ids, so that only what changed is a change.
        svg = console.export_svg(title="", theme=theme, unique_id=place.name)
        svg = _FONTS.sub("", svg).replace("Fira Code, monospace", "ui-monospace, Menlo, monospace")
        place.with_name(f"{place.name}-{name}.svg").write_text(svg, "utf-8")
    place.with_suffix(".txt").write_text(f"{text.plain}\n", "utf-8")


def of_page(place: Path, page: Page) -> None:
    """Write `place`.png: the page as it is now."""
    page.screenshot(path=place.with_suffix(".png"))
    place.with_suffix(".txt").write_text(f"{page.inner_text('body')}\n", "utf-8")


def on_a_terminal(
    command: Sequence[str], folder: Path, env: Mapping[str, str], code: int = 0
) -> str:
    """Return what a person would see of a command. Raises CalledProcessError."""
    ours, theirs = pty.openpty()
    env = {**env, "TERM": "xterm-256color", "COLUMNS": str(COLUMNS), "LINES": "50"}
    process = subprocess.Popen(command, cwd=folder, env=env, stdout=theirs, stderr=theirs)
    os.close(theirs)
    seen = b""
    with suppress(OSError):  # how a terminal that nobody holds ends
        while piece := os.read(ours, 65_536):
            seen += piece
    os.close(ours)
    if process.wait() != code:
        raise subprocess.CalledProcessError(process.returncode, command, seen)
    return seen.decode().replace("\r\n", "\n")


@contextmanager
def browser() -> Iterator[Page]:
    """Open a page in Debian's Chromium, headless, that reads well at a README's width."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield chromium.new_page(
            viewport={"width": 1200, "height": 640}, device_scale_factor=2, locale="en-GB"
        )
        chromium.close()
