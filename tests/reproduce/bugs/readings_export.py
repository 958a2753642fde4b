"""Streams meter readings as CSV, with a running total."""

from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

router = APIRouter(prefix="/api/readings", tags=["readings"])


class Export(BaseModel):
    meter: str
    readings: list[dict[str, Any]]


def lines_of(export: Export) -> Iterator[str]:
    yield "meter,day,kwh,total\n"
    total = 0.0
    for reading in export.readings:
        total += reading["kwh"]  # BUG
        # FIX total += reading["kwh"] if isinstance(reading["kwh"], int | float) else 0
        yield f"{export.meter},{reading['day']},{reading['kwh']},{total}\n"


@router.post("/export")
async def export(export: Export) -> StreamingResponse:
    return StreamingResponse(lines_of(export), media_type="text/csv")
