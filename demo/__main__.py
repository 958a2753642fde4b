"""Generate a service, install it, run it, make it fail, and show what reaches Sentry.

Sentry's part is played by a receiver on this machine: no account is needed, nothing leaves it.
"""

import argparse
import io
import json
import shlex
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from demo.processes import Failure, Processes, Stopped
from demo.receiver import Receiver
from demo.screen import clip, style
from demo.service import TEMPLATE, Service, free_port
from demo.show import own_frames, shown
from demo.terminal import complain, nearby, note, note_wrapped, step

SECRET = "hunter2"
MESSAGE = {"persona": "mentor", "text": "How to say no?"}


def main() -> int:
    """Run the demo and return its exit code: 0 only if the event arrived as it should."""
    options = parse_options()
    # An event may hold any character: one that the terminal can't show is no reason to stop.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace", line_buffering=True)
    try:
        with Processes() as processes:
            return demonstrate(processes, options)
    except Stopped as stopped:
        complain(f"Stopped by {stopped}; no process is left behind.")
        return stopped.exit_code
    except Failure as failure:
        complain(f"{failure}.", failure.log)
    except OSError as error:
        complain(f"{error}.")
    return 1


def parse_options() -> argparse.Namespace:
    def port(text: str) -> int:
        if not text.isdecimal() or not 0 < int(text) < 65536:
            raise argparse.ArgumentTypeError(f"{text} isn't a port: 1 to 65535")
        return int(text)

    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    free = "(default: a free one)"
    parser.add_argument("--port", type=port, default=0, help=f"of the service {free}")
    parser.add_argument("--receiver-port", type=port, default=0, help=f"of the receiver {free}")
    parser.add_argument(
        "--output", type=Path, default=TEMPLATE / "build", help="where demo-N goes (default: build)"
    )
    return parser.parse_args()


def demonstrate(processes: Processes, options: argparse.Namespace) -> int:
    """Go through the steps and return the exit code. Raises Failure if one can't be done."""
    if not shutil.which("make"):
        raise Failure("`make` is missing: install it, then try again")
    if not find_spec("cookiecutter"):
        raise Failure("cookiecutter is missing: start the demo with `make demo`, which installs it")

    step(1, "Listen in Sentry's place")
    with naming_option("--receiver-port", options.receiver_port):
        receiver = Receiver(options.receiver_port)
    with receiver:
        with naming_option("--port", options.port):
            free_port(options.port)  # a taken one is told now, not after the installation
        note(f"127.0.0.1:{receiver.port}, so nothing leaves this machine")

        began = step(2, "Generate a service with the default answers")
        service = Service(processes, options.output.resolve())
        folder = nearby(service.generate())
        note(folder, began)

        began = step(3, "Install it: make install")
        service.install()
        note(folder / ".venv", began)

        began = step(4, "Start it: make run")
        with naming_option("--port", options.port):
            port = free_port(options.port)
        service.start(port, receiver.dsn)
        note(f"http://127.0.0.1:{port}", began)

        step(5, "Send it a message, then one that makes it fail")
        post(service, "/api/messages", MESSAGE, expected=201)
        problem = post(service, "/debug/error", MESSAGE | {"password": SECRET}, expected=500)

        step(6, "Read what arrived")
        try:
            receiver.wait_for("event")
        except TimeoutError as error:
            raise Failure(f"The event didn't arrive: {error}", service.log) from error
        note()
        for line in shown(receiver.payloads("event")[0]):
            note(line)
        service.stop()  # what it sends at the very end is judged as well
        note()
        if not judge(receiver, problem, slug=folder.name):
            raise Failure("What arrived isn't what should have arrived: see ✗ above")

    say_how_to_go_on(folder)
    return 0


def post(service: Service, path: str, body: dict[str, str], expected: int) -> dict[str, Any]:
    """Return the answer to a request, both printed. Raises Failure if the status is another."""
    note_wrapped(f"POST {path} {json.dumps(body)}")
    status, answer = service.post(path, body)
    note_wrapped(f"{status} {json.dumps(answer)}")
    if status != expected or not isinstance(answer, dict):
        raise Failure(f"POST {path} answered {status}, not {expected}", service.log)
    return answer


def judge(receiver: Receiver, problem: dict[str, Any], slug: str) -> bool:
    """Print whether all that arrived is as it should be, and return it."""
    events = receiver.payloads("event")
    event = events[0]
    frame = (own_frames(event) or [{}])[-1]
    place = f"{frame.get('filename')}:{frame.get('lineno')}"
    own = str(frame.get("filename")).startswith("app/") and frame.get("context_line")
    priority = (event.get("tags") or {}).get("priority")
    release, environment = str(event.get("release")), event.get("environment")
    raw = receiver.raw
    findings = {
        f"the event_id is the one in the answer: {problem.get('event_id')}": (
            [problem.get("event_id")] == [event["event_id"] for event in events]
        ),
        f"it names the line of the service that failed: {place}": own,
        f"it says how urgent it is: priority {priority}": priority in ("P1", "P2", "P3", "P4"),
        f"it says what ran where: {release}, {environment}": (
            release.startswith(f"{slug}@") and environment == "local"
        ),
        f"{SECRET} is nowhere in the {len(raw)} bytes that arrived": SECRET.encode() not in raw,
    }
    for finding, good in findings.items():
        note(f"{style('green', '✓') if good else style('red', '✗')} {clip(finding, used=2)}")
    return all(findings.values())


def say_how_to_go_on(folder: Path) -> None:
    print(style("bold", "\nGo on with it"))
    note(f"cd {shlex.quote(str(folder))}")
    note("make run     serves it again, on http://127.0.0.1:8000")
    note("make test    runs its tests")
    note(".env         takes your SENTRY_DSN: from then on errors reach your Sentry")


@contextmanager
def naming_option(option: str, port: int) -> Iterator[None]:
    """Make an OSError about a port a Failure that says which option chooses another."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise Failure(
            f"Port {port}: {reason}; choose another with {option}, or leave {option} out"
        ) from error


if __name__ == "__main__":
    sys.exit(main())
