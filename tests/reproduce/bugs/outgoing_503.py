"""A partner that answers 503."""

import os

import httpx
from fastapi import APIRouter

router = APIRouter(prefix="/rates")

PARTNER = os.environ.get("PARTNER_URL", "https://partner.example")


@router.get("/{currency}")
async def rate(currency: str) -> dict[str, float]:
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{PARTNER}/rates/{currency}", params={"day": "today"})
    answer.raise_for_status()  # BUG
    # FIX return {"rate": 1.0} if answer.is_error else {"rate": 2.0}
    return {"rate": float(answer.json()["rate"])}
