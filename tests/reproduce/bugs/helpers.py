"""A domain's error, raised by a helper of a helper, in a scope that knows more."""

from fastapi import APIRouter
from pydantic import BaseModel

from app.observability import Severity, error_scope

router = APIRouter(prefix="/matches")


class NoMatch(LookupError):
    severity = Severity.P3


class Wish(BaseModel):
    topic: str
    level: int


def mentors_of(topic: str) -> list[str]:
    known = {"python": ["mentor 1"], "writing": []}
    return known.get(topic, [])


def best(wish: Wish) -> str:
    found = mentors_of(wish.topic)
    if not found:
        raise NoMatch(f"nobody teaches {wish.topic}")  # BUG
        # FIX return "nobody"
    return found[0]


@router.post("")
async def match(wish: Wish) -> dict[str, str]:
    with error_scope(tags={"topic": wish.topic}, contexts={"wish": wish.model_dump()}):
        return {"mentor": best(wish)}
