"""Reads `watch.toml`: what a team writes, checked for its form. `rules` checks what it means."""

import re
import tomllib
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
)

from ion_sentry.git import Failure

from .exits import Exit
from .service import environment_name

WATCH_FILE = Path("monitoring", "watch.toml")
_SECONDS = {"m": 60, "h": 3600, "d": 86400, "w": 604800}


class Severity(Enum):
    """How bad it is, as the standard says it. The value is Sentry's number for the level."""

    P1 = 50  # fatal
    P2 = 40  # error
    P3 = 30  # warning
    P4 = 20  # info


def _seconds(value: Any) -> int:
    found = re.fullmatch(r"(\d{1,4})([mhdw])", value) if isinstance(value, str) else None
    if not found:
        raise ValueError("should be a time such as 5m, 1h, 1d or 1w")
    return int(found[1]) * _SECONDS[found[2]]


def _hours(value: Any) -> int:
    seconds = _seconds(value)
    if not 0 < seconds <= 365 * 86_400 or seconds % 3600:
        raise ValueError("should be whole hours, up to a year: 12h, 14d, 4w")
    return seconds


def _severity(value: Any) -> Severity:
    if not isinstance(value, str) or value not in Severity.__members__:
        raise ValueError(f"should be {', '.join(Severity.__members__)}")
    return Severity[value]


def _one_line(value: str) -> str:
    if not value.isprintable() or value != value.strip():
        raise ValueError("should be one line of text without spaces around it")
    return value


EnvironmentName = Annotated[str, AfterValidator(environment_name)]
Seconds = Annotated[int, BeforeValidator(_seconds)]
Text = Annotated[str, Field(min_length=1, max_length=120), AfterValidator(_one_line)]
Hours = Annotated[int, BeforeValidator(_hours)]
TagName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,32}$")]
Team = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,50}$")]
# As Sentry's issues/ownership/grammar.py reads them, without spaces.
Matcher = Annotated[str, Field(pattern=r"^(path|url|module|tags\.[A-Za-z0-9_.:-]{1,32}):[^\s#]+$")]
Target = Annotated[str, Field(pattern=r"^(slack(:#?[^\s:#]+)?|email(:[a-z0-9_-]+)?)$")]


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Monitor(_Data):
    """A number to watch, and from where on it is too much (`above`) or too little (`below`)."""

    measure: str
    query: str
    over: Seconds
    above: float | None = None
    below: float | None = None
    compared_with: Seconds | None = None  # so long ago; the threshold is then in percent of it
    dataset: str = "events_analytics_platform"


class Tell(_Data):
    """Whom to tell, with which words."""

    severity: Annotated[Severity, BeforeValidator(_severity)]
    text: Text
    by: Annotated[list[Target], Field(min_length=1)]
    only: list[Literal["level", "latest_release", "outage"]] = []


class Alert(_Data):
    name: Text
    description: str = ""
    watch: Annotated[
        Annotated[Monitor, Tag("monitor")]
        | Annotated[Literal["error", "issue_stream"], Tag("own monitor")],
        Discriminator(lambda value: "own monitor" if isinstance(value, str) else "monitor"),
    ]
    on: Annotated[list[Literal["new", "regressed", "reappeared"]], Field(min_length=1)]
    repeat: Seconds
    tell: Annotated[list[Tell], Field(min_length=1)]


class Widget(_Data):
    title: Text
    description: str = ""
    of: str
    show: str
    columns: list[str] = []
    measure: list[str] = []
    query: str = ""
    sort: str = ""
    limit: int | None = None
    size: Annotated[list[int], Field(min_length=2, max_length=2)]
    interval: str = ""


class Dashboard(_Data):
    title: Text
    period: str
    widgets: Annotated[list[Widget], Field(min_length=1)]


class Filters(_Data):
    """What Sentry drops as it arrives."""

    health_checks: bool | None = None
    crawlers: bool | None = None
    localhost: bool | None = None


class Limits(_Data):
    """What bounds the project, and who owns its issues. What isn't said is left alone."""

    events_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    spike_protection: bool | None = None
    filters: Filters = Filters()
    resolve_after: Hours | None = None
    highlighted_tags: list[TagName] | None = None
    owners: dict[Matcher, list[Team]] | None = None  # no team: the service's owner


class Environment(_Data):
    """One more environment, with the same alerts, which tell only so."""

    name: EnvironmentName
    by: Annotated[list[Target], Field(min_length=1)]


class Watch(_Data):
    """All of `watch.toml`."""

    environment: EnvironmentName
    slack_workspace: str = ""
    environments: list[Environment] = []
    project: Limits | None = Limits()  # None: not this environment's to say
    alerts: list[Alert] = []
    dashboards: list[Dashboard] = []

    def of(self, environment: Environment) -> "Watch":
        """Return what is watched there: the alerts. Project and dashboards are the first's."""

        def told(alert: Alert) -> Alert:
            tell = [one.model_copy(update={"by": environment.by}) for one in alert.tell]
            return alert.model_copy(update={"tell": tell})

        return Watch(
            environment=environment.name,
            slack_workspace=self.slack_workspace,
            project=None,
            alerts=[told(alert) for alert in self.alerts],
        )


def load(service: Path) -> Watch:
    """Read the `watch.toml` of the service in a folder.

    Raises:
        Failure: if it isn't there, is no TOML, or has another form; one line for each problem.
    """
    file = service / WATCH_FILE
    try:
        data = tomllib.loads(file.read_text("utf-8"))
        watch = Watch.model_validate(data)
    except OSError as error:
        raise Failure(f"{file} can't be read: {error.strerror}.", Exit.WATCH) from None
    except ValidationError as error:
        lines = [_explain(data, problem) for problem in error.errors(include_url=False)]
        raise Failure("\n".join([f"{file.name} is wrong:", *lines]), Exit.WATCH) from None
    except ValueError as error:  # TOML, or not UTF-8
        raise Failure(f"{file.name} is no TOML: {error}.", Exit.WATCH) from None
    names = [watch.environment, *(environment.name for environment in watch.environments)]
    _refuse_twins("environments", names)
    _refuse_twins("alerts", [alert.name for alert in watch.alerts])
    _refuse_twins("dashboards", [dashboard.title for dashboard in watch.dashboards])
    for dashboard in watch.dashboards:
        titles = [widget.title for widget in dashboard.widgets]
        _refuse_twins(f'widgets in dashboard "{dashboard.title}"', titles)
    return watch


def _refuse_twins(kind: str, names: list[str]) -> None:
    # Names are what things in Sentry are found again by.
    if twins := sorted({name for name in names if names.count(name) > 1}):
        raise Failure(f"watch.toml is wrong:\n  two {kind} are named {twins[0]!r}", Exit.WATCH)


def _explain(data: Any, problem: Any) -> str:
    """Write where a problem is, with the names that things have instead of their numbers."""
    names = []
    *steps, last = problem["loc"]
    for step in (*steps, last):
        if step == "[key]":  # it was a name that is wrong
            continue
        if isinstance(step, int):
            data = data[step]
            named = isinstance(data, dict) and (data.get("name") or data.get("title"))
            names.append(f'"{named}"' if named else f"number {step + 1}")
        elif isinstance(data, dict) and (step == last or step in data):  # else it names a choice
            data = data.get(step)
            names.append(step)
    message = problem["msg"].removeprefix("Value error, ").removeprefix("Input ")
    message = {
        "missing": "is missing",
        "extra_forbidden": "is not known here: is it misspelt?",
    }.get(problem["type"], message)
    return f"  {' '.join(names)} {message[0].lower()}{message[1:]}"
