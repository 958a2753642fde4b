"""Tells which of several versions is the newest."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

router = APIRouter(prefix="/api/versions", tags=["versions"])


class Newest(BaseModel):
    newest: str
    older: list[str]


def numbers_of(version: str) -> list[Any]:
    return [int(part) if part.isdecimal() else part for part in version.split(".")]  # BUG
    # FIX return [int(part) if part.isdecimal() else -1 for part in version.split(".")]


@router.get("/newest")
async def newest(versions: Annotated[list[str], Query(alias="version", min_length=1)]) -> Newest:
    newest, *older = sorted(versions, key=numbers_of, reverse=True)
    return Newest(newest=newest, older=older)
