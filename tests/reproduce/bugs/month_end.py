"""The same day next year, which not every day has."""

from datetime import UTC, datetime

from fastapi import APIRouter

router = APIRouter(prefix="/renewals")


@router.get("/{plan}/due")
async def due(plan: str, years: int = 1) -> dict[str, str]:
    today = datetime.now(UTC).date()
    day = today.replace(year=today.year + years)  # BUG
    # FIX day = today.replace(year=today.year + years, day=min(today.day, 28))
    return {plan: day.isoformat()}
