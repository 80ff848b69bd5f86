from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio

from tgsandbox import BotAccess, Person, Sandbox

from .client import Client, chat


@pytest_asyncio.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as http:
        yield http


@pytest.fixture
def bot(tg: Sandbox) -> BotAccess:
    return tg.bot("shop_bot")


@pytest_asyncio.fixture
async def buyer(tg: Sandbox, bot: BotAccess) -> Person:
    """Has started the bot."""
    buyer = tg.user("Покупатель", stars=100)
    await buyer.start(bot)
    return buyer


@pytest_asyncio.fixture
async def other(tg: Sandbox, bot: BotAccess) -> Person:
    """Somebody else, who has started it, too."""
    other = tg.user("Buyer", stars=100)
    await other.start(bot)
    return other


@pytest.fixture
def client(tg: Sandbox, http: aiohttp.ClientSession, bot: BotAccess, buyer: Person) -> Client:
    return Client(http, tg, buyer, chat(bot, buyer))


@pytest.fixture
def stranger(tg: Sandbox, http: aiohttp.ClientSession, bot: BotAccess, other: Person) -> Client:
    """The window of the other person."""
    return Client(http, tg, other, chat(bot, other))
