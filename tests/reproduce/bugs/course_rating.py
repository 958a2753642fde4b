"""Sums up what participants thought of a course."""

from statistics import mean
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

router = APIRouter(prefix="/api/courses", tags=["courses"])

Stars = Annotated[int, Field(ge=1, le=5)]


class Feedback(BaseModel):
    stars: list[Stars]
    comment: str = ""


class Rating(BaseModel):
    course: str
    stars: Stars | None
    votes: int


@router.post("/{course}/rating", response_model=Rating)
async def rate(course: str, feedback: Feedback) -> dict[str, Any]:
    stars = round(mean(feedback.stars)) if feedback.stars else 0  # BUG
    # FIX stars = round(mean(feedback.stars)) if feedback.stars else None
    return {"course": course, "stars": stars, "votes": len(feedback.stars)}
