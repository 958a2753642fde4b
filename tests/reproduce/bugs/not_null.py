"""A column that can't be empty, and code that leaves it so."""

from fastapi import APIRouter
from pydantic import BaseModel

from app.db import Message, Session

router = APIRouter(prefix="/drafts")


class Draft(BaseModel):
    persona: str
    text: str | None = None


@router.post("", status_code=201)
async def keep(draft: Draft, session: Session) -> dict[str, int]:
    message = Message(persona=draft.persona, text=draft.text)  # BUG
    # FIX message = Message(persona=draft.persona, text=draft.text or "")
    session.add(message)
    await session.commit()
    return {"id": message.id}
