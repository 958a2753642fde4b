"""Connections: one engine an application, one session a request."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from app.observability import set_severity

from .errors import severity_of

set_severity(DBAPIError, severity_of)
SessionMaker = async_sessionmaker[AsyncSession]


@asynccontextmanager
async def connect(url: str) -> AsyncIterator[SessionMaker]:
    """Give sessions on the database at `url`, and close its connections at the end."""
    engine = create_async_engine(
        url,
        hide_parameters=True,  # or the text of an exception holds what a user wrote
        pool_pre_ping=True,
    )
    try:
        yield async_sessionmaker(engine, expire_on_commit=False)
    finally:
        await engine.dispose()


async def _session(request: Request) -> AsyncIterator[AsyncSession]:
    sessions: SessionMaker = request.app.state.sessions
    async with sessions() as session:
        yield session


Session = Annotated[AsyncSession, Depends(_session)]
