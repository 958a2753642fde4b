"""Through a real server: uvicorn under wrk, with a receiver that is healthy, slow or down."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.sink import KEY

ROOT: Final = Path(__file__).resolve().parents[1]
POST: Final = """\
wrk.method = "POST"
wrk.body = '{"persona": "mentor", "text": "How do I give feedback?"}'
wrk.headers["Content-Type"] = "application/json"
"""
_DOWN: Final = 9  # nothing listens at the port of "discard"


@dataclass(frozen=True)
class Load:
    """How wrk asks: which path, for how long, over how many connections; with a body or not."""

    path: str = "/ok"
    post: bool = False
    seconds: float = 5
    connections: int = 16
    workers: int = 1
    storm: bool = False


@dataclass(frozen=True)
class Served:
    """What wrk saw, in milliseconds and requests a second, and what arrived."""

    throughput: float
    p50: float
    p99: float
    answered: int
    arrived: dict[str, float]
    rss: float  # MiB of the server's processes at the end


@contextmanager
def sink(pause: float = 0.0) -> Iterator[tuple[str, dict[str, float]]]:
    """Receive; give a DSN, and a dict that holds what arrived once this is left."""
    command = [sys.executable, "-m", "bench.sink", "0", str(pause)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        port = int(process.stdout.readline())
        arrived: dict[str, float] = {}
        try:
            yield f"http://{KEY}@127.0.0.1:{port}/1", arrived
        finally:
            process.send_signal(signal.SIGTERM)
            arrived.update(json.loads(process.stdout.readline() or "{}"))


def serve(
    contestant: str, service: Path, load: Load, *, receiver: str = "healthy", **env: str
) -> Served:
    """Serve a contestant, load it, stop it, and return what was seen.

    Raises:
        RuntimeError: if wrk isn't there, or the server doesn't start.
    """
    wrk = shutil.which("wrk")
    if not wrk:
        raise RuntimeError("wrk isn't here: it is Debian's package of that name")
    with (
        sink({"slow": 0.1}.get(receiver, 0.0)) as (dsn, arrived),
        tempfile.TemporaryDirectory() as tmp,
    ):
        if receiver == "down":
            dsn = f"http://{KEY}@127.0.0.1:{_DOWN}/1"
        env = {**os.environ, "SENTRY_DSN": dsn, "BENCH_CONTESTANT": contestant, **env}
        env |= {"PYTHONPATH": f"{service}:{ROOT}", "BENCH_STORM": "1" if load.storm else ""}
        command = ["uvicorn", "app.bench:make", "--factory", "--port", "0", "--no-access-log"]
        command += ["--workers", str(load.workers)] if load.workers > 1 else []
        process = subprocess.Popen(
            [str(Path(sys.executable).parent / command[0]), *command[1:]],
            cwd=service,
            env=env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            assert process.stderr
            url, ready = "", 0
            while not (url and ready >= load.workers):
                line = process.stderr.readline()
                if not line:
                    raise RuntimeError(f"{contestant} did not start")
                if found := re.search(r"running on (http://[\d.:]+)", line):
                    url = found[1]
                ready += "startup complete" in line
            with open(os.devnull, "w") as nothing:  # noqa: PTH123
                drain = subprocess.Popen(["cat"], stdin=process.stderr, stdout=nothing)
            script = Path(tmp) / "post.lua"
            script.write_text(POST)
            options = ["-t1", f"-c{load.connections}", "--latency"]
            options += ["-s", str(script)] if load.post else []
            _run(wrk, [*options, "-d1s"], url + load.path)  # warm
            told = _run(wrk, [*options, f"-d{load.seconds:g}s"], url + load.path)
            memory = sum(_rss(pid) for pid in _group(process.pid))
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=30)
            drain.wait(timeout=30)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    return Served(*_read(told), arrived=arrived, rss=memory)


def _run(wrk: str, options: list[str], url: str) -> str:
    done = subprocess.run([wrk, *options, url], capture_output=True, text=True, check=True)
    return done.stdout


def _read(told: str) -> tuple[float, float, float, int]:
    def milliseconds(percentile: str) -> float:
        found = re.search(rf"^\s+{percentile}%\s+([\d.]+)(us|ms|s)$", told, re.MULTILINE)
        assert found, told
        return float(found[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[found[2]]

    rate = re.search(r"Requests/sec:\s+([\d.]+)", told)
    answered = re.search(r"(\d+) requests in", told)
    assert rate and answered, told
    return float(rate[1]), milliseconds("50"), milliseconds("99"), int(answered[1])


def _group(leader: int) -> list[int]:
    found = subprocess.run(["ps", "-o", "pid=", "-g", str(leader)], capture_output=True, text=True)
    return [int(pid) for pid in found.stdout.split()]


def _rss(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text("utf-8")
    except OSError:
        return 0.0
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0
