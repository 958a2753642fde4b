"""None where a value was expected."""

from fastapi import APIRouter
from pydantic import BaseModel

router = APIRouter(prefix="/mentors")


class Search(BaseModel):
    name: str | None = None
    topics: list[str] = []


@router.post("/search")
async def search(wanted: Search) -> dict[str, str]:
    name = wanted.name.strip().lower()  # type: ignore[union-attr]  # BUG
    # FIX name = (wanted.name or "").strip().lower()
    return {"looked_for": name, "topics": ", ".join(wanted.topics)}
