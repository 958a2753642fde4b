"""An answer that isn't what the route promises."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

router = APIRouter(prefix="/profiles")


class Profile(BaseModel):
    name: str
    years: int


@router.get("/{number}", response_model=Profile)
async def profile(number: int) -> Any:
    return {"name": f"mentor {number}", "years": None if number % 2 else 4}  # BUG
    # FIX return {"name": f"mentor {number}", "years": 0 if number % 2 else 4}
