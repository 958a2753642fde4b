"""Bugsink, a real small server: the doctor says ok, and the error's page shows what was sent."""

import re
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import pytest
from uv import find_uv_bin

from demo.screenshot import CHROMIUM, browser
from tests.conftest import Generate
from tests.services import clean_environment

pytestmark = pytest.mark.slow
VERSION = "2.6.2"
USER, PASSWORD = "ion@example.org", "correct horse battery staple"
SETUP = """\
from users.models import User
from projects.models import Project, ProjectMembership
user = User.objects.create_superuser({user!r}, {user!r}, {password!r})
project = Project.objects.create(name="ION Mentoring")
ProjectMembership.objects.create(project=project, user=user, accepted=True)
print("DSN", project.sentry_key.hex, project.id)
"""


@dataclass(frozen=True)
class Bugsink:
    url: str
    dsn: str


@pytest.fixture(scope="module")
def bugsink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bugsink]:
    """A server on a free port of loopback, with SQLite, in a folder of its own."""
    folder = tmp_path_factory.mktemp("bugsink")
    uv, env = find_uv_bin(), clean_environment()
    subprocess.run([uv, "venv", "--quiet", str(folder / "venv")], check=True, env=env)
    python = ["--python", str(folder / "venv")]
    install = [uv, "pip", "install", "--quiet", *python, f"bugsink=={VERSION}"]
    subprocess.run(install, check=True, env=env)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    bin = folder / "venv/bin"
    make = ["--template", "local", "--port", str(port)]
    subprocess.run([bin / "bugsink-create-conf", *make], cwd=folder, check=True, env=env)
    # The tests reach nothing beyond this machine.
    with (folder / "bugsink_conf.py").open("a") as conf:
        conf.write('\nBUGSINK["PHONEHOME"] = False\n')
    env |= {"PYTHONPATH": str(folder), "DJANGO_SETTINGS_MODULE": "bugsink_conf"}

    def manage(*words: str) -> str:
        command = [str(bin / "bugsink-manage"), *words]
        done = subprocess.run(
            command, cwd=folder, env=env, text=True, capture_output=True, check=True
        )
        return done.stdout

    manage("migrate")
    told = manage("shell", "-c", SETUP.format(user=USER, password=PASSWORD))
    found = re.search(r"DSN (\w+) (\d+)", told)
    assert found, told
    address = f"127.0.0.1:{port}"
    process = subprocess.Popen(
        [bin / "gunicorn", "--bind", address, "--workers", "1", "bugsink.wsgi"],
        cwd=folder,
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with suppress(OSError), urllib.request.urlopen(f"http://localhost:{port}/"):
                break
            time.sleep(0.1)
        yield Bugsink(f"http://localhost:{port}", f"http://{found[1]}@{address}/{found[2]}")
    finally:
        process.terminate()
        process.wait(timeout=30)


def test_the_doctor_says_ok(generate: Generate, bugsink: Bugsink) -> None:
    env = {"SENTRY_DSN": bugsink.dsn, "SENTRY_LOG_LEVEL": "info"}
    done = generate().run("python", "-m", "app.observability", "check", **env)
    assert done.returncode == 0, done.stdout
    assert done.stdout.rstrip().endswith("all is right")
    assert "trace              HTTP 200: this server takes none" in done.stdout
    assert "-       log                HTTP 200, and no word on what becomes of it" in done.stdout


def test_an_error_and_its_tags_and_release_are_on_its_page(
    generate: Generate, bugsink: Bugsink
) -> None:
    if not CHROMIUM:
        pytest.skip("no chromium here: Debian's package of that name")
    env = {"SENTRY_DSN": bugsink.dsn, "SENTRY_RELEASE": "ion-mentoring@9.8.7"}
    with generate().serving(**env) as running:
        status, _ = running.call("POST", "/debug/error", {"persona": "mentor"})
        assert status == 500
    with browser() as page:
        page.goto(bugsink.url)
        page.fill("input[name=username]", USER)
        page.fill("input[name=password]", PASSWORD)
        page.press("input[name=password]", "Enter")
        page.wait_for_url(lambda url: "login" not in url)
        page.click("text=mentor-on-holiday")
        page.wait_for_load_state()
        stacktrace = page.inner_text("body")
        page.click("text=Event Details")
        page.wait_for_load_state()
        details = page.inner_text("body")
    for told in ("KeyError", "mentor-on-holiday", "app/api/debug.py"):
        assert told in stacktrace, stacktrace
    for told in ("ion-mentoring@9.8.7", "priority", "P2", "/debug/error", "persona"):
        assert told in details, details
