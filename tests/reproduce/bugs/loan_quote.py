"""Quotes the monthly payment of a loan."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

router = APIRouter(prefix="/api/loans", tags=["loans"])


@router.get("/quote")
async def quote(
    amount: Annotated[float, Query(gt=0, le=1_000_000)],
    percent: Annotated[float, Query(gt=0)],  # BUG
    # FIX percent: Annotated[float, Query(gt=0, le=100, allow_inf_nan=False)],
    months: Annotated[int, Query(ge=1, le=360)] = 12,
) -> JSONResponse:
    rate = percent / 1200
    growth = (1 + rate) ** months
    monthly = amount * rate * growth / (growth - 1)
    return JSONResponse({"monthly": round(monthly, 2), "months": months})
