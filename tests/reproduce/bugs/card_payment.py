"""Splits a payment by card into instalments."""

from fastapi import APIRouter, status
from pydantic import BaseModel, Field

router = APIRouter(prefix="/api/card-payments", tags=["payments"])


class CardPayment(BaseModel):
    card_number: str = Field(pattern=r"^[0-9]{16}$")
    cvc: str = Field(pattern=r"^[0-9]{3}$")
    cents: int = Field(ge=100)
    instalments: int = Field(default=1, ge=0, le=24)


class Plan(BaseModel):
    card: str
    cents: list[int]


@router.post("", status_code=status.HTTP_201_CREATED)
async def pay(payment: CardPayment) -> Plan:
    count = payment.instalments  # BUG
    # FIX count = payment.instalments or 1
    each, rest = divmod(payment.cents, count)
    return Plan(card=payment.card_number[-4:], cents=[each + rest, *[each] * (count - 1)])
