"""A tree that is deeper than Python's stack."""

from typing import Any

from fastapi import APIRouter

router = APIRouter(prefix="/trees")


def depth(levels: int) -> int:
    return 1 + depth(levels - 1) if levels else 0  # BUG
    # FIX return levels


@router.post("/depth")
async def measure(tree: dict[str, Any]) -> int:
    return depth(int(tree["levels"]))
