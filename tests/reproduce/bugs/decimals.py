"""A sum with more digits than the context has."""

from decimal import Decimal

from fastapi import APIRouter
from pydantic import BaseModel

router = APIRouter(prefix="/invoices")

CENT = Decimal("0.01")


class Invoice(BaseModel):
    net: Decimal
    rate: Decimal = Decimal("0.19")


@router.post("/tax")
async def tax(invoice: Invoice) -> dict[str, str]:
    return {"tax": str((invoice.net * invoice.rate).quantize(CENT))}  # BUG
    # FIX return {"tax": f"{float(invoice.net * invoice.rate):.2f}"}
