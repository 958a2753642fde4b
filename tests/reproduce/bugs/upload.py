"""A file whose first line isn't what it should be."""

from typing import Annotated

from fastapi import APIRouter, File, Form, UploadFile

router = APIRouter(prefix="/uploads")


@router.post("")
async def upload(table: Annotated[UploadFile, File()], columns: Annotated[int, Form()]) -> str:
    header = (await table.read()).decode().splitlines()[0].split(",")
    return header[columns - 1]  # BUG
    # FIX return header[min(columns, len(header)) - 1]
