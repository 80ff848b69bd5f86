"""The application without a server around it, and what it logs."""

from collections.abc import AsyncIterator, Iterator, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import structlog
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

    @asynccontextmanager
    async def nothing(_: FastAPI) -> AsyncIterator[None]:
        yield

    return create_app(nothing)


@pytest.fixture
def app(closed: FastAPI, db: Database) -> FastAPI:
    closed.state.database = db
    closed.state.steps = steps(PACKAGES, app=APP)
    return closed


@asynccontextmanager
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://kassa") as each:
        yield each
