"""Mentoring messages: the worked example of a route, and of what to tell Sentry about it.

They are kept in memory: one process, until it ends.
"""

from fastapi import APIRouter, HTTPException, status
from pydantic import BaseModel, Field

from app.observability import error_scope

router = APIRouter(prefix="/api/messages", tags=["messages"])


class NewMessage(BaseModel):
    persona: str = Field(min_length=1, max_length=50, examples=["mentor"])
    text: str = Field(min_length=1, max_length=10_000, examples=["How do I give feedback?"])


class StoredMessage(NewMessage):
    id: int


_messages: list[StoredMessage] = []


@router.post("", status_code=status.HTTP_201_CREATED)
async def create(message: NewMessage) -> StoredMessage:
    # Whatever goes wrong in here reaches Sentry with the persona to search by and the input to see.
    with error_scope(
        tags={"persona": message.persona},
        contexts={"user_input": {"length": len(message.text), "text": message.text}},
    ):
        stored = StoredMessage(id=len(_messages) + 1, **message.model_dump())
        _messages.append(stored)
        return stored


@router.get("/{message_id}")
async def read(message_id: int) -> StoredMessage:
    if not 1 <= message_id <= len(_messages):
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"There is no message {message_id}.")
    return _messages[message_id - 1]
