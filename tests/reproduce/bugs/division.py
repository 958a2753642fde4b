"""An average of nothing."""

from typing import Annotated

from fastapi import APIRouter, Query

router = APIRouter(prefix="/ratings")


@router.get("/average")
async def average(stars: Annotated[list[int] | None, Query()] = None, least: int = 1) -> float:
    counted = [star for star in stars or () if star >= least]
    return sum(counted) / len(counted)  # BUG
    # FIX return sum(counted) / max(1, len(counted))
