"""Starts the processes that are measured, one at a time, with a receiver beside each."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from bench.served import ROOT, sink

SDK_3: Final = "sentry-sdk==3.0.0b2"


@dataclass(frozen=True)
class Run:
    """What one process took, and what arrived of it. Seconds and MiB."""

    cpu: float
    stall: float
    start: float
    rss: float
    arrived: dict[str, float]


def in_process(
    contestant: str,
    service: Path,
    scenario: str,
    count: int,
    *,
    growth: dict[str, Any] | None = None,
    with_package: str = "",
    env: Mapping[str, str] = MappingProxyType({}),
    pause: float = 0.0,
) -> Run:
    """Measure a contestant in a process of its own, with another package put over one of ours.

    The receiver takes `pause` seconds for each answer.
    """
    with sink(pause) as (dsn, arrived):
        env = {**os.environ, "SENTRY_DSN": dsn, "BENCH_CONTESTANT": contestant, **env}
        env |= {
            "PYTHONPATH": f"{service}:{ROOT}",
            "BENCH_UNPACED": "1",  # or it would compare who sends less
            "BENCH_STORM": "1" if scenario == "storm" else "",
        }
        python = [sys.executable]
        if with_package:
            uv = str(Path(sys.executable).parent / "uv")
            python = [uv, "run", "--quiet", "--no-project", "--python", sys.executable]
            python += ["--with", with_package, "python"]
        command = ["-m", "bench.inprocess", scenario, str(count), json.dumps(growth or {})]
        done = subprocess.run(
            [*python, *command], cwd=service, env=env, check=True, stdout=subprocess.PIPE, text=True
        )
    told = json.loads(done.stdout)
    return Run(told["cpu"], told["stall"], told["start"], told["rss"], arrived)
