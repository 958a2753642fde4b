"""A service with monitoring, and a Sentry to bring it to."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from demo.sentry_api import SentryApi
from tests.conftest import Generate
from tests.monitoring.schema import schema_errors
from tests.services import BIN, Service, clean_environment

# Without a database a service is made sooner.
ANSWERS = {"alert_slack_channel": "#ion-alerts", "database": "none"}


@dataclass(frozen=True)
class Ended:
    """A command that ended."""

    code: int
    out: str
    err: str


@dataclass
class Monitoring:
    """`ion-sentry monitoring` of one service, with one Sentry."""

    folder: Path
    sentry: SentryApi

    def start(self, *arguments: str, **env: str) -> subprocess.Popen[str]:
        """Start it; a variable that is empty counts as one that isn't there."""
        variables = {
            **{"SENTRY_URL": self.sentry.url, "SENTRY_AUTH_TOKEN": self.sentry.token},
            **{"NO_PROXY": "127.0.0.1", "COLUMNS": "200", "PYTHONWARNINGS": "error"},
            **env,
        }
        base = {name: value for name, value in clean_environment().items() if name != "CI"}
        return subprocess.Popen(
            [str(BIN / "ion-sentry"), "monitoring", *arguments],
            cwd=self.folder,
            env=base | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, **env: str) -> Ended:
        done = ended(self.start(*arguments, **env))
        assert self.sentry.token not in done.out + done.err
        return done

    def apply(self, *options: str, **env: str) -> Ended:
        done = self.run("apply", "--yes", *options, **env)
        assert done.code == 0, done.err
        return done

    def plan(self, *options: str, **env: str) -> Ended:
        """Plan; nothing may be written, and the exit code has to be 0 or 2."""
        writes = len(self.sentry.writes)
        done = self.run("plan", *options, **env)
        assert done.code in (0, 2), done.err
        assert len(self.sentry.writes) == writes
        return done

    def edit(self, *changes: tuple[str, str]) -> None:
        """Edit `watch.toml`: replace the first occurrence of each text."""
        file = self.folder / "monitoring" / "watch.toml"
        text = file.read_text("utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        file.write_text(text, "utf-8")


def ended(process: subprocess.Popen[str]) -> Ended:
    """Wait for a command; whatever it says, it is no traceback."""
    out, err = process.communicate(timeout=120)
    assert "Traceback" not in err, err
    return Ended(process.returncode, out, err)


def copy_of(service: Service, folder: Path) -> Path:
    """Copy a service, so that a test may change it."""
    shutil.copytree(service.folder, folder, ignore=shutil.ignore_patterns("*.db", ".*_cache"))
    return folder


def shorten(folder: Path) -> None:
    """Leave one environment in `watch.toml`, and nothing that bounds the project."""
    file = folder / "monitoring" / "watch.toml"
    before, rest = file.read_text("utf-8").split("# The same alerts in one more environment", 1)
    file.write_text(before + rest[rest.index("# An alert has a name") :], "utf-8")


@pytest.fixture
def sentry() -> Iterator[SentryApi]:
    """An empty Sentry; all that was asked and answered has to fit the schema."""
    with SentryApi() as sentry:
        yield sentry
    assert [error for exchange in sentry.log for error in schema_errors(exchange)] == []


@pytest.fixture
def service(generate: Generate, sentry: SentryApi, tmp_path: Path) -> Callable[..., Monitoring]:
    """Make services, each in a folder of its own that a test may change.

    Unless it is to be the `whole`, `watch.toml` has one environment and bounds no project.
    """

    def make(name: str = "service", *, whole: bool = False, **answers: str) -> Monitoring:
        made = Monitoring(copy_of(generate(**ANSWERS | answers), tmp_path / name), sentry)
        if not whole:
            shorten(made.folder)
        return made

    return make


@pytest.fixture
def monitoring(service: Callable[..., Monitoring]) -> Monitoring:
    return service()


@pytest.fixture
def applied(monitoring: Monitoring) -> Monitoring:
    """A service that was applied once; what was written then is forgotten."""
    monitoring.apply()
    return monitoring
