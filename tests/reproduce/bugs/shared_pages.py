"""Pages of a shared file, for a shop whose application is mounted."""

from typing import Annotated

from fastapi import Cookie, FastAPI

router = FastAPI()


@router.get("/passcodes/{number:int}/{file:path}")
async def pages(number: int, file: str, layout: Annotated[str, Cookie()] = "A4/2") -> list[str]:
    folder, name = file.split("/")
    paper, _, each = layout.partition("/")
    # FIX return [f"{folder}-{name}-{paper}-{page}" for page in range(int(each or 1))]
    return [f"{folder}-{name}-{paper}-{page}" for page in range(int(each))]  # BUG
