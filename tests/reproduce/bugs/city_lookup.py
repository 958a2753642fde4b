"""Finds the station of a city."""

import unicodedata
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, status
from pydantic import BaseModel

router = APIRouter(prefix="/api/stations", tags=["stations"])

STATIONS = {"Zürich": "ZUE", "Genève": "GVE", "Köln": "KLN", "Málaga": "MLG"}
NICKNAMES = {"Züri": "Zürich", "Cologne": "Köln"}


class Station(BaseModel):
    city: str
    code: str


def code_of(city: str) -> str:
    try:
        return STATIONS[city]
    except KeyError:
        return STATIONS[NICKNAMES[city]]


@router.get("")
async def station(city: Annotated[str, Query(max_length=80)]) -> Station:
    name = unicodedata.normalize("NFC", city.strip())
    if name not in STATIONS and name not in NICKNAMES:
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"There is no station in {name}.")
    return Station(city=name, code=code_of(city))  # BUG
    # FIX return Station(city=name, code=code_of(name))
