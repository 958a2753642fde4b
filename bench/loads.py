"""Throughput and waiting through uvicorn, under wrk, and what a receiver in trouble changes."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from bench.contestants import USUAL
from bench.report import Table, middle, progress
from bench.served import Load, Served, serve

COLUMNS: Final = [
    "contestant",
    "requests/s",
    "of off",
    "p50 ms",
    "p99 ms",
    "arrived a round",
    "MiB",
]
LOADS: Final = {
    "a trivial route, 1 worker": (Load("/ok"), "healthy"),
    "a trivial route, 2 workers": (Load("/ok", workers=2), "healthy"),
    "a trivial route, the receiver takes 0.1 s": (Load("/ok"), "slow"),
    "a trivial route, the receiver is down": (Load("/ok"), "down"),
    "reading a message from SQLite": (Load("/messages/1"), "healthy"),
    "writing a message to SQLite": (Load("/messages", post=True), "healthy"),
    "errors alone: every request fails": (Load("/fails", post=True, storm=True), "healthy"),
}


def measure(
    service: Path, rounds: int, seconds: float, names: Sequence[str] = (*USUAL, "pace off")
) -> Iterator[Table]:
    """Load the contestants in turn, `seconds` each; yield a table for each load."""
    for title, (load, receiver) in LOADS.items():
        long = Load(load.path, load.post, seconds, load.connections, load.workers, load.storm)
        runs: dict[str, list[Served]] = {name: [] for name in names}
        for number in range(rounds):
            for name, found in runs.items():
                progress(f"{title}, round {number + 1} of {rounds}: {name} …")
                found.append(serve(name, service, long, receiver=receiver))
        progress("")
        yield _table(title, long, runs)


def _table(title: str, load: Load, runs: dict[str, list[Served]]) -> Table:
    table = Table(f"uvicorn, {title}: wrk -c{load.connections} for {load.seconds:g} s", COLUMNS)
    floor = sorted(run.throughput for run in runs["off"])[len(runs["off"]) // 2]
    for name, found in runs.items():
        throughput = sorted(run.throughput for run in found)[len(found) // 2]
        said = []
        for kind in ("errors", "messages", "traces", "spans", "envelopes"):
            number = sum(run.arrived.get(kind, 0) for run in found) / len(found)
            said += [f"{number:,.0f} {kind}"] if number else []
        answered = sum(run.answered for run in found) / len(found)
        table.rows.append(
            [
                name,
                middle([run.throughput for run in found]),
                f"{throughput / floor:.2f}",
                middle([run.p50 for run in found], 1),
                middle([run.p99 for run in found], 1),
                f"{', '.join(said) or 'nothing'} of {answered:,.0f} requests",
                middle([run.rss for run in found]),
            ]
        )
    return table
