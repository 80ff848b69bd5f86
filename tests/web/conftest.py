"""The application without a server around it, and what it logs."""

import asyncio
from collections.abc import AsyncIterator, Iterator, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import structlog
import uvicorn
from fastapi import FastAPI
from structlog.testing import capture_logs

from kassa.db import APP, Database
from kassa.db.migrate import steps
from kassa.runtime import PACKAGES
from kassa.web import create_app


@pytest.fixture(autouse=True)
def said() -> Iterator[list[MutableMapping[str, Any]]]:
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        yield lines


@pytest.fixture
def closed() -> FastAPI:
    """Before its database is open."""
    return create_app(nothing)


@pytest.fixture
def app(closed: FastAPI, db: Database) -> FastAPI:
    closed.state.database = db
    closed.state.steps = steps(PACKAGES, app=APP)
    return closed


@asynccontextmanager
async def client(app: FastAPI, *, address: str = "127.0.0.1") -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, client=(address, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://kassa") as each:
        yield each


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[int]:
    """By a real server, on this port."""
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, log_config=None, ws="none", proxy_headers=False)
    )
    serving = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(10):
            while not server.started:
                await asyncio.sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await serving


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@asynccontextmanager
async def nothing(_: FastAPI) -> AsyncIterator[None]:
    yield
