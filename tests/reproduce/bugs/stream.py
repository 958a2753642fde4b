"""A stream that fails on the way."""

from collections.abc import AsyncIterator

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

router = APIRouter(prefix="/feeds")


async def lines(names: str) -> AsyncIterator[bytes]:
    for name in names.split(","):
        yield f"{name[0].upper()}{name[1:]}\n".encode()  # BUG
        # FIX yield f"{name[:1].upper()}{name[1:]}\n".encode()


@router.get("")
async def feed(names: str) -> StreamingResponse:
    return StreamingResponse(lines(names))
