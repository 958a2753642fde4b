"""An error in the handler of another one."""

from typing import Any

from fastapi import APIRouter

router = APIRouter(prefix="/addresses")


@router.post("/format")
async def form(address: dict[str, Any]) -> str:
    try:
        return f"{address['street']} {address['number']}"
    except KeyError:
        return str(address["po_box"])  # BUG
        # FIX return str(address.get("po_box", ""))
