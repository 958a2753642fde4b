"""Mentoring messages: the worked example of a route, and of what to tell Sentry about it."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, status
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.db import Message, Session
from app.observability import error_scope

router = APIRouter(prefix="/api/messages", tags=["messages"])

# What the columns can hold, said where it comes in: else a stranger's input is a database's error.
Text = Annotated[str, StringConstraints(min_length=1, pattern=r"^[^\x00]*$")]
MessageId = Annotated[int, Path(ge=1, le=2**31 - 1)]


class NewMessage(BaseModel):
    persona: Text = Field(max_length=50, examples=["mentor"])
    text: Text = Field(max_length=10_000, examples=["How do I give feedback?"])


class StoredMessage(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    persona: str
    text: str


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
async def read(message_id: MessageId, session: Session) -> StoredMessage:
    stored = await session.get(Message, message_id)
    if stored is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"There is no message {message_id}.")
    return StoredMessage.model_validate(stored)
