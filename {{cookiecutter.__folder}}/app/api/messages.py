"""Mentoring messages: the worked example of a route, and of what to tell Sentry about it."""

from fastapi import APIRouter, HTTPException, status
from pydantic import BaseModel, ConfigDict, Field

from app.db import Message, Session
from app.observability import error_scope

router = APIRouter(prefix="/api/messages", tags=["messages"])


class NewMessage(BaseModel):
    persona: str = Field(min_length=1, max_length=50, examples=["mentor"])
    text: str = Field(min_length=1, max_length=10_000, examples=["How do I give feedback?"])


class StoredMessage(NewMessage):
    model_config = ConfigDict(from_attributes=True)

    id: int


@router.post("", status_code=status.HTTP_201_CREATED)
async def create(message: NewMessage, session: Session) -> StoredMessage:
    # Whatever goes wrong in here reaches Sentry with the persona to search by and the input to see.
    with error_scope(
        tags={"persona": message.persona},
        contexts={"user_input": {"length": len(message.text), "text": message.text}},
    ):
        stored = Message(**message.model_dump())
        session.add(stored)
        await session.commit()
        return StoredMessage.model_validate(stored)


@router.get("/{message_id}")
async def read(message_id: int, session: Session) -> StoredMessage:
    stored = await session.get(Message, message_id)
    if stored is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"There is no message {message_id}.")
    return StoredMessage.model_validate(stored)
