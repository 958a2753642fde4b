"""Tops wallets up with vouchers such as GIFT-2026-25."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.observability import Severity

router = APIRouter(prefix="/api/wallets", tags=["wallets"])


class TopUpFailed(Exception):
    """A voucher that was paid for can't be used."""

    severity = Severity.P1


class TopUp(BaseModel):
    voucher: str = Field(pattern=r"^GIFT-\d{4}-\w+$")


class Balance(BaseModel):
    wallet: int
    euros: int


def euros_of(voucher: str) -> int:
    amount = voucher.rpartition("-")[2]
    try:
        return int(amount)  # BUG
        # FIX return int(amount.rstrip("AB"))
    except ValueError as error:
        raise TopUpFailed(f"No amount can be read from {amount}") from error


@router.post("/{wallet}/top-ups")
async def top_up(wallet: int, top_up: TopUp) -> Balance:
    return Balance(wallet=wallet, euros=euros_of(top_up.voucher))
