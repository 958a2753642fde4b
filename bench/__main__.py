"""`make bench`: the CPU that Sentry adds, side by side, and what arrived for it.

The usual snippet is `sentry_sdk.init(dsn, traces_sample_rate=0.1, profiles_sample_rate=0.1)`.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from demo.receiver import Receiver

ROOT = Path(__file__).resolve().parents[1]
VARIANTS = ("none", "snippet", "template")
SCENARIOS = {"request": 4000, "error": 150, "storm": 1500}
ROUNDS = 5


def generate(folder: Path) -> Path:
    command = [sys.executable, "-m", "cookiecutter", "--no-input", "--default-config"]
    subprocess.run(
        [*command, "--output-dir", str(folder), str(ROOT)], check=True, stdout=subprocess.DEVNULL
    )
    return next(folder.iterdir())


def run(variant: str, scenario: str, service: Path) -> tuple[float, Counter[str], float]:
    """Return CPU seconds a request, what arrived, and the mean bytes of an error event."""
    with Receiver() as receiver:
        env = os.environ | {"SENTRY_DSN": receiver.dsn, "PYTHONPATH": str(service)}
        done = subprocess.run(
            [
                sys.executable,
                str(ROOT / "bench/drive.py"),
                variant,
                scenario,
                str(SCENARIOS[scenario]),
            ],
            env=env,
            cwd=service,
            check=True,
            stdout=subprocess.PIPE,
        )
        arrived = Counter(item.type for item in receiver.items)
        for sessions in receiver.payloads("sessions"):
            for bucket in sessions["aggregates"]:
                counted = {"exited", "errored", "crashed"} & set(bucket)
                arrived["sessions counted"] += sum(bucket[name] for name in counted)
        arrived["requests traced"] = len(receiver.payloads("transaction"))
        for batch in receiver.payloads("span"):  # the snippet's way is a transaction
            arrived["requests traced"] += sum(span["is_segment"] for span in batch["items"])
        sizes = [len(item.payload) for item in receiver.items if item.type == "event"]
    return json.loads(done.stdout)["cpu"], arrived, statistics.fmean(sizes or [0])


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        service = generate(Path(folder))
        for scenario, count in SCENARIOS.items():
            print(f"\n{scenario}: {ROUNDS} rounds of {count}, in turn")
            results: dict[str, list[tuple[float, Counter[str], float]]] = {v: [] for v in VARIANTS}
            for _ in range(ROUNDS):
                for variant in VARIANTS:
                    if scenario == "storm" and variant == "snippet":
                        results[variant].append(run(variant, "error", service))
                    else:
                        results[variant].append(run(variant, scenario, service))
            base = statistics.median(cpu for cpu, _, _ in results["none"])
            snippet = statistics.median(cpu for cpu, _, _ in results["snippet"]) - base
            for variant, rows in results.items():
                cpu = statistics.median(row[0] for row in rows)
                arrived = sum((row[1] for row in rows), Counter[str]())
                size = statistics.fmean(row[2] for row in rows)
                print(
                    f"  {variant:9} {cpu * 1e6:9.0f} us  added {(cpu - base) * 1e6:8.0f} us"
                    f"  ratio {(cpu - base) / snippet:6.3f}  event {size:7.0f} B  {dict(arrived)}"
                )


if __name__ == "__main__":
    main()
