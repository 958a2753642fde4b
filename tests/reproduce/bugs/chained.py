"""An error made of another one, two modules down."""

import json

from fastapi import APIRouter
from pydantic import BaseModel

router = APIRouter(prefix="/settings")


class InvalidSettings(Exception):
    pass


class Stored(BaseModel):
    owner: str
    settings: str


def parse(text: str) -> dict[str, object]:
    try:
        return dict(json.loads(text))
    except ValueError as error:
        raise InvalidSettings("they are no JSON") from error  # BUG
        # FIX return {}


@router.put("")
async def keep(stored: Stored) -> list[str]:
    return sorted(parse(stored.settings))
