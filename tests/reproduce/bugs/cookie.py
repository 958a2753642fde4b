"""A cookie that a browser keeps longer than the service knows its form."""

from typing import Annotated

from fastapi import APIRouter, Cookie

router = APIRouter(prefix="/themes")


@router.get("")
async def theme(layout: Annotated[str, Cookie()]) -> dict[str, str]:
    columns, color = layout.split("/")  # BUG
    # FIX columns, _, color = layout.partition("/")
    return {"columns": columns, "color": color}
