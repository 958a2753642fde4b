"""A path with an id that is of another version."""

from uuid import UUID

from fastapi import APIRouter

router = APIRouter(prefix="/documents")


@router.get("/{document}/{language}/age")
async def age(document: UUID, language: str = "en") -> int:
    assert document.version == 1, "only these know their time"  # BUG
    # FIX assert document
    return document.time % 10 + len(language)
