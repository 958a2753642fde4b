"""A sign-up whose secrets are filtered in the event, and have to be long enough."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

router = APIRouter(prefix="/accounts")


class Account(BaseModel):
    email: str = Field(pattern=r"^[^@\s]+@[^@\s]+\.[a-z]{2,}$")
    password: str = Field(min_length=12, max_length=72)
    pin: str = Field(pattern=r"^\d{6}$")
    referrer: str | None = None


@router.post("", status_code=201)
async def sign_up(account: Account) -> dict[str, str]:
    campaign = account.referrer.split(":")[1] if account.referrer else ""  # BUG
    # FIX campaign = account.referrer.rpartition(":")[2] if account.referrer else ""
    return {"campaign": campaign}
