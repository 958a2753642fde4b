"""A key that not every caller sends, in data that nothing validates."""

from typing import Any

from fastapi import APIRouter

router = APIRouter(prefix="/webhooks")


def amount_of(payload: dict[str, Any]) -> int:
    return int(payload["data"]["object"]["amount"])  # BUG
    # FIX return int(payload["data"]["object"].get("amount", 0))


@router.post("/payments")
async def paid(payload: dict[str, Any]) -> dict[str, int]:
    return {"amount": amount_of(payload)}
