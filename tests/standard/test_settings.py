"""Settings that are wrong stop the start, with a line for each that says what to do."""

from pathlib import Path

import pytest
from pydantic import Field, SecretStr

from app.observability import ANSWERS, PROJECT, SentrySettings, service

KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)  # where no `.env` is
    monkeypatch.delenv("SENTRY_DSN", raising=False)


def test_each_wrong_one_has_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTRY_TRACES_SAMPLE_RATE", "7")
    monkeypatch.setenv("SENTRY_LOCAL_VARIABLES", "all")
    with pytest.raises(SystemExit) as stopped:
        SentrySettings.load()
    rate, variables = str(stopped.value).splitlines()
    assert rate == (
        "SENTRY_TRACES_SAMPLE_RATE: Input should be less than or equal to 1 (it is '7')"
    )
    assert variables == ("SENTRY_LOCAL_VARIABLES: Input should be 'in_app' or 'off' (it is 'all')")


def test_a_dsn_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTRY_DSN", f"https://{KEY}@host/")
    with pytest.raises(SystemExit) as stopped:
        SentrySettings.load()
    told = "SENTRY_DSN: it does not end in the project's number: copy it whole"
    assert str(stopped.value) == told


class Wrong(SentrySettings):
    """A service's own, each of them with a value that it refuses."""

    partner: int
    opener: SecretStr | None = Field(default=None, min_length=40)
    stripe_key: str = Field(default="", min_length=40)
    pool: int = Field(default=1, repr=False)
    renamed: int = Field(default=1, validation_alias="FORMER_NAME")
    openers: list[int] = Field(default=[])
    workers: int = 1


def test_no_secret_of_the_services_own_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENER", "STRIPE_KEY", "POOL", "FORMER_NAME", "WORKERS"):
        monkeypatch.setenv(name, "hunter2")
    monkeypatch.setenv("OPENERS", '["hunter2"]')
    monkeypatch.setenv("SENTRY_DSN", f"https://{KEY}@host/1")
    with pytest.raises(SystemExit) as stopped:
        Wrong.load()
    said = dict(line.split(": ", 1) for line in str(stopped.value).splitlines())
    names = ["PARTNER", "OPENER", "STRIPE_KEY", "POOL", "FORMER_NAME", "OPENERS", "WORKERS"]
    assert [*said] == names
    assert said.pop("WORKERS").endswith("(it is 'hunter2')")
    assert said["PARTNER"] == "Field required"
    assert not [line for line in said.values() if "hunter2" in line or KEY in line]


def test_a_list_that_is_no_json_has_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENERS", "hunter2")
    with pytest.raises(SystemExit) as stopped:
        Wrong.load()
    told = 'error parsing value for field "openers" from source "EnvSettingsSource"'
    assert str(stopped.value) == f"{told}: write it as JSON"


def test_names_that_sentry_does_not_take_are_told_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTRY_ENVIRONMENT", "a/b")
    monkeypatch.setenv("SENTRY_RELEASE", "latest")
    with pytest.raises(SystemExit) as stopped:
        SentrySettings.load()
    environment, release = str(stopped.value).splitlines()
    assert environment == (
        "SENTRY_ENVIRONMENT: Sentry takes no 'a/b'; write 1 to 64 characters without `/`, and not "
        "`none`"
    )
    assert release == (
        "SENTRY_RELEASE: Sentry takes no 'latest'; write 1 to 200 characters without `/` and `\\`, "
        "and not `latest`, like `my-service@1.2.3+4f2a9c1`"
    )


@pytest.mark.parametrize("name", ["none", "None", "a" * 65, " a"])
def test_an_environment_that_sentry_does_not_take(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("SENTRY_ENVIRONMENT", name)
    with pytest.raises(SystemExit, match="SENTRY_ENVIRONMENT: Sentry takes no"):
        SentrySettings.load()


def test_what_is_right_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTRY_DSN", f" https://{KEY}@host/1 ")
    monkeypatch.setenv("SENTRY_UNTRACED_PATHS", "/a, /b,,")
    monkeypatch.setenv("SENTRY_ERROR_SAMPLE_RATE", "")
    settings = SentrySettings.load()
    assert settings.sentry_dsn == f"https://{KEY}@host/1"
    assert settings.sentry_untraced_paths == ["/a", "/b"]
    assert settings.sentry_error_sample_rate == 1.0


def test_codes_are_single_ones_and_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTRY_FAILED_REQUEST_STATUS_CODES", "429, 500,502-504")
    settings = SentrySettings.load()
    assert settings.sentry_failed_request_status_codes == {429, 500, 502, 503, 504}
    monkeypatch.setenv("SENTRY_FAILED_REQUEST_STATUS_CODES", "100-101,599,500-500")
    settings = SentrySettings.load()
    assert settings.sentry_failed_request_status_codes == {100, 101, 500, 599}
    unreadable = ("5xx", "500-x", "x-500", "500,,502")
    for wrong in (*unreadable, "599-500", "5", "99", "600", "500-600", "500-599999999"):
        monkeypatch.setenv("SENTRY_FAILED_REQUEST_STATUS_CODES", wrong)
        with pytest.raises(SystemExit) as stopped:
            SentrySettings.load()
        assert str(stopped.value) == (
            "SENTRY_FAILED_REQUEST_STATUS_CODES: write codes and ranges of codes from 100 to 599, "
            f"like 500-599 or 500,502-504 (it is {wrong!r})"
        )


def test_an_empty_one_counts_as_one_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SentrySettings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    told = SentrySettings.load()
    for name in SentrySettings.model_fields:
        monkeypatch.setenv(name.upper(), "")
    assert SentrySettings.load() == told


# The service's own facts


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The standard as if it were copied to another folder."""
    monkeypatch.setattr(service, "__file__", str(tmp_path / "app/watched/service.py"))
    return tmp_path


def test_the_facts_are_found_wherever_the_standard_lies(elsewhere: Path) -> None:
    toml = '[project]\nname = "svc"\n[tool.ion-sentry]\nowner = "한글"\n'
    (elsewhere / "pyproject.toml").write_text(toml, "utf-8")
    found = service._read_pyproject()
    assert found == (elsewhere, {"name": "svc"}, {"owner": "한글"})
    assert PROJECT["name"] and ANSWERS["owner"]


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        ("[project]\n", "no table or key 'tool'"),
        ("[tool.ion-sentry]\n", "no table or key 'project'"),
        ("[project", "Expected ']'"),
    ],
)
def test_facts_that_are_not_there_are_told(elsewhere: Path, toml: str, told: str) -> None:
    (elsewhere / "pyproject.toml").write_text(toml, "utf-8")
    with pytest.raises(RuntimeError) as stopped:
        service._read_pyproject()
    begin = f"{elsewhere / 'pyproject.toml'} can't be read by app.observability: "
    assert str(stopped.value).startswith(begin + told)


def test_without_the_facts_nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "__file__", "/nowhere/at/all/service.py")
    with pytest.raises(RuntimeError, match="There is no pyproject"):
        service._read_pyproject()
