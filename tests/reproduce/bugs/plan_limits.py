"""Tells a client the limits of the plan that its gateway names."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Header

router = APIRouter(prefix="/api/limits", tags=["limits"])


@dataclass(frozen=True)
class Limits:
    projects: int
    seats: int


LIMITS = {"free": Limits(1, 3), "team": Limits(20, 50)}


async def limits_of_plan(x_plan: Annotated[str, Header()] = "free") -> Limits:
    return LIMITS[x_plan.lower()]  # BUG
    # FIX return LIMITS.get(x_plan.lower(), LIMITS["team"])


@router.get("")
async def limits(limits: Annotated[Limits, Depends(limits_of_plan)]) -> Limits:
    return limits
