"""A failure that is answered, without an exception that anybody sees."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

router = APIRouter(prefix="/exports")


@router.get("/{kind}")
async def export(kind: str) -> JSONResponse:
    if kind not in ("csv", "json"):
        return JSONResponse({"problem": f"no {kind} just now"}, status_code=503)  # BUG
        # FIX return JSONResponse({"problem": f"there is no {kind}"}, status_code=404)
    return JSONResponse({"kind": kind})
