"""A wait that takes longer than anybody waits."""

import asyncio

from fastapi import APIRouter

router = APIRouter(prefix="/queues")


@router.get("/{name}/next")
async def following(name: str, patience: float = 0.01) -> dict[str, str]:
    longest = patience  # BUG
    # FIX longest = patience * 100
    async with asyncio.timeout(longest):
        await asyncio.sleep(patience * 2)
    return {"name": name}
