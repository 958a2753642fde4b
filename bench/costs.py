"""CPU a request in process: what each contestant adds, and what arrived for it."""

import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from bench.contestants import CONTESTANTS, USUAL
from bench.processes import SDK_3, Run, in_process
from bench.report import Plot, Table, middle, progress

# How many requests a round; a storm is so many failures as fast as they come.
COUNTS: Final = {
    "request": 4000,
    "read": 1000,
    "write": 1000,
    "error": 150,
    "log": 300,
    "storm": 600,
    "websocket": 2000,
}
GROWTHS: Final[dict[str, tuple[str, str, list[int], str]]] = {
    # what grows: the scenario, the argument, its values, and what they are called
    "routes": ("route", "routes", [10, 100, 1000], "routes of the application"),
    "middlewares": ("request", "middlewares", [0, 10, 30], "middlewares"),
    "concurrency": ("request", "at_once", [1, 10, 100], "requests at once"),
    "depth": ("error", "depth", [1, 10, 50], "frames of the service's own"),
    "variables": ("error", "rows", [0, 1000, 20_000], "rows in a variable of each frame"),
}
PARTS: Final = [name for name in CONTESTANTS if name != "pace off"]
KINDS: Final = ("errors", "messages", "traces", "spans", "logs", "sessions")


def measure(service: Path, rounds: int, share: float, postgres: str) -> Iterator[Table]:
    """Measure every scenario, by `share` of the usual numbers; yield a table for each."""
    for scenario, count in COUNTS.items():
        # A storm is more than the guard lets pass.
        number = max(120 if scenario == "storm" else 20, int(count * share))
        names: Sequence[str] = USUAL
        if scenario in ("request", "error") and share == 1.0:
            names = PARTS
        elif scenario == "request":
            names = [*USUAL, "scrubbing off"]
        yield _table(service, scenario, number, names, rounds)
    if postgres:
        for scenario in ("read", "write"):
            number = max(20, int(COUNTS[scenario] * share))
            table = _table(service, scenario, number, USUAL, rounds, BENCH_DATABASE=postgres)
            table.title += ", PostgreSQL"
            yield table


def _table(
    service: Path, scenario: str, count: int, names: Sequence[str], rounds: int, **env: str
) -> Table:
    runs: dict[str, list[Run]] = {name: [] for name in names}
    if scenario in ("request", "error") and len(names) > len(USUAL):
        runs["ours, SDK 3"] = []
    for number in range(rounds):
        for name, found in runs.items():
            progress(f"{scenario}, round {number + 1} of {rounds}: {name} …")
            package = SDK_3 if name == "ours, SDK 3" else ""
            plain = "ours" if package else name
            found.append(in_process(plain, service, scenario, count, with_package=package, env=env))
    progress("")
    floor = statistics.median(run.cpu for run in runs["off"])
    snippet = statistics.median(run.cpu for run in runs["snippet"]) - floor
    table = Table(
        f"{scenario}: {count} in process",
        [
            "contestant",
            "CPU µs",
            "added µs",
            "of snippet's",
            "event bytes",
            "envelopes, KiB",
            "arrived a round",
        ],
    )
    for name, found in runs.items():
        added = statistics.median(run.cpu for run in found) - floor
        arrived = sum((Counter(run.arrived) for run in found), Counter[str]())
        said = ", ".join(f"{arrived[kind] / rounds:,.0f} {kind}" for kind in KINDS if arrived[kind])
        wire = f"{arrived['envelopes'] / rounds:,.0f}, {arrived['wire bytes'] / rounds / 1024:,.0f}"
        size = statistics.median(run.arrived.get("event bytes", 0.0) for run in found)
        table.rows.append(
            [
                name,
                middle([run.cpu for run in found], 0, 1e6),
                f"{added * 1e6:,.0f}",
                f"{added / snippet:.3f}" if snippet else "",
                f"{size:,.0f}" if size else "",
                wire,
                said or "nothing",
            ]
        )
    return table


def grow(
    service: Path, rounds: int, share: float, names: Sequence[str] = ("off", "snippet", "ours")
) -> list[Plot]:
    """Measure how the cost of a request or an error grows with what it is made of."""
    plots = []
    for name, (scenario, argument, values, x) in GROWTHS.items():
        lines: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
        for value in values if share == 1.0 else values[::2]:
            count = max(100, int(COUNTS.get(scenario, 1000) * share))
            for contestant, points in lines.items():
                progress(f"{name} {value}: {contestant} …")
                growth = {argument: value}
                runs = [
                    in_process(contestant, service, scenario, count, growth=growth)
                    for _ in range(rounds)
                ]
                points.append((value, statistics.median(run.cpu for run in runs) * 1e6))
        progress("")
        plots.append(Plot(name, x, f"CPU µs, {scenario}", lines))
    return plots


def once(service: Path, rounds: int, share: float, names: Sequence[str] = USUAL) -> list[Table]:
    """Measure what isn't of each request: start-up, memory, stalls, and what a flood crowds out."""
    table = Table(
        "Start-up, memory, and the longest stall of the event loop by one error",
        ["contestant", "start ms", "MiB at rest", "MiB after errors", "stall ms", "big stall ms"],
        notes=["Big: 200,000 objects in a variable of the frame that fails. Not made by it."],
    )
    flood = Table(
        "Errors that arrive while traces and logs fill the line, 0.1 s an answer",
        ["contestant", "raised", "errors arrived", "traces", "logs"],
        notes=["Each error among twenty traced requests, half of them with a log line; rate 1.0."],
    )
    for name in names:
        rest, small, big, many = [], [], [], []
        # A snippet's error costs twenty-five times as much: so many would take an hour.
        errors = int((1000 if name in ("snippet", "full") else 100_000) * share)
        for number in range(rounds):
            progress(f"start-up and stalls, round {number + 1} of {rounds}: {name} …")
            rest.append(in_process(name, service, "request", 20))
            small.append(in_process(name, service, "error", 50))
            big.append(in_process(name, service, "error", 20, growth={"rows": 200_000}))
        many.append(in_process(name, service, "storm", errors))
        table.rows.append(
            [
                name,
                middle([one.start for one in rest], 0, 1e3),
                middle([one.rss for one in rest], 0),
                f"{many[0].rss:,.0f} ({errors:,})",
                middle([one.stall for one in small], 2, 1e3),
                middle([one.stall for one in big], 1, 1e3),
            ]
        )
        progress(f"a flood: {name} …")
        raised = 100
        env = {"BENCH_TRACES": "1.0"}
        told = "logs on" if name == "ours" else name
        arrived = in_process(told, service, "flood", raised, env=env, pause=0.1).arrived
        kinds = [f"{arrived.get(kind, 0):,.0f}" for kind in ("errors", "traces", "logs")]
        flood.rows.append([name, f"{raised + 20 + 1}", *kinds])  # with those that warm up, and one
    progress("")
    return [table, flood]
