"""Is the service alive, and can it do its work? Neither is ever traced."""

from fastapi import APIRouter
from sqlalchemy import text

from app.db import Session

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def alive() -> dict[str, str]:
    return {"status": "ok"}


@router.get("/readyz")
async def ready(session: Session) -> dict[str, str]:
    await session.execute(text("SELECT 1"))
    return {"status": "ok"}
