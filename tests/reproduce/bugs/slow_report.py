"""Renders a report over some months."""

import asyncio

from fastapi import APIRouter
from pydantic import BaseModel, Field

router = APIRouter(prefix="/api/reports", tags=["reports"])

SECONDS = 0.1  # BUG
# FIX SECONDS = 5.0


class Report(BaseModel):
    account: str
    months: int = Field(ge=1, le=120)


class Rendered(BaseModel):
    account: str
    pages: int


async def render(month: int) -> int:
    await asyncio.sleep(0.01)
    return 2 if month % 12 else 3


@router.post("")
async def report(report: Report) -> Rendered:
    async with asyncio.timeout(SECONDS):
        pages = [await render(month) for month in range(report.months)]
    return Rendered(account=report.account, pages=sum(pages))
