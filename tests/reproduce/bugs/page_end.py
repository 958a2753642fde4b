"""The last page, which isn't full."""

from typing import Annotated

from fastapi import APIRouter, Query

router = APIRouter(prefix="/catalogue")

TITLES = [f"Course {number}" for number in range(23)]


@router.get("")
async def page(number: Annotated[int, Query(ge=0, alias="page")] = 0, size: int = 10) -> list[str]:
    first = number * size
    return [TITLES[place] for place in range(first, first + size)]  # BUG
    # FIX return TITLES[first : first + size]
