"""What an alert has to be, so that somebody hears of it."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from .common import Body, Environment, Number, Yes


def _channel(value: str) -> str:
    if not value or value.startswith("#"):
        raise ValueError("should be the name of a Slack channel, without #")
    return value


def _team(value: str) -> str:
    # Sentry writes to a team, a member or the owners, never to a bare address.
    if not value.isdecimal():
        raise ValueError("should be the number of a team")
    return value


TeamNumber = Annotated[str, AfterValidator(_team)]
Channel = Annotated[str, Field(validate_default=True), AfterValidator(_channel)]


class Trigger(Body):
    type: Literal["first_seen_event", "regression_event", "reappeared_event"]
    comparison: Yes
    condition_result: Yes


class Triggers(Body):
    logic_type: Literal["any-short"]
    conditions: Annotated[list[Trigger], Field(min_length=1)]


class Level(Body):
    level: Literal[50, 40, 30, 20]  # fatal, error, warning, info
    match: Literal["eq", "gte", "lte"]


class LevelFilter(Body):
    type: Literal["level"]
    comparison: Level
    condition_result: Yes


class ReleaseFilter(Body):
    type: Literal["latest_release"]
    comparison: Yes
    condition_result: Yes


class Category(Body):
    value: Literal[10]  # outage


class CategoryFilter(Body):
    type: Literal["issue_category"]
    comparison: Category
    condition_result: Yes


class SlackTarget(Body):
    target_type: Literal["specific"]
    target_display: Channel = ""
    target_identifier: Literal[""]  # the server finds it by the name


class SlackData(Body):
    tags: str
    notes: Annotated[str, StringConstraints(min_length=1)]


class Slack(Body):
    type: Literal["slack"]
    integration_id: Number
    config: SlackTarget
    data: SlackData
    status: Literal["active"]


class EmailTarget(Body):
    target_type: Literal["team"]
    target_identifier: TeamNumber
    target_display: None


class Email(Body):
    type: Literal["email"]
    integration_id: None
    config: EmailTarget
    data: Annotated[dict[str, str], Field(max_length=0)]
    status: Literal["active"]


class ActionFilter(Body):
    logic_type: Literal["all"]
    conditions: list[
        Annotated[LevelFilter | ReleaseFilter | CategoryFilter, Field(discriminator="type")]
    ]
    actions: Annotated[
        list[Annotated[Slack | Email, Field(discriminator="type")]], Field(min_length=1)
    ]


class Repeat(Body):
    frequency: Literal[0, 5, 10, 30, 60, 180, 720, 1440]  # minutes


class AlertBody(Body):
    name: Annotated[str, StringConstraints(max_length=256)]
    enabled: Yes
    environment: Environment
    detector_ids: Annotated[list[int], Field(min_length=1)]
    config: Repeat
    triggers: Triggers
    action_filters: Annotated[list[ActionFilter], Field(min_length=1)]
