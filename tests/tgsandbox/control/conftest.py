from collections.abc import AsyncIterator

import aiohttp
import pytest_asyncio

from tests.tgsandbox.delivery.plain import Client
from tgsandbox import Sandbox

from .remote import Remote


@pytest_asyncio.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
        yield session


@pytest_asyncio.fixture
async def remote(tg: Sandbox, http: aiohttp.ClientSession) -> Remote:
    return Remote(http, tg.url)


@pytest_asyncio.fixture
async def call(tg: Sandbox, remote: Remote) -> Client:
    """A bot, and a buyer who has started it."""
    await remote.post("/bots", username="shop_bot")
    await remote.post("/people", name="Buyer", stars=100)
    await remote.post("/people/Buyer/start", to="shop_bot")
    client = Client(remote.http, tg.bot("shop_bot"))
    await client("getUpdates", offset=-1)
    return client
