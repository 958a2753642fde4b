"""A partner that isn't there, asked by the standard library."""

import os
import urllib.request

from fastapi import APIRouter

router = APIRouter(prefix="/weather")

PARTNER = os.environ.get("CLOSED_URL", "https://closed.example")


@router.get("/{city}")
def weather(city: str) -> dict[str, str]:
    # FIX return {"weather": city}
    with urllib.request.urlopen(f"{PARTNER}/{city}") as answer:
        return {"weather": answer.read().decode()}
