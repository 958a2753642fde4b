"""A partner that isn't there, asked by a client that waits for it."""

import os

import httpx
from fastapi import APIRouter
from pydantic import BaseModel

router = APIRouter(prefix="/shipments")

PARTNER = os.environ.get("CLOSED_URL", "https://closed.example")


class NotShipped(Exception):
    severity = "P2"


class Shipment(BaseModel):
    order: int


@router.post("")
def ship(shipment: Shipment) -> dict[str, str]:
    try:
        answer = httpx.post(f"{PARTNER}/shipments", json={"order": shipment.order})
    except httpx.TransportError as error:
        raise NotShipped(f"order {shipment.order}") from error  # BUG
        # FIX return {"status": f"later: {type(error).__name__}"}
    return {"status": answer.text}
