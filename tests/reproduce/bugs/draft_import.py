"""Takes over drafts from the old system."""

from fastapi import APIRouter, status
from pydantic import BaseModel, Field

from app.db import Message, Session

router = APIRouter(prefix="/api/drafts", tags=["drafts"])


class Draft(BaseModel):
    persona: str = Field(max_length=50)
    text: str | None = None


class Imported(BaseModel):
    drafts: int


@router.post("", status_code=status.HTTP_201_CREATED)
async def import_drafts(drafts: list[Draft], session: Session) -> Imported:
    messages = [Message(persona=draft.persona, text=draft.text) for draft in drafts]  # BUG
    # FIX messages = [Message(**draft.model_dump()) for draft in drafts if draft.text]
    session.add_all(messages)
    await session.commit()
    return Imported(drafts=len(messages))
