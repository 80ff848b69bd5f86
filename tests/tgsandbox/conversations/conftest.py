"""The shop, open in each of the four ways in which bots are run."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.webhook.aiohttp_server import SimpleRequestHandler
from aiohttp import web
from telegram.ext import Updater

from tests.tgsandbox.conversations import bots_aiogram, bots_ptb, strict, wares
from tests.tgsandbox.conversations.wares import Shop
from tgsandbox import Person, Sandbox

SECRET = "only-Telegram_knows"
Allowed = list[str] | None
Way = Callable[[Shop, Allowed], AbstractAsyncContextManager[None]]


class Session(AiohttpSession):
    async def close(self) -> None:
        """At once: aiogram's waits a quarter of a second for TLS, which there is none of."""
        if self._session is not None:
            await self._session.close()


def _aiogram(shop: Shop) -> tuple[Bot, Dispatcher]:
    session = Session(api=TelegramAPIServer.from_base(shop.bot.api))
    bot, dp = Bot(shop.bot.token, session=session), bots_aiogram.dispatcher(shop)
    shop.order = lambda data, text: bots_aiogram.order(bot, data, text)
    return bot, dp


@asynccontextmanager
async def aiogram_polling(shop: Shop, allowed: Allowed) -> AsyncIterator[None]:
    bot, dp = _aiogram(shop)
    begun = asyncio.Event()
    dp.startup.register(begun.set)
    polling = asyncio.create_task(
        dp.start_polling(bot, handle_signals=False, allowed_updates=allowed)
    )
    await begun.wait()
    try:
        yield
        await shop.bot.caught_up()
        await asyncio.gather(*dp._handle_update_tasks)  # for which aiogram does not wait
    finally:
        await dp.stop_polling()
        await polling


@asynccontextmanager
async def aiogram_webhook(shop: Shop, allowed: Allowed) -> AsyncIterator[None]:
    bot, dp = _aiogram(shop)
    app = web.Application()
    handler = SimpleRequestHandler(dp, bot, handle_in_background=False, secret_token=SECRET)
    handler.register(app, path="/telegram")
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    sock, url = _free()
    await web.SockSite(runner, sock).start()
    await dp.emit_startup(bot=bot, **dp.workflow_data)
    await bot.set_webhook(url, secret_token=SECRET, allowed_updates=allowed)
    try:
        yield
        await shop.bot.caught_up()
    finally:
        await bot.delete_webhook()
        await dp.emit_shutdown(bot=bot, **dp.workflow_data)
        await runner.cleanup()
        await bot.session.close()


@asynccontextmanager
async def _ptb(shop: Shop) -> AsyncIterator[Updater]:
    app = bots_ptb.application(shop)
    shop.order = lambda data, text: bots_ptb.order(app.bot, data, text)
    async with app:
        await bots_ptb.open_up(app.bot)
        await app.start()
        assert app.updater
        try:
            yield app.updater
            await shop.bot.caught_up()
        finally:
            await app.updater.stop()
            await app.stop()


@asynccontextmanager
async def ptb_polling(shop: Shop, allowed: Allowed) -> AsyncIterator[None]:
    async with _ptb(shop) as updater:
        await updater.start_polling(allowed_updates=allowed)
        yield


@asynccontextmanager
async def ptb_webhook(shop: Shop, allowed: Allowed) -> AsyncIterator[None]:
    async with _ptb(shop) as updater:
        sock, url = _free()
        sock.listen()
        await updater.start_webhook(
            unix=sock,
            url_path="telegram",
            webhook_url=url,
            secret_token=SECRET,
            allowed_updates=allowed,
        )
        yield


def _free() -> tuple[socket.socket, str]:
    """A port of our own, and the address of a webhook there."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setblocking(False)
    sock.bind(("127.0.0.1", 0))
    return sock, f"http://127.0.0.1:{sock.getsockname()[1]}/telegram"


WAYS: dict[str, Way] = {
    "aiogram-polling": aiogram_polling,
    "aiogram-webhook": aiogram_webhook,
    "ptb-polling": ptb_polling,
    "ptb-webhook": ptb_webhook,
}


@pytest.fixture
def allowed() -> Allowed:
    """Which updates the bot asks for."""
    return wares.EVERYTHING


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    """How a shop is run: `async with way(shop, allowed)`."""
    return WAYS[request.param]


@pytest.fixture
async def shop(
    way: Way, tg: Sandbox, allowed: Allowed, ptb_as_it_will_be: None
) -> AsyncIterator[Shop]:
    """Open for the test. What it did is looked through when it has closed."""
    shop = Shop(tg.bot("shop_bot"))
    async with way(shop, allowed):
        yield shop
    look_through(tg, shop)


@pytest.fixture
def ptb_as_it_will_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "1")  # for durations; otherwise they warn


def look_through(tg: Sandbox, *shops: Shop) -> None:
    """All went as it was meant to, and both libraries understand all of it."""
    assert [each for shop in shops for each in shop.failures] == []
    assert _refused(tg) == [each for shop in shops for each in shop.refused]
    assert strict.faults(tg) == []
    assert _left_running() == []


def _refused(tg: Sandbox) -> list[str]:
    """Calls that failed. Of getUpdates one may: as it stops, a bot ends its own with another."""
    calls = [each.data for each in tg.world.events.since(0) if each.kind == "call"]
    failed = [each["method"] for each in calls if each["status"] != 200]
    return [each for each in failed if each != "getUpdates"]


def _left_running() -> list[str]:
    """Tasks that outlive their bot, those of the sandbox and of the test left out."""
    ours = ("/uvicorn/", "/src/tgsandbox/", "/pytest_asyncio/")
    others = asyncio.all_tasks() - {asyncio.current_task()}
    return [str(each.get_coro()) for each in others if not _of(each, ours)]


def _of(task: asyncio.Task[object], places: tuple[str, ...]) -> bool:
    code = getattr(task.get_coro(), "cr_code", None)
    return code is not None and any(each in code.co_filename for each in places)


@pytest.fixture
def buyer(tg: Sandbox) -> Person:
    return tg.user("Покупатель", phone="+998901234567", stars=1000)


@pytest.fixture
def seller(tg: Sandbox) -> Person:
    return tg.user("Продавец", username="seller")
