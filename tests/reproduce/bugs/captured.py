"""An error that is handled, and reported."""

from fastapi import APIRouter
from pydantic import BaseModel

from app.observability import Severity, capture_error

router = APIRouter(prefix="/thumbnails")


class Picture(BaseModel):
    width: int
    height: int


@router.post("")
async def shrink(picture: Picture) -> dict[str, float]:
    try:
        ratio = picture.width / picture.height  # BUG
        # FIX ratio = picture.width / max(1, picture.height)
    except ZeroDivisionError as error:
        capture_error(error, severity=Severity.P3, tags={"shape": "flat"})
        ratio = 1.0
    return {"ratio": ratio}
