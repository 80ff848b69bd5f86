from collections.abc import AsyncIterator

import aiohttp
import pytest_asyncio

from tgsandbox import BotAccess, Person, Sandbox

from .plain import Client, Hook, hook


@pytest_asyncio.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
        yield session


@pytest_asyncio.fixture
async def bot(tg: Sandbox) -> BotAccess:
    return tg.bot("shop_bot")


@pytest_asyncio.fixture
async def buyer(tg: Sandbox) -> Person:
    return tg.user("Buyer")


@pytest_asyncio.fixture
async def call(http: aiohttp.ClientSession, bot: BotAccess) -> Client:
    return Client(http, bot)


@pytest_asyncio.fixture
async def webhook(call: Client) -> AsyncIterator[Hook]:
    """One that is set already."""
    async with hook() as made:
        assert (await call("setWebhook", url=made.url, secret_token="a-secret_1")).result
        yield made
