"""Is the service alive, and can it do its work? Neither is ever traced."""

from fastapi import APIRouter, Request

router = APIRouter(tags=["health"])


# Some probes ask with HEAD. Named in OpenAPI, it would be there twice.
@router.head("/healthz", include_in_schema=False)
@router.get("/healthz")
async def alive(request: Request) -> dict[str, str]:
    return {"status": "ok", "release": request.app.state.release}


@router.head("/readyz", include_in_schema=False)
@router.get("/readyz")
async def ready() -> dict[str, str]:
    return {"status": "ok"}
