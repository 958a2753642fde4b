"""Holds seats of an event for ten minutes."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, HTTPException, Query, status
from pydantic import BaseModel

router = APIRouter(prefix="/api/events", tags=["events"])

SEATS_OF_A_HALL = 40


class Hold(BaseModel):
    event: UUID
    seats: int
    minutes: int = 10


@router.post("/{event}/holds", status_code=status.HTTP_201_CREATED)
async def hold(event: UUID, seats: Annotated[int, Query(ge=1)] = 1) -> Hold:
    if seats > SEATS_OF_A_HALL:
        raise HTTPException(503, "There are not enough seats.")  # BUG
        # FIX raise HTTPException(409, "There are not enough seats.")
    return Hold(event=event, seats=seats)
