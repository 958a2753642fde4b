"""A task of its own that outlives its request."""

import asyncio

from fastapi import APIRouter
from pydantic import BaseModel

from app.observability import spawn

router = APIRouter(prefix="/digests")


class Digest(BaseModel):
    readers: list[str]
    pages: int = 1


async def write(digest: Digest) -> list[str]:
    await asyncio.sleep(0)
    return [digest.readers[page] for page in range(digest.pages)]  # BUG
    # FIX return digest.readers[: digest.pages]


@router.post("", status_code=202)
async def start(digest: Digest) -> dict[str, str]:
    spawn(write(digest), name="digest")
    return {"status": "begun"}
