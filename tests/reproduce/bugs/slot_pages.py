"""The bookable slots of a day, a page at a time."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

router = APIRouter(prefix="/api/slots", tags=["slots"])

SLOTS = [f"{hour:02}:{minute:02}" for hour in range(9, 17) for minute in (0, 30)]


class Page(BaseModel):
    slots: list[str]
    following: str | None


@router.get("")
async def page(
    offset: Annotated[int, Query(ge=0)] = 0, limit: Annotated[int, Query(ge=1, le=8)] = 4
) -> Page:
    end = offset + limit
    following = SLOTS[end] if end <= len(SLOTS) else None  # BUG
    # FIX following = SLOTS[end] if end < len(SLOTS) else None
    return Page(slots=SLOTS[offset:end], following=following)
