"""A dependency that trusts a header."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header

router = APIRouter(prefix="/quotas")


async def tenant(x_tenant: Annotated[str, Header()]) -> int:
    return int(x_tenant.split("-")[1])  # BUG
    # FIX return int(x_tenant.rpartition("-")[2] or 0) if x_tenant[-1:].isdigit() else 0


@router.get("")
async def quota(number: Annotated[int, Depends(tenant)]) -> dict[str, int]:
    return {"tenant": number, "left": 100}
