"""A line that is logged as an error, without an exception."""

import logging

from fastapi import APIRouter
from pydantic import BaseModel

log = logging.getLogger(__name__)
router = APIRouter(prefix="/stock")


class Order(BaseModel):
    article: str
    quantity: int


@router.post("/order")
async def order(order: Order) -> dict[str, bool]:
    is_there = order.quantity <= 5
    if not is_there:
        log.error("There are not %d of %s", order.quantity, order.article)  # BUG
        # FIX log.info("There are not %d of %s", order.quantity, order.article)
    return {"is_there": is_there}
