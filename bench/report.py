"""What was measured, as a table on the screen and in RESULTS.md, and as plots."""

import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
_SHOWN: Final = ("sentry-sdk", "fastapi", "starlette", "uvicorn", "sqlalchemy")


@dataclass
class Table:
    """Rows of text below a title; `notes` say what the figures are and are not."""

    title: str
    columns: list[str]
    rows: list[list[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """Write it in Markdown, which reads well on a terminal, too."""
        widths = [max(map(len, column)) for column in zip(self.columns, *self.rows, strict=True)]

        def line(cells: Sequence[str]) -> str:
            padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
            return f"| {' | '.join(padded)} |"

        ruler = f"|{'|'.join('-' * (width + 2) for width in widths)}|"
        return [line(self.columns), ruler, *map(line, self.rows), *(f"\n{n}" for n in self.notes)]


@dataclass(frozen=True)
class Plot:
    """A line for each name, of (x, y) points; `y` is what both axes grow to."""

    name: str
    x: str
    y: str
    lines: dict[str, list[tuple[float, float]]]


def middle(values: Sequence[float], digits: int = 0, scale: float = 1.0) -> str:
    """Write the median; with a mark where the spread is so wide that it says little."""
    median = statistics.median(values)
    text = f"{median * scale:,.{digits}f}"
    return f"{text} ?" if spread(values) > 0.3 else text


def spread(values: Sequence[float]) -> float:
    """Return how far the values lie apart, as a part of their median."""
    median = statistics.median(values)
    return (max(values) - min(values)) / abs(median) if median else 0.0


def show(table: Table) -> None:
    """Print a table."""
    print(f"\n{table.title}\n", *table.lines(), sep="\n", flush=True)


def write(tables: Sequence[Table], plots: Sequence[Plot], command: str, rounds: int) -> Path:
    """Write RESULTS.md and the plots beside it; return the file."""
    for plot in plots:
        _draw(plot)
    parts = [
        "# What Sentry costs a service",
        f"Made by `{command}` on {datetime.now(UTC):%Y-%m-%d}. {_machine()}",
        f"Medians of {rounds} rounds, the contestants in turn. `?` marks a median whose rounds lie "
        "more than 30 % of it apart: it says little. One run on one machine: compare columns, and "
        "not figures with those of another machine.",
    ]
    for table in tables:
        parts += [f"## {table.title}", "\n".join(table.lines())]
    for plot in plots:
        parts.append(f"![{plot.y} by {plot.x}](plots/{plot.name}.svg)")
    file = HERE / "RESULTS.md"
    file.write_text("\n\n".join(parts) + "\n", "utf-8")
    return file


def _machine() -> str:
    cpu = ""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        cpu = next((line.partition(":")[2].strip() for line in lines if "model name" in line), "")
    except OSError:
        pass
    versions = ", ".join(f"{name} {version(name)}" for name in _SHOWN)
    python = f"{platform.python_implementation()} {platform.python_version()}"
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=HERE, capture_output=True, text=True
    ).stdout.strip()
    return f"{os.cpu_count()} cores ({cpu or platform.machine()}), {python}, {versions}; {commit}."


def _draw(plot: Plot) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4), layout="constrained")
    for name, points in plot.lines.items():
        axes.plot(*zip(*points, strict=True), marker="o", label=name)
    axes.set_xlabel(plot.x)
    axes.set_ylabel(plot.y)
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend()
    folder = HERE / "plots"
    folder.mkdir(exist_ok=True)
    figure.savefig(folder / f"{plot.name}.svg", metadata={"Date": None})
    figure.savefig(folder / f"{plot.name}.png")
    pyplot.close(figure)


def progress(text: str) -> None:
    """Say on one line of the terminal what is being done."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
