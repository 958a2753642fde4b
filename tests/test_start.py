"""A service's start: wrong variables stop it with one line each; without a DSN it sends nothing."""

import subprocess

import pytest

from demo.receiver import Receiver
from tests.conftest import Generate

WRONG = {
    "SENTRY_DSN": ("'https://x@y/1'", "is in quotes"),
    "SENTRY_ENVIRONMENT": ("a/b", "'a/b'"),
    "SENTRY_RELEASE": ("latest", "'latest'"),
    "SENTRY_ERROR_SAMPLE_RATE": ("nan", "finite"),
    "SENTRY_TRACES_SAMPLE_RATE": ("7.0", "less than or equal to 1 (it is '7.0')"),
    "SENTRY_PROFILE_SESSION_SAMPLE_RATE": ("-0.1", "greater than or equal to 0"),
    "SENTRY_LOG_LEVEL": ("loud", "'off', 'debug'"),
    "SENTRY_FAILED_REQUEST_STATUS_CODES": ("many", "500-599"),
    "SENTRY_MAX_ERRORS_PER_MINUTE": ("0", "greater than or equal to 1"),
    "SENTRY_LOCAL_VARIABLES": ("all", "'in_app' or 'off'"),
    "LOG_LEVEL": ("loud", "'DEBUG', 'INFO'"),
}


@pytest.mark.parametrize(("name", "value", "problem"), [(n, *v) for n, v in WRONG.items()])
def test_a_wrong_variable_stops_the_start(
    generate: Generate, name: str, value: str, problem: str
) -> None:
    with (
        pytest.raises(RuntimeError) as stopped,
        generate().serving(**{name: value}),
    ):
        pass
    [line] = str(stopped.value).splitlines()[1:]
    assert line.startswith(f"{name}: ")
    assert problem in line


def test_all_wrong_variables_are_told_at_once_and_no_secret(generate: Generate) -> None:
    wrong = {
        "SENTRY_DSN": "https://0123456789abcdef0123456789abcdef:hunter2@h.io/1",
        "SENTRY_TRACES_SAMPLE_RATE": "often",
        "LOG_LEVEL": "",
    }
    with pytest.raises(RuntimeError) as stopped, generate().serving(**wrong):
        pass
    lines = str(stopped.value).splitlines()[1:]
    assert [line.split(":")[0] for line in lines] == ["SENTRY_DSN", "SENTRY_TRACES_SAMPLE_RATE"]
    assert "hunter2" not in str(stopped.value)


def test_without_a_dsn_it_runs_the_same_and_sends_nothing(
    generate: Generate, receiver: Receiver
) -> None:
    with generate().serving(SENTRY_DSN="") as running:
        status, problem = running.call("POST", "/debug/error", {})
    assert (status, problem) == (
        500,
        {"type": "about:blank", "title": "Internal Server Error", "status": 500},
    )
    assert "KeyError: 'stranger-on-holiday'" in "".join(running.output)
    assert receiver.items == []


def test_the_release_names_the_commit(generate: Generate, receiver: Receiver) -> None:
    service = generate(project_slug="under-git", ci="none")

    def git(*words: str) -> str:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        done = subprocess.run(
            ["git", *identity, *words],
            cwd=service.folder,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    git("init", "--quiet")
    git("add", "--all")
    git("commit", "--quiet", "--message", "first")
    with service.serving(SENTRY_DSN=receiver.dsn) as running:
        running.call("POST", "/debug/error", {})
    [event] = receiver.payloads("event")
    assert event["release"] == f"under-git@0.1.0+{git('rev-parse', '--short=12', 'HEAD')}"


def test_a_checkout_around_it_is_not_its_release(generate: Generate, receiver: Receiver) -> None:
    service = generate(project_slug="inside", ci="none")
    subprocess.run(["git", "init", "--quiet"], cwd=service.folder.parent, check=True)
    commit = ["commit", "--quiet", "--allow-empty", "--message", "of others"]
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", *identity, *commit], cwd=service.folder.parent, check=True)
    with service.serving(SENTRY_DSN=receiver.dsn) as running:
        running.call("POST", "/debug/error", {})
    [event] = receiver.payloads("event")
    assert event["release"] == "inside@0.1.0"
