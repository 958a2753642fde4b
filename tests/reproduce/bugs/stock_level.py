"""Reserves parts of a warehouse."""

import logging

from fastapi import APIRouter
from pydantic import BaseModel, Field

router = APIRouter(prefix="/api/stock", tags=["stock"])
logger = logging.getLogger(__name__)

STOCK = {"bolt-m8": 1_200, "nut-m8": 950, "washer-m8": 0}


class Reservation(BaseModel):
    part: str
    quantity: int = Field(ge=1)


class Reserved(BaseModel):
    part: str
    now: int
    later: int


@router.post("/reservations")
async def reserve(wanted: Reservation) -> Reserved:
    left = STOCK.get(wanted.part, 0) - wanted.quantity
    if left < 0:
        logger.error("%s: %d are missing", wanted.part, -left)  # BUG
        # FIX logger.info("%s: %d are ordered", wanted.part, -left)
    missing = max(0, -left)
    return Reserved(part=wanted.part, now=wanted.quantity - missing, later=missing)
