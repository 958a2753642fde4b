"""A time with a zone, compared with one without."""

from datetime import UTC, datetime

from fastapi import APIRouter
from pydantic import BaseModel

router = APIRouter(prefix="/bookings")


class Booking(BaseModel):
    starts_at: datetime


@router.post("")
async def book(booking: Booking) -> dict[str, bool]:
    now = datetime.now(UTC)
    late = booking.starts_at < now  # BUG
    # FIX late = booking.starts_at.astimezone(UTC) < now
    return {"is_late": late}
