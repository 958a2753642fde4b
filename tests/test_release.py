"""A release is one string: in the SDK, the answers, the image, the cluster, and Sentry's pages."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from demo.receiver import Receiver
from demo.sentry_api import SentryApi
from tests.conftest import Generate
from tests.services import Service


@pytest.fixture(scope="module")
def service(generate: Generate, tmp_path_factory: pytest.TempPathFactory) -> Service:
    """A service in a repository of its own, with one commit."""
    made = generate(deploy="kubernetes", database="postgresql")
    folder = tmp_path_factory.mktemp("released") / "ion-mentoring"
    shutil.copytree(made.folder, folder, ignore=shutil.ignore_patterns("__pycache__"))
    who = ("-c", "user.name=team", "-c", "user.email=team@example.com")
    for command in (["init"], ["add", "."], ["commit", "--message", "first"]):
        subprocess.run(["git", *who, *command], cwd=folder, check=True, capture_output=True)
    return Service(folder, made.env)


def head(service: Service) -> str:
    command = ["git", "rev-parse", "--short=12", "HEAD"]
    done = subprocess.run(command, cwd=service.folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_all_agree(service: Service, receiver: Receiver, tmp_path: Path) -> None:
    release = f"ion-mentoring@0.1.0+{head(service)}"
    assert service.make("release-name").stdout == f"{release}\n"
    with service.serving(SENTRY_DSN=receiver.dsn, ENVIRONMENT="local") as running:
        assert running.call("GET", "/healthz") == (200, {"status": "ok", "release": release})
        running.call("POST", "/debug/error", {})
    [event] = receiver.payloads("event")
    assert event["release"] == release

    docker, log = tmp_path / "docker", tmp_path / "log"
    docker.write_text(f'#!/bin/sh\necho "$*" >> {log}\n')
    docker.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    assert service.make("image", PATH=path).returncode == 0
    assert f"--build-arg SENTRY_RELEASE={release} " in log.read_text()


def test_a_checkout_with_changes_says_so(service: Service) -> None:
    file = service.folder / "app/own.py"
    file.write_text("")
    try:
        assert service.make("release-name").stdout.endswith(f"+{head(service)}.dirty\n")
    finally:
        file.unlink()


def test_sentry_is_told_by_its_own_tool(service: Service) -> None:
    release = f"ion-mentoring@0.1.0+{head(service)}"
    with SentryApi() as sentry:
        sentry.organization.add_project("ion-mentoring", {"name": "ion-mentoring"})
        env = {"SENTRY_URL": sentry.url, "SENTRY_AUTH_TOKEN": sentry.token}
        for words in (["sentry-release"], ["sentry-deploy", "TO=staging"]):
            done = service.make(*words, **env)
            assert (done.returncode, "::warning" in done.stderr) == (0, False), done.stderr
            assert sentry.token not in done.stdout + done.stderr
        known = sentry.organization.releases[release]
        assert [commit["id"][:12] for commit in known["commits"]] == [head(service)]
        assert known["dateReleased"]
        assert sentry.organization.environments == {"staging"}


def test_a_sentry_that_fails_stops_no_deploy(service: Service) -> None:
    with SentryApi() as sentry:
        env = {"SENTRY_URL": sentry.url, "SENTRY_AUTH_TOKEN": "wrong"}
        done = service.make("sentry-release", **env)
    assert done.returncode == 0
    assert "::warning::Sentry could not be told of ion-mentoring@0.1.0+" in done.stderr


def test_without_a_token_it_says_so(service: Service) -> None:
    for words in (["sentry-release"], ["sentry-deploy"]):
        done = service.make(*words)
        assert done.returncode == 0
        assert re.fullmatch(
            r"Sentry isn't told of \S+: SENTRY_AUTH_TOKEN is not set.\n", done.stderr
        )


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_the_cluster_is_told(service: Service, environment: str) -> None:
    if not has_kustomize():
        pytest.skip("no kubectl of 1.21 or newer is installed")
    release = f"ion-mentoring@0.1.0+{head(service)}"
    image = "registry.example/ion:1"
    done = service.make("manifests", f"IMAGE={image}", f"TO={environment}")
    assert done.returncode == 0, done.stderr
    found = {one["kind"]: one for one in yaml.safe_load_all(done.stdout)}
    settings = found["ConfigMap"]["data"]
    assert (settings["ENVIRONMENT"], settings["SENTRY_RELEASE"]) == (environment, release)
    assert found["Deployment"]["metadata"]["annotations"]["sentry/release"] == release
    for kind in ("Deployment", "Job"):
        [container] = found[kind]["spec"]["template"]["spec"]["containers"]
        assert container["image"] == image
        assert (
            container["envFrom"][0]["configMapRef"]["name"]
            == found["ConfigMap"]["metadata"]["name"]
        )
    assert "OF-THE" not in done.stdout


def has_kustomize() -> bool:
    if not shutil.which("kubectl"):
        return False
    done = subprocess.run(["kubectl", "version", "--client"], capture_output=True, text=True)
    return "Kustomize Version: v5" in done.stdout
