"""The discount of a stay: the nearer its first day, the higher."""

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, status
from pydantic import BaseModel

router = APIRouter(prefix="/api/stays", tags=["stays"])


class Discount(BaseModel):
    percent: int
    price: float


@router.get("/{first_day}/discount")
async def discount(first_day: date, price: Annotated[float, Query(gt=0, le=10_000)]) -> Discount:
    days = (first_day - datetime.now(UTC).date()).days
    if days < 0:
        raise HTTPException(status.HTTP_410_GONE, "This day is over.")
    percent = min(30, 60 // days)  # BUG
    # FIX percent = min(30, 60 // max(days, 1))
    return Discount(percent=percent, price=price * (100 - percent) / 100)
