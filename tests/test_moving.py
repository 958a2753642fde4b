"""docs/moving.md, done to a service that set Sentry up by the guide's snippet."""

import re
import subprocess
from pathlib import Path

from demo.receiver import Receiver
from tests.services import BIN, ROOT, Service, clean_environment

DOCUMENT = (ROOT / "docs/moving.md").read_text("utf-8")
WAS = '''\
"""Mentors: a small service, watched by Sentry."""

import os

import sentry_sdk
from fastapi import FastAPI

sentry_sdk.init(os.getenv("SENTRY_DSN"), traces_sample_rate=1.0, send_default_pii=True)
app = FastAPI()
MENTORS = {"mentor": "Ada"}


@app.get("/mentors/{persona}")
async def find(persona: str, token: str = "") -> dict[str, str]:
    sentry_sdk.set_tag("persona", persona)
    if persona == "nobody":
        sentry_sdk.capture_message("Somebody asked for nobody", level="warning")
        return {}
    return {"mentor": MENTORS[persona]}
'''
# The table of the document, as somebody would apply it.
BY_HAND = {
    "import os\n\nimport sentry_sdk\nfrom fastapi import FastAPI\n": (
        "from fastapi import FastAPI\n\n"
        "from app.observability import Severity, SentrySettings, capture_message\n"
        "from app.observability import init_sentry, install, set_tag\n"
    ),
    'sentry_sdk.init(os.getenv("SENTRY_DSN"), traces_sample_rate=1.0, send_default_pii=True)\n': (
        "settings = SentrySettings.load()\ninit_sentry(settings)\n"
    ),
    "app = FastAPI()\n": "app = FastAPI()\ninstall(app, settings)\n",
    "sentry_sdk.set_tag(": "set_tag(",
    "sentry_sdk.capture_message(": "capture_message(",
    'level="warning"': "severity=Severity.P3",
}
TESTS = {
    "conftest.py": 'pytest_plugins = ["app.observability.testing"]\n',
    "test_main.py": """\
from fastapi.testclient import TestClient

from app.main import app


def test_nobody_is_told(captured_events: list[dict[str, object]]) -> None:
    TestClient(app).get("/mentors/nobody")
    [event] = captured_events
    assert event["message"] == "Somebody asked for nobody"
""",
}


def lint(folder: Path) -> str:
    return Service(folder).run("ruff", "check", "--select=TID251", "--output-format=concise").stdout


def test_the_snippet_is_moved(tmp_path: Path, receiver: Receiver) -> None:
    folder = tmp_path / "mentors"
    (folder / "app").mkdir(parents=True)
    (folder / "tests").mkdir()
    (folder / "app/main.py").write_text(WAS, "utf-8")
    (folder / "README.md").write_text("# Mentors\n", "utf-8")
    [steps] = re.findall(r"^```sh\n(cookiecutter .*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)
    here = steps.replace("gh:org/ion-sentry-template", f"--no-input --default-config {ROOT}")
    path = f"{BIN}:/usr/bin:/bin"
    git = "git init --quiet"
    done = subprocess.run(
        ["/bin/sh", "-ec", f"{git}\n{here}"],
        cwd=folder,
        env=clean_environment() | {"PATH": path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert (folder / "app/main.py").read_text("utf-8") == WAS
    assert (folder / "README.md").read_text("utf-8") == "# Mentors\n"
    assert not (folder / "app/api").exists() and not any((folder / "tests").iterdir())
    assert lint(folder).count("app/main.py:5:8: TID251 `sentry_sdk` is banned: Use app.obs") == 1

    text = WAS
    for was, becomes in BY_HAND.items():
        assert was in text
        text = text.replace(was, becomes)
    (folder / "app/main.py").write_text(text, "utf-8")
    assert lint(folder) == "All checks passed!\n"
    for name, content in TESTS.items():
        (folder / "tests" / name).write_text(content, "utf-8")
    done = Service(folder).run("pytest", "-q")
    assert "1 passed" in done.stdout, done.stdout

    env = {"SENTRY_DSN": receiver.dsn, "SENTRY_TRACES_SAMPLE_RATE": "1"}
    with Service(folder).serving(**env) as running:
        assert running.call("GET", "/mentors/mentor")[0] == 200
        assert running.call("GET", "/mentors/nobody")[0] == 200
        status, problem = running.call("GET", "/mentors/coach?token=hunter2")
    assert status == 500
    message, error = sorted(receiver.payloads("event"), key=lambda event: event["level"] == "error")
    assert (message["level"], message["tags"]["priority"]) == ("warning", "P3")
    assert error["event_id"] == problem["event_id"]
    assert error["tags"] == {"persona": "coach", "priority": "P2"}
    assert error["exception"]["values"][-1]["type"] == "KeyError"
    assert b"hunter2" not in receiver.raw
    assert receiver.payloads("span")


def test_every_name_in_its_table_is_one_of_the_door() -> None:
    door = (ROOT / "{{cookiecutter.project_slug}}/app/observability/__init__.py").read_text("utf-8")
    table = re.findall(r"^\| `.*?\| (.*) \|$", DOCUMENT, re.MULTILINE)
    names = {name for row in table for name in re.findall(r"@?\b([a-z]+(?:_[a-z]+)*)\(", row)}
    assert len(names) > 7
    assert [name for name in sorted(names) if f'"{name}"' not in door] == []
