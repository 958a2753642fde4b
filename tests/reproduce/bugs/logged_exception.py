"""An error that is logged, with its traceback."""

import logging

from fastapi import APIRouter
from pydantic import BaseModel

log = logging.getLogger(__name__)
router = APIRouter(prefix="/translations")


class Text(BaseModel):
    text: str
    encoding: str = "utf-8"


@router.post("/size")
async def size(text: Text) -> dict[str, int]:
    try:
        return {"bytes": len(text.text.encode(text.encoding))}  # BUG
        # FIX return {"bytes": len(text.text.encode(text.encoding, "replace"))}
    except UnicodeEncodeError:
        log.exception("%s can't hold the text", text.encoding)
        return {"bytes": 0}
