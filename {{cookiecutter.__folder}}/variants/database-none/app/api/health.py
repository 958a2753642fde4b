"""Is the service alive, and can it do its work? Neither is ever traced."""

from fastapi import APIRouter

router = APIRouter(tags=["health"])


@router.get("/healthz")
@router.get("/readyz")
async def alive() -> dict[str, str]:
    return {"status": "ok"}
