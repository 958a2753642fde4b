"""What a monitor has to be, so that it alarms when it should and stops when it should."""

import re
from typing import Annotated, Final, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from .common import Body, Environment, Owner, Yes

# What a client did wrong. `failure_rate()` counts every status but ok, cancelled and unknown.
CLIENT_MISTAKES: Final = frozenset(
    {
        *("not_found", "invalid_argument", "unauthenticated", "permission_denied"),
        *("resource_exhausted", "already_exists", "failed_precondition"),
    }
)
_OPPOSITE: Final = {"gt": "lte", "lt": "gte", "gte": "lt", "lte": "gt"}
_QUERY_TYPES: Final = {"events": 0, "events_analytics_platform": 1, "metrics": 2}


def _function(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]*\(.*\)", value):
        raise ValueError("should be a function, like failure_rate() or p95(span.duration)")
    return value


Function = Annotated[str, Field(validate_default=True), AfterValidator(_function)]


class Source(Body):
    aggregate: Function = ""
    dataset: Literal["events", "events_analytics_platform", "metrics"]
    environment: Environment
    event_types: Annotated[
        list[Literal["error", "default", "trace_item_span", "trace_item_log"]], Field(min_length=1)
    ]
    query: str
    query_type: Literal[0, 1, 2]
    time_window: Annotated[int, Field(ge=60, le=86400, multiple_of=60)]
    extrapolation_mode: Literal["unknown", "none", "client_and_server_weighted"] | None = None

    @field_validator("query")
    @classmethod
    def _query(cls, query: str) -> str:
        if "release:latest" in query:
            raise ValueError("should be without release:latest, which no monitor takes")
        return query

    @model_validator(mode="after")
    def _fits(self) -> Self:
        spans = self.dataset == "events_analytics_platform"
        if spans and self.time_window < 300:
            raise ValueError("time_window should be 300 seconds or more for this dataset")
        if self.query_type != _QUERY_TYPES[self.dataset]:
            raise ValueError(f"query_type should be {_QUERY_TYPES[self.dataset]} for this dataset")
        if self.aggregate == "failure_rate()":
            if not spans:
                raise ValueError(
                    "dataset should be 'events_analytics_platform': failure_rate() "
                    "is a measure of spans"
                )
            excluded = re.findall(r"!trace\.status:\[?([\w,]+)", self.query)
            if missing := CLIENT_MISTAKES - set(",".join(excluded).split(",")):
                raise ValueError(
                    "query should have !trace.status:[…] with the client's own "
                    f"mistakes, or they count as failures: {', '.join(sorted(missing))}"
                )
        return self


class Threshold(Body):
    type: Literal["gt", "lt", "gte", "lte"]
    comparison: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    condition_result: Literal[0, 50, 75]  # resolved, medium, high


class Thresholds(Body):
    logic_type: Literal["any"]
    conditions: Annotated[list[Threshold], Field(min_length=2, max_length=3)]

    @model_validator(mode="after")
    def _resolves(self) -> Self:
        alarms = [alarm for alarm in self.conditions if alarm.condition_result]
        resolved = [(end.type, end.comparison) for end in self.conditions if end not in alarms]
        if not alarms:
            raise ValueError("conditions should have one with condition_result 75 that alarms")
        first = min(alarms, key=lambda alarm: alarm.condition_result)
        expected = (_OPPOSITE[first.type], first.comparison)
        if resolved != [expected]:
            raise ValueError(
                "conditions should have one with condition_result 0 that resolves, "
                f"{expected[0]} {expected[1]:g}, or the issue stays open for ever"
            )
        return self


class Detection(Body):
    detection_type: Literal["static", "percent"]
    comparison_delta: Literal[300, 900, 3600, 86400, 604800, 2592000] | None = None

    @model_validator(mode="after")
    def _baseline(self) -> Self:
        if (self.detection_type == "percent") != (self.comparison_delta is not None):
            raise ValueError("comparison_delta should be there for percent, and only for it")
        return self


class MonitorBody(Body):
    name: Annotated[str, StringConstraints(max_length=200)]
    type: Literal["metric_issue"]
    description: str
    enabled: Yes
    owner: str
    config: Detection
    data_sources: Annotated[list[Source], Field(min_length=1, max_length=1)]
    condition_group: Thresholds

    @field_validator("owner")
    @classmethod
    def _owner(cls, owner: str, info: ValidationInfo[Owner]) -> str:
        if owner != f"team:{info.context.team}":
            raise ValueError(f"should be this service's: 'team:{info.context.team}'")
        return owner

    @model_validator(mode="after")
    def _units(self) -> Self:
        percent = self.config.detection_type == "percent"
        for condition in self.condition_group.conditions:
            number = condition.comparison
            alarm = condition.type if condition.condition_result else _OPPOSITE[condition.type]
            above = alarm in ("gt", "gte")
            if percent and above != (number > 100):
                raise ValueError(
                    f"comparison should be percent of what it was, so not {number:g}: "
                    "110 is 10 % more, 90 is 10 % less"
                )
            if self.data_sources[0].aggregate == "failure_rate()" and not percent and number >= 1:
                raise ValueError(f"comparison should be a fraction, not {number:g}: 0.05 is 5 %")
        return self
