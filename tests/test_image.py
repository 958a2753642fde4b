"""The image, really built and run: without an engine, by buildah, on a base of Debian's own Python.

It needs root, buildah, debootstrap and Debian's packages, which CI has.
"""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from demo.receiver import Receiver
from tests.conftest import Generate
from tests.services import Service, clean_environment

pytestmark = pytest.mark.slow

RELEASE = "ion-mentoring@0.1.0+4f2a9c1d0e12"
PACKAGES = "python3,python3-pip,python-is-python3,passwd,ca-certificates"
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
Buildah = Callable[..., subprocess.Popen[str]]


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    out, _ = process.communicate(timeout=600)
    return process.returncode, out


@pytest.fixture(scope="module")
def buildah() -> Iterator[Buildah]:
    """Buildah with a store of its own, in which a base stands in for the Dockerfile's."""
    missing = [name for name in ("buildah", "debootstrap") if not shutil.which(name)]
    if os.geteuid() or missing:
        pytest.skip(f"needs root and {' and '.join(missing) or 'nothing else'}")
    env = clean_environment() | {"STORAGE_DRIVER": "vfs", "BUILDAH_ISOLATION": "chroot"}
    with TemporaryDirectory(prefix="buildah-") as scratch:

        def run(*command: str, cwd: Path | None = None) -> subprocess.Popen[str]:
            places = ["--root", f"{scratch}/store", "--runroot", f"{scratch}/run"]
            return subprocess.Popen(
                ["buildah", *places, *command],
                cwd=cwd,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )

        root = Path(scratch, "base")
        made = subprocess.run(
            ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", "testing", str(root)],
            capture_output=True,
        )
        if made.returncode:
            pytest.skip("Debian's packages can't be reached")
        if Path(CERTIFICATES).exists():  # those of a company's proxy are among them
            shutil.copy(CERTIFICATES, root / CERTIFICATES[1:])
        variables = ["PIP_BREAK_SYSTEM_PACKAGES=1"]
        variables += [f"{name}={CERTIFICATES}" for name in ("PIP_CERT", "SSL_CERT_FILE")]
        base = ended(run("from", "scratch"))[1].strip()
        for command in (
            ("add", "--quiet", base, str(root), "/"),
            ("config", *(word for text in variables for word in ("--env", text)), base),
            ("commit", "--quiet", base, "docker.io/library/python:3.14-slim"),
        ):
            code, out = ended(run(*command))
            assert code == 0, out
        yield run


@pytest.fixture(scope="module")
def service(generate: Generate, tmp_path_factory: pytest.TempPathFactory) -> Service:
    folder = tmp_path_factory.mktemp("image") / "service"
    shutil.copytree(generate().folder, folder)
    (folder / "uv.lock").unlink(missing_ok=True)
    return Service(folder)


def build(buildah: Buildah, service: Service, *options: str) -> tuple[int, str]:
    return ended(buildah("build", "--pull-never", *options, "-t", "ion", ".", cwd=service.folder))


def test_what_a_build_needs_is_said(buildah: Buildah, service: Service) -> None:
    code, out = build(buildah, service, "--build-arg", f"SENTRY_RELEASE={RELEASE}")
    assert code != 0 and "There is no uv.lock. Write it, and commit it: make install" in out
    assert service.run("uv", "lock", "--quiet").returncode == 0
    code, out = build(buildah, service)
    assert code != 0 and "Which release is this? Build it with: make image" in out


def test_it_serves_reports_and_stops(
    buildah: Buildah, service: Service, receiver: Receiver
) -> None:
    assert service.run("uv", "lock", "--quiet").returncode == 0
    code, out = build(buildah, service, "--build-arg", f"SENTRY_RELEASE={RELEASE}")
    assert code == 0, out
    label = '{{index .OCIv1.Config.Labels "org.opencontainers.image.version"}}'
    assert ended(buildah("inspect", "--type", "image", "--format", label, "ion"))[1] == RELEASE
    container = ended(buildah("from", "--pull-never", "ion"))[1].strip()
    code, out = ended(buildah("run", container, "--", "alembic", "upgrade", "head"))
    assert code == 0, out
    env = ("--env", f"SENTRY_DSN={receiver.dsn}", "--env", "ENVIRONMENT=local")
    doctor = ("python", "-m", "app.observability", "check")
    code, out = ended(buildah("run", *env, container, "--", *doctor))
    assert code == 0 and out.rstrip().endswith("all is right"), out
    checked = len(receiver.payloads("event"))
    server = ("uvicorn", "app.main:app", "--port", "0")
    process = buildah("run", *env, container, "--", *server)
    try:
        assert process.stdout
        started = re.compile(r"Started server process \[(\d+)\]|running on (http://[0-9.:]+)")
        found: list[str] = []
        while len(found) < 2:
            line = process.stdout.readline()
            assert line, "it ended before it served"
            if match := started.search(line):
                found.append(match[1] or match[2])
        pid, url = int(found[0]), found[1]
        with urlopen(f"{url}/healthz") as answer:
            assert answer.read().decode() == f'{{"status":"ok","release":"{RELEASE}"}}'
        status = Path(f"/proc/{pid}/status").read_text("utf-8")
        assert re.search(r"^Uid:\t10001\t10001\t10001\t10001$", status, re.MULTILINE)
        headers = {"Content-Type": "application/json"}
        for _ in range(20):
            with pytest.raises(HTTPError) as failed:
                urlopen(Request(f"{url}/debug/error", data=b"{}", headers=headers))
            failed.value.close()
        os.kill(pid, signal.SIGTERM)
        process.communicate(timeout=10)  # Docker's own patience
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    events = receiver.payloads("event")[checked:]
    assert [event["release"] for event in events] == [RELEASE] * 20
