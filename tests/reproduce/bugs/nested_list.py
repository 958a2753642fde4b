"""The third of a list in a list."""

from fastapi import APIRouter
from pydantic import BaseModel

router = APIRouter(prefix="/timetables")


class Slot(BaseModel):
    hour: int
    rooms: list[str] = []


class Day(BaseModel):
    slots: list[Slot]


@router.post("/rooms")
async def rooms(days: list[Day]) -> list[str]:
    return [slot.rooms[0] for day in days for slot in day.slots]  # BUG
    # FIX return [room for day in days for slot in day.slots for room in slot.rooms[:1]]
