"""Decides which team a request for support goes to."""

from enum import StrEnum

from fastapi import APIRouter
from pydantic import BaseModel, Field

router = APIRouter(prefix="/api/support", tags=["support"])


class Topic(StrEnum):
    INVOICE = "invoice"
    OUTAGE = "outage"
    CANCELLATION = "cancellation"


class SupportRequest(BaseModel):
    topic: Topic
    text: str = Field(min_length=1, max_length=2_000)
    is_urgent: bool = False


class Routing(BaseModel):
    team: str
    hours: int


@router.post("/requests")
async def route(request: SupportRequest) -> Routing:
    match request.topic:
        # FIX case Topic.INVOICE | Topic.CANCELLATION:
        case Topic.INVOICE:  # BUG
            team = "accounting"
        case Topic.OUTAGE:
            team = "operations"
    return Routing(team=team, hours=1 if request.is_urgent else 24)
