"""A route that fails on purpose, to see what Sentry shows. `ENVIRONMENT=local` only."""

from fastapi import APIRouter
from pydantic import BaseModel

from app.observability import error_scope

router = APIRouter(prefix="/debug", tags=["debug"])

MENTORS = {"mentor": "Ada", "coach": "Grace"}


class Question(BaseModel):
    persona: str = "stranger"
    text: str = "Who are you?"
    password: str = "correct horse battery staple"


@router.post("/error")
async def fail(question: Question) -> dict[str, str]:
    """Look for a mentor who isn't there."""
    password = question.password
    with error_scope(
        tags={"persona": question.persona},
        contexts={"user_input": {"text": question.text, "password": password}},
    ):
        persona = question.persona
        name = MENTORS[f"{persona}-on-holiday"]
        return {"mentor": name}
