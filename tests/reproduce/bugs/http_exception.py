"""A failure that is raised as an answer."""

from fastapi import APIRouter, HTTPException

router = APIRouter(prefix="/licences")


@router.get("/{key}")
async def licence(key: str) -> dict[str, str]:
    if not key.startswith("L"):
        raise HTTPException(500, f"{key} is no licence")  # BUG
        # FIX raise HTTPException(404, f"{key} is no licence")
    return {"key": key}
