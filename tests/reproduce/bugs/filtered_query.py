"""A query with a token in it, and one that isn't secret."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

router = APIRouter(prefix="/statements")


@router.get("")
async def statement(
    access_token: Annotated[str, Query(min_length=20)], since: date, months: int = 1
) -> list[str]:
    # FIX return [since.isoformat()]
    return [since.replace(month=since.month + number).isoformat() for number in range(months)]
