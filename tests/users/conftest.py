"""The API of people, with one bot, and what that bot's Telegram signs."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import hypothesis
import pytest
from fastapi import FastAPI

from kassa.config import BotSettings, Settings
from kassa.db import Database
from kassa.secret import Secret
from kassa.users import User, Who, api, see
from kassa.web import create_app

PATIENT = hypothesis.settings(deadline=None)  # on a busy machine
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRET = Secret("a secret key of tests, long enough for all")
BOT = "123456:TEST-TOKEN"
OTHER_BOT = "654321:TEST-OTHER"


def settings(**more: Any) -> Settings:
    return Settings(
        secret_key=SECRET,
        bots=(
            BotSettings(token=Secret(OTHER_BOT), apps=("tokens",), name="other"),
            BotSettings(token=Secret(BOT), apps=("tokens",), name="main"),
        ),
        **more,
    )


def init_data(
    user: dict[str, Any] | None = None,
    *,
    token: str = BOT,
    at: datetime = NOON,
    **more: str,
) -> str:
    """Written apart from what is tested: as the documents say."""
    fields = {"auth_date": str(int(at.timestamp())), **more}
    if user is not None:
        fields["user"] = json.dumps(user, ensure_ascii=False, separators=(",", ":"))
    return hashed(fields, token=token)


def hashed(fields: dict[str, str], *, token: str = BOT) -> str:
    key = hmac.new(b"WebAppData", token.encode(), hashlib.sha256).digest()
    told = "\n".join(sorted(f"{name}={value}" for name, value in fields.items()))
    digest = hmac.new(key, told.encode(), hashlib.sha256).hexdigest()
    return urlencode({**fields, "hash": digest}, quote_via=quote)


def widget(number: int, *, token: str = BOT, at: datetime = NOON, **more: Any) -> dict[str, Any]:
    fields = {"id": number, "auth_date": int(at.timestamp()), **more}
    told = "\n".join(sorted(f"{name}={value}" for name, value in fields.items()))
    key = hashlib.sha256(token.encode()).digest()
    return {**fields, "hash": hmac.new(key, told.encode(), hashlib.sha256).hexdigest()}


async def person(db: Database, telegram_id: int = 1001, **told: str) -> User:
    return await db.run(lambda tx: see(tx, Who(telegram_id, **told)))


async def waited_for(db: Database, *, by: int = 1) -> None:
    """Until so many wait for what another holds."""
    blocked = """
        SELECT count(*) FROM pg_stat_activity
         WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0
    """
    async with asyncio.timeout(10):
        while await db.fetchval(blocked) < by:
            await asyncio.sleep(0.01)


@pytest.fixture
def app(db: Database) -> FastAPI:
    @asynccontextmanager
    async def nothing(_: FastAPI) -> AsyncIterator[None]:
        yield

    made = create_app(nothing, routes=api.router.routes)
    made.state.database = db
    made.state.settings = settings()
    return made


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://kassa") as each:
        yield each
