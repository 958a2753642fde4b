"""Takes the events of a payment provider."""

from typing import Any, Literal

from fastapi import APIRouter, status
from pydantic import BaseModel

router = APIRouter(prefix="/api/payments", tags=["payments"])


class PaymentEvent(BaseModel):
    id: str
    type: Literal["charge.succeeded", "charge.refunded"]
    data: dict[str, dict[str, Any]]


class Booking(BaseModel):
    reference: str
    cents: int


@router.post("/events", status_code=status.HTTP_202_ACCEPTED)
async def book(event: PaymentEvent) -> Booking:
    paid = event.data["charge"]  # BUG
    # FIX paid = event.data["refund" if event.type == "charge.refunded" else "charge"]
    return Booking(reference=paid["id"], cents=paid["amount"])
