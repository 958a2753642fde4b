"""A kind that was added to the enum, and not to the table of prices."""

from enum import Enum

from fastapi import APIRouter

router = APIRouter(prefix="/plans")


class Plan(Enum):
    FREE = "free"
    TEAM = "team"
    SCHOOL = "school"


PRICES = {Plan.FREE: 0, Plan.TEAM: 29}


@router.get("/{plan}/price")
async def price(plan: Plan) -> dict[str, int]:
    return {"price": PRICES[plan]}  # BUG
    # FIX return {"price": PRICES.get(plan, 0)}
