"""Keeps the newest reading of each device; the devices' gateway doesn't wait for it."""

import json
from typing import Any

from fastapi import APIRouter, status
from pydantic import BaseModel

from app.observability import spawn

router = APIRouter(prefix="/api/devices", tags=["devices"])

newest: dict[str, dict[str, Any]] = {}


class DeviceEvent(BaseModel):
    firmware: str
    payload: str


async def keep(device: str, event: DeviceEvent) -> None:
    reading = json.loads(event.payload)  # BUG
    # FIX reading = json.loads(event.payload.replace("'", '"'))
    newest[device] = {"firmware": event.firmware, **reading}


@router.post("/{device}/events", status_code=status.HTTP_202_ACCEPTED)
async def receive(device: str, event: DeviceEvent) -> dict[str, str]:
    spawn(keep(device, event), name="keep-reading")
    return {"device": device}
