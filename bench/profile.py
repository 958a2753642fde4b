"""`make profile`: the ten functions that cost most in our way, of a request and of an error.

By cProfile, which makes small functions dearer than they are: it says where to look, not how much.
"""

import asyncio
import cProfile
import logging
import os
import pstats
import sys
import tempfile
from pathlib import Path

from bench.__main__ import _service as make_service
from bench.report import Table, show
from bench.served import sink

COUNTS = {"request": 20_000, "error": 1000}
MOST = 10


def main() -> int:
    """Profile both, and print a table each."""
    with tempfile.TemporaryDirectory() as folder, sink() as (dsn, _arrived):
        service = make_service(Path(folder))
        os.chdir(service)
        sys.path.insert(0, str(service))
        os.environ |= {"SENTRY_DSN": dsn, "BENCH_CONTESTANT": "ours"}
        from bench.inprocess import SCENARIOS, ask, make_app

        nowhere = Path(os.devnull).open("w")  # noqa: SIM115
        logging.basicConfig(level=logging.INFO, stream=nowhere)
        app = make_app()
        for scenario, count in COUNTS.items():
            method, path, _pace = SCENARIOS[scenario]

            async def serve(number: int, method: str = method, path: str = path) -> None:
                for _ in range(number):
                    await ask(app, method, path)

            asyncio.run(serve(count // 10))
            profile = cProfile.Profile()
            profile.runcall(asyncio.run, serve(count))
            show(_table(scenario, count, pstats.Stats(profile)))
    return 0


def _table(scenario: str, count: int, stats: pstats.Stats) -> Table:
    table = Table(f"{scenario}: {count} in process", ["µs each", "calls each", "function"])
    found = [
        (own, calls, file, name)
        for (file, _line, name), (_primitive, calls, own, _all, _callers) in stats.stats.items()  # type: ignore[attr-defined]
        if "/app/observability/" in file or "/sentry_sdk/" in file
    ]
    for own, calls, file, name in sorted(found, reverse=True)[:MOST]:
        place = file.partition("/app/")[2] or file.partition("/site-packages/")[2]
        row = [f"{own / count * 1e6:.1f}", f"{calls / count:.1f}", f"{place}: {name}"]
        table.rows.append(row)
    return table


if __name__ == "__main__":
    sys.exit(main())
