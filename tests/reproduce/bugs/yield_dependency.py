"""A dependency that fails when the request is over."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends

router = APIRouter(prefix="/leases")


async def lease() -> AsyncIterator[dict[str, str]]:
    held: dict[str, str] = {}
    yield held
    del held["token"]  # BUG
    # FIX held.pop("token", None)


@router.put("/{name}")
async def take(name: str, held: Annotated[dict[str, str], Depends(lease)], token: str = "") -> str:
    if token:
        held["token"] = token
    return name
