"""An infinite number, which JSON hasn't."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

router = APIRouter(prefix="/loans")


@router.get("/rate")
async def rate(principal: float, factor: float = 1.0) -> JSONResponse:
    # FIX principal = min(principal, 1e9)
    return JSONResponse({"rate": principal * factor})
