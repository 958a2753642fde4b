"""Preferences of a workspace; who changes them leaves an entry in the audit trail."""

from collections.abc import AsyncIterator
from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from app.db import Message, Session

router = APIRouter(prefix="/api/workspaces", tags=["workspaces"])


class Preferences(BaseModel):
    theme: Literal["light", "dark"] = "light"
    language: str = "en"


async def audit(session: Session) -> AsyncIterator[list[str]]:
    entries: list[str] = []
    yield entries
    session.add(Message(persona="audit", text=entries[0]))  # BUG
    # FIX session.add_all(Message(persona="audit", text=entry) for entry in entries)
    await session.commit()


@router.put("/{workspace}/preferences")
async def change(
    workspace: str, wanted: Preferences, entries: Annotated[list[str], Depends(audit)]
) -> Preferences:
    changes = wanted.model_dump(exclude_defaults=True)
    entries += [f"{workspace}: {name} is {value}" for name, value in changes.items()]
    return wanted
