"""Bring a new service's alerts and dashboards to a Sentry that runs on this machine.

No account is needed, nothing leaves the machine. What is written is thrown away at the end.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from demo.screen import style
from demo.sentry_api import SentryApi
from demo.service import TEMPLATE, environment
from demo.terminal import complain, note

STEPS = [
    ("Plan: what would change", ["plan"], 2),
    ("Apply: write it", ["apply", "--yes"], 0),
    ("Plan again: there is nothing to do", ["plan"], 0),
    ("Somebody turns an alert off by hand, and adds a dashboard: plan shows the one", ["plan"], 2),
    ("Apply mends the one and leaves the other", ["apply", "--yes"], 0),
]


def main() -> int:
    """Run the demo and return its exit code: 0 only if each step ended as it should."""
    argparse.ArgumentParser(prog="python -m demo.monitoring", description=__doc__).parse_args()
    try:
        with tempfile.TemporaryDirectory() as folder, SentryApi() as sentry:
            return demonstrate(Path(folder), sentry)
    except KeyboardInterrupt:
        complain("Interrupted.")
        return 130
    except (OSError, subprocess.CalledProcessError) as error:
        complain(f"{error}.")
        return 1


def demonstrate(folder: Path, sentry: SentryApi) -> int:
    """Generate a service and go through the steps."""
    print(style("bold", "\nGenerate a service, and listen in Sentry's place"))
    command = [sys.executable, "-m", "cookiecutter", "--no-input", "--default-config"]
    command += ["--output-dir", str(folder), str(TEMPLATE), "alert_slack_channel=#ion-alerts"]
    env = environment()
    subprocess.run(command, cwd=TEMPLATE, env=env, check=True, stdout=subprocess.DEVNULL)
    [service] = folder.iterdir()
    note(f"{service.name}, and {sentry.url}")
    env |= {"SENTRY_URL": sentry.url, "SENTRY_AUTH_TOKEN": sentry.token, "NO_PROXY": "127.0.0.1"}
    env.pop("CI", None)
    ion_sentry = Path(sys.executable).parent / "ion-sentry"
    for number, (title, words, expected) in enumerate(STEPS):
        if number == 3:
            next(iter(sentry.organization.alerts.values()))["enabled"] = False
            sentry.organization.dashboards[1] = {"title": "Made by hand", "widgets": []}
        print(style("bold", f"\n{title}"))
        note(style("dim", f"$ ion-sentry monitoring {' '.join(words)}"))
        sys.stdout.flush()
        done = subprocess.run([ion_sentry, "monitoring", *words], cwd=service, env=env)
        if done.returncode != expected:
            complain(f"That ended with {done.returncode}, not with {expected}.")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
