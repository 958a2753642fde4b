"""Converts amounts by a partner's exchange rates."""

import os
from typing import Annotated

import httpx
from fastapi import APIRouter, Query
from pydantic import BaseModel

router = APIRouter(prefix="/api/exchange", tags=["exchange"])

PARTNER_URL = os.environ.get("PARTNER_URL", "https://partner.example")
LAST_KNOWN = 0.95


class Converted(BaseModel):
    euros: float


@router.get("/{currency}")
async def convert(currency: str, amount: Annotated[float, Query(ge=0)]) -> Converted:
    async with httpx.AsyncClient(base_url=PARTNER_URL, timeout=5) as partner:
        answer = await partner.get(f"/rates/{currency}", params={"to": "EUR"})
    answer.raise_for_status()  # BUG
    # FIX if answer.is_error:
    # FIX     return Converted(euros=amount * LAST_KNOWN)
    return Converted(euros=amount * answer.json()["rate"])
