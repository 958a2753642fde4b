"""What the rules have in common."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationInfo


@dataclass(frozen=True)
class Owner:
    """What the bodies of one service have to name: numbers as Sentry gives them."""

    environment: str
    team: int
    project: int


class Body(BaseModel):
    """Anything that isn't known is refused, and nothing is made to fit."""

    model_config = ConfigDict(extra="forbid", strict=True)


def _environment(value: str, info: ValidationInfo[Owner]) -> str:
    if value != info.context.environment:
        raise ValueError(f"should be this service's: {info.context.environment!r}")
    return value


Environment = Annotated[str, AfterValidator(_environment)]
Number = Annotated[str, StringConstraints(pattern=r"^\d+$")]
Yes = Literal[True]
