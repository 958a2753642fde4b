"""The application under load: copied into the service as its own code, `app.bench:make`."""

import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from bench.contestants import begin

logger = logging.getLogger("bench")


@dataclass
class Row:
    """What the variables of a big error hold very many of."""

    number: int
    text: str


def make(*, routes: int = 0, middlewares: int = 0, depth: int = 1, rows: int = 0) -> Any:
    """Make it for the contestant in BENCH_CONTESTANT; it grows by what is said."""
    storm = bool(os.environ.get("BENCH_STORM"))
    traces = float(os.environ.get("BENCH_TRACES", "0.1"))
    install = begin(os.environ.get("BENCH_CONTESTANT", "off"), storm=storm, traces=traces)
    from fastapi import FastAPI, HTTPException, WebSocket
    from pydantic import BaseModel
    from sqlalchemy import String, insert, select
    from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
    from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

    class Base(DeclarativeBase):
        pass

    class Letter(Base):
        __tablename__ = "letters"
        id: Mapped[int] = mapped_column(primary_key=True)
        persona: Mapped[str] = mapped_column(String(40))
        text: Mapped[str] = mapped_column(String(1000))

    class Message(BaseModel):
        persona: str
        text: str

    url = os.environ.get("BENCH_DATABASE", "sqlite+aiosqlite:///:memory:")
    engine: AsyncEngine = create_async_engine(url)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
            await connection.execute(insert(Letter).values(persona="mentor", text="Hello"))
        yield
        await engine.dispose()

    app = FastAPI(lifespan=lifespan)
    install(app)
    for number in range(routes):
        app.get(f"/route-{number}/{{item}}")(_nothing)
    for _ in range(middlewares):
        app.add_middleware(_Passing)

    @app.get("/ok")
    async def ok() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/messages/{number}")
    async def read(number: int) -> Message:
        async with engine.connect() as connection:
            found = (await connection.execute(select(Letter).where(Letter.id == number))).first()
        if found is None:
            raise HTTPException(404)
        return Message(persona=found.persona, text=found.text)

    @app.post("/messages", status_code=201)
    async def write(message: Message) -> dict[str, Any]:
        async with engine.begin() as connection:
            made = await connection.execute(insert(Letter).values(**message.model_dump()))
        return {"id": made.inserted_primary_key[0]} if made.inserted_primary_key else {}

    letters = [Row(number, "letter") for number in range(rows)]  # what it costs to make isn't asked

    def deeper(left: int, message: Message) -> None:
        big = letters
        if left > 1:
            return deeper(left - 1, message)
        raise KeyError(message.persona, len(big))

    @app.post("/fails")
    async def fails(message: Message) -> None:
        deeper(depth, message)

    @app.post("/logs")
    async def logs(message: Message) -> dict[str, str]:
        logger.error("nobody writes to %s", message.persona)
        return {"status": "ok"}

    @app.get("/tells")
    async def tells() -> dict[str, str]:
        logger.info("somebody asked")
        return {"status": "ok"}

    @app.websocket("/socket")
    async def socket(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text(await websocket.receive_text())
        await websocket.close()

    return app


async def _nothing(item: str) -> dict[str, str]:
    return {"item": item}


class _Passing:
    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self._app(scope, receive, send)
