"""What an earlier, other request left in the process."""

from fastapi import APIRouter
from pydantic import BaseModel

router = APIRouter(prefix="/rooms")

seats: dict[str, int] = {}


class Booking(BaseModel):
    seats: int


@router.put("/{name}")
async def furnish(name: str, booking: Booking) -> dict[str, int]:
    seats[name] = booking.seats
    return seats


@router.post("/{name}/share")
async def share(name: str, people: int) -> float:
    if name not in seats:
        return 0.0
    return people / seats[name]  # BUG
    # FIX return people / (seats[name] or 1)
