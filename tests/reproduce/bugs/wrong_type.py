"""A number that is text in one of two kinds of answers."""

from fastapi import APIRouter
from pydantic import BaseModel

router = APIRouter(prefix="/carts")


class Line(BaseModel):
    article: str
    quantity: int | str = 1


class Cart(BaseModel):
    lines: list[Line]


@router.post("/total")
async def total(cart: Cart) -> dict[str, int]:
    return {"articles": sum(line.quantity for line in cart.lines)}  # type: ignore[misc]  # BUG
    # FIX return {"articles": sum(line.quantity == 1 for line in cart.lines)}
