"""What is done after the answer fails."""

from fastapi import APIRouter, BackgroundTasks
from pydantic import BaseModel

router = APIRouter(prefix="/invitations")

TEXTS = {"en": "Welcome", "ko": "환영합니다"}


class Invitation(BaseModel):
    email: str
    language: str = "en"


def greet(invitation: Invitation) -> None:
    print(TEXTS[invitation.language], file=None)  # BUG
    # FIX print(TEXTS.get(invitation.language, "Welcome"), file=None)


@router.post("", status_code=202)
async def invite(invitation: Invitation, tasks: BackgroundTasks) -> dict[str, str]:
    tasks.add_task(greet, invitation)
    return {"status": "sent"}
