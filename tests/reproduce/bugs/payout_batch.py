"""Pays mentors out; one that fails doesn't hold up the others."""

from enum import StrEnum

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.observability import capture_error

router = APIRouter(prefix="/api/payouts", tags=["payouts"])


class Method(StrEnum):
    CARD = "card"
    TRANSFER = "transfer"
    GIFT = "gift"


FEES = {Method.CARD: 30, Method.TRANSFER: 10}  # BUG
# FIX FEES = {Method.CARD: 30, Method.TRANSFER: 10, Method.GIFT: 0}


class Payout(BaseModel):
    mentor: int
    cents: int = Field(ge=1)
    method: Method


class Result(BaseModel):
    paid: list[int]
    failed: list[int]


@router.post("")
async def pay(payouts: list[Payout]) -> Result:
    result = Result(paid=[], failed=[])
    for payout in payouts:
        try:
            cents = payout.cents - FEES[payout.method]
            (result.paid if cents > 0 else result.failed).append(payout.mentor)
        except Exception as error:
            capture_error(error, tags={"method": payout.method.value})
            result.failed.append(payout.mentor)
    return result
