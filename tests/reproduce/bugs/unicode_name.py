"""A file name with an umlaut in a header, which latin-1 has, and one in Hangul, which it hasn't."""

from fastapi import APIRouter, Response

router = APIRouter(prefix="/reports")


@router.get("/{title}/download")
async def download(title: str) -> Response:
    name = f'attachment; filename="{title}.csv"'  # BUG
    # FIX name = "attachment"
    return Response("a,b", headers={"Content-Disposition": name})
