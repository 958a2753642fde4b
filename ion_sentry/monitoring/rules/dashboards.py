"""What a dashboard has to be: one wrong widget, and Sentry refuses or empties all of it."""

import re
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, ValidationInfo, field_validator, model_validator

from .common import Body, Environment, Owner

Title = Annotated[str, StringConstraints(min_length=1, max_length=255)]


class Query(Body):
    name: str
    fields: Annotated[list[str], Field(min_length=1)]
    aggregates: list[str]
    columns: list[str]
    field_aliases: list[str]
    conditions: str
    orderby: str

    @model_validator(mode="after")
    def _fields(self) -> Self:
        if self.fields != self.columns + self.aggregates:
            raise ValueError("fields should be the columns, then the aggregates")
        if wrong := [text for text in self.aggregates if not re.fullmatch(r"\w+\(.*\)", text)]:
            raise ValueError(f"aggregates should be functions such as count(), not {wrong[0]!r}")
        return self


class Layout(Body):
    x: Annotated[int, Field(ge=0, le=5)]
    y: Annotated[int, Field(ge=0)]
    w: Annotated[int, Field(ge=1, le=6)]
    h: Annotated[int, Field(ge=1)]
    min_h: Annotated[int, Field(ge=1)]

    @model_validator(mode="after")
    def _on_the_grid(self) -> Self:
        if self.x + self.w > 6:
            raise ValueError("x and w should be 6 columns at most")
        return self


class WidgetBody(Body):
    title: Title
    description: Annotated[str, StringConstraints(max_length=255)]
    display_type: Literal["table", "line", "area", "bar", "big_number"]
    widget_type: Literal["issue", "error-events", "spans", "logs", "tracemetrics", "metrics"]
    interval: Annotated[str, StringConstraints(pattern=r"^\d{1,3}[mhdw]$")]
    queries: Annotated[list[Query], Field(min_length=1)]
    layout: Layout
    limit: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _shows_something(self) -> Self:
        issues = self.widget_type == "issue"
        if issues and self.display_type != "table":
            raise ValueError("display_type should be 'table' for issues")
        for query in self.queries:
            if query.columns and self.limit is None:
                raise ValueError("limit should be there, as it groups by columns: 1 or more")
            if issues == bool(query.aggregates):
                should = "stay empty for issues" if issues else "have a function such as count()"
                raise ValueError(f"aggregates should {should}")
            by = query.orderby.removeprefix("-")
            if issues and by not in {"new", "freq", "date", "user", "trends", "inbox"}:
                raise ValueError("orderby should be new, freq, date, user, trends or inbox")
            if not issues and by not in {"", *query.fields}:
                raise ValueError(f"orderby should be one of the fields, not {query.orderby!r}")
        return self


class DashboardBody(Body):
    title: Title
    projects: list[int]
    environment: Annotated[list[Environment], Field(min_length=1, max_length=1)]
    period: Annotated[str, StringConstraints(pattern=r"^\d{1,3}[hdw]$")]
    widgets: Annotated[list[WidgetBody], Field(min_length=1, max_length=30)]

    @field_validator("projects")
    @classmethod
    def _project(cls, projects: list[int], info: ValidationInfo[Owner]) -> list[int]:
        if projects != [info.context.project]:
            raise ValueError(f"should be this service's: [{info.context.project}]")
        return projects
