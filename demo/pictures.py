"""The README's pictures, made by doing what they show: `make pictures`.

Beside each stands what can be read in it, which a test compares with what is there today.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from demo.processes import Failure, Processes
from demo.receiver import Receiver
from demo.screenshot import CHROMIUM, browser, of_page, of_terminal, on_a_terminal
from demo.sentry_api import SentryApi
from demo.service import TEMPLATE, Service, environment, free_port
from demo.terminal import complain

BIN = Path(sys.executable).parent
QUESTION = {"persona": "mentor", "text": "How to say no?", "password": "hunter2"}
INSTALL_TIMEOUT = 300.0  # seconds
REFUSED = ["project_slug=my_service", "traces_sample_rate=7", "sentry_dsn=https://example.com/1"]


def main() -> int:
    """Make all of them and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m demo.pictures", description=__doc__)
    parser.add_argument("--into", type=Path, default=TEMPLATE / "docs/pictures", help="a folder")
    into = parser.parse_args().into.resolve()
    into.mkdir(parents=True, exist_ok=True)
    try:
        if not CHROMIUM:
            raise Failure("No chromium here: Debian's package of that name")
        with TemporaryDirectory() as scratch, Processes() as processes:
            make(into, Path(scratch), processes)
    except Failure as failure:
        complain(f"{failure}.", failure.log)
        return 1
    except subprocess.CalledProcessError as error:
        complain(f"{error}: {error.output.decode()}")
        return 1
    return 0


def make(into: Path, scratch: Path, processes: Processes) -> None:
    """Go through what a newcomer does, and look. Raises Failure and CalledProcessError."""
    # `make run` looks for the viewer there; the developer's own may run at the usual place.
    os.environ["VIEWER_PORT"] = str(free_port())
    env = environment() | {"PYTHONPATH": str(TEMPLATE), "NO_PROXY": "127.0.0.1"}
    env.pop("CI", None)

    def terminal(name: str, prompt: str, command: list[str], folder: Path, code: int = 0) -> None:
        print(name, flush=True)
        seen = on_a_terminal(command, folder, env, code)
        of_terminal(into / name, prompt, seen.partition("\ncookiecutter has forgotten")[0])

    cookiecutter = [str(BIN / "cookiecutter"), "--no-input", "--default-config", str(TEMPLATE)]
    prompt = f"cookiecutter --no-input gh:org/ion-sentry-template {' '.join(REFUSED)}"
    terminal("refused", prompt, [*cookiecutter, *REFUSED], scratch, code=1)
    terminal("demo", "make demo", [sys.executable, "-m", "demo", "--output", "build"], scratch)

    service = Service(processes, scratch / "services")
    folder = service.generate()
    service.install()
    tool = [str(BIN / "ion-sentry"), "-C", str(folder)]
    print("viewer-error, viewer-trace", flush=True)
    log = scratch / "viewer.log"
    viewer = processes.start([*tool, "viewer"], folder=folder, env=env, log=log)
    wait_for("The viewer: ", log)
    fail(service, dsn="")  # `make run` finds the viewer
    with browser() as page:
        page.goto(f"http://localhost:{env['VIEWER_PORT']}/telemetry/errors")
        page.get_by_text("mentor-on-holiday").click()
        page.get_by_text("in fail").wait_for()
        of_page(into / "viewer-error", page)
        page.get_by_role("link", name="Traces").first.click()
        page.get_by_text("/api/messages").first.click()
        page.get_by_text("INSERT INTO").wait_for()
        of_page(into / "viewer-trace", page)
    processes.stop(viewer)

    with Receiver() as receiver:
        fail(service, receiver.dsn)
        [event] = receiver.payloads("event")
    (folder / "event.json").write_text(json.dumps(event), "utf-8")
    prompt = "make reproduce EVENT=event.json"
    terminal("reproduce", prompt, [*tool, "reproduce", "event.json"], folder)

    with SentryApi() as sentry:
        env |= {"SENTRY_URL": sentry.url, "SENTRY_AUTH_TOKEN": sentry.token}
        on_a_terminal([*tool, "monitoring", "apply", "--yes"], folder, env)
        next(iter(sentry.organization.alerts.values()))["enabled"] = False
        watch = folder / "monitoring/watch.toml"
        changed = watch.read_text("utf-8").replace("above = 110 ", "above = 125 ")
        watch.write_text(changed, "utf-8")
        terminal("plan", "make monitoring-plan", [*tool, "monitoring", "plan"], folder, code=2)


def fail(service: Service, dsn: str) -> None:
    """Run the service for a message that is stored, and one that makes it fail."""
    service.start(free_port(), dsn)
    service.post("/api/messages", QUESTION)
    service.post("/debug/error", QUESTION)
    service.stop()


def wait_for(text: str, log: Path) -> None:
    deadline = time.monotonic() + INSTALL_TIMEOUT
    while text not in log.read_text("utf-8"):
        if time.monotonic() > deadline:
            raise Failure(f"No {text!r} within {INSTALL_TIMEOUT:g} s", log)
        time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main())
