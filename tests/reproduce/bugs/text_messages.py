"""Sends reminders as text messages through a partner."""

import os

import httpx
from fastapi import APIRouter, status
from pydantic import BaseModel, Field

router = APIRouter(prefix="/api/reminders", tags=["reminders"])

PARTNER_URL = os.environ.get("PARTNER_URL", "https://partner.example")


class Reminder(BaseModel):
    booking: int
    text: str = Field(max_length=160)


class Sent(BaseModel):
    booking: int
    is_sent: bool


@router.post("", status_code=status.HTTP_202_ACCEPTED)
async def remind(reminder: Reminder) -> Sent:
    async with httpx.AsyncClient(base_url=PARTNER_URL, timeout=5) as partner:
        answer = await partner.post("/texts", json=reminder.model_dump())  # BUG
        # FIX try:
        # FIX     answer = await partner.post("/texts", json=reminder.model_dump())
        # FIX except httpx.TransportError:
        # FIX     return Sent(booking=reminder.booking, is_sent=False)
    return Sent(booking=reminder.booking, is_sent=answer.is_success)
