"""A form, with a field that is a number in words."""

from typing import Annotated

from fastapi import APIRouter, Form

router = APIRouter(prefix="/feedback")

MARKS = ("bad", "fair", "good")


@router.post("")
async def feedback(course: Annotated[str, Form()], mark: Annotated[str, Form()]) -> dict[str, int]:
    return {course: MARKS.index(mark)}  # BUG
    # FIX return {course: MARKS.index(mark) if mark in MARKS else -1}
