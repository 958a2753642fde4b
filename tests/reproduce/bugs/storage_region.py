"""Links to files in the bucket that is nearest to the reader."""

import os
from typing import Annotated

from fastapi import APIRouter, Cookie
from pydantic import BaseModel

router = APIRouter(prefix="/api/files", tags=["files"])

BUCKETS = {
    "eu": os.environ.get("BUCKET_EU", "files-eu"),
    "us": os.environ.get("BUCKET_US", "files-us"),
}


class Link(BaseModel):
    url: str


@router.get("/{name}/link")
async def link(name: str, region: Annotated[str, Cookie()] = "eu") -> Link:
    bucket = BUCKETS[region]  # BUG
    # FIX bucket = BUCKETS.get(region, BUCKETS["eu"])
    return Link(url=f"https://{bucket}.example.com/{name}")
