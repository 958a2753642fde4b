"""Fills a team's own template and hands the letter to the printer."""

import logging

from fastapi import APIRouter, BackgroundTasks, status
from pydantic import BaseModel, Field

router = APIRouter(prefix="/api/letters", tags=["letters"])
logger = logging.getLogger(__name__)


class Letter(BaseModel):
    template: str = Field(min_length=1, max_length=5_000)
    company: str
    order: int


def send_to_printer(letter: Letter) -> None:
    values = letter.model_dump(include={"company", "order"})
    text = letter.template % values  # BUG
    # FIX text = letter.template
    # FIX for name, value in values.items():
    # FIX     text = text.replace(f"%({name})s", str(value))
    logger.info("A letter of %d lines is at the printer", text.count("\n") + 1)


@router.post("", status_code=status.HTTP_202_ACCEPTED)
async def send(letter: Letter, tasks: BackgroundTasks) -> dict[str, int]:
    tasks.add_task(send_to_printer, letter)
    return {"order": letter.order}
