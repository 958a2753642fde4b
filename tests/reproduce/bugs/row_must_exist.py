"""A row that is there, with an empty text."""

from fastapi import APIRouter

from app.db import Message, Session

router = APIRouter(prefix="/summaries")


@router.get("/{number}")
async def summary(number: int, session: Session) -> dict[str, str]:
    message = await session.get(Message, number)
    if message is None:
        return {"first": ""}
    return {"first": message.text.split()[0]}  # BUG
    # FIX return {"first": next(iter(message.text.split()), "")}
