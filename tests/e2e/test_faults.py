"""Each fault of the drawer, switched on by a click: what a bot then lives through."""

import asyncio
from typing import Any

import httpx
import pytest
from playwright.async_api import Locator, Page, expect

from tests.e2e.conftest import Window
from tests.e2e.test_drawer import pulled_out
from tgsandbox import BotAccess, Person, Sandbox

pytestmark = pytest.mark.sandbox(page=True)


@pytest.fixture
def buyer(tg: Sandbox) -> Person:
    return tg.user("Покупатель")


@pytest.fixture
async def bot(tg: Sandbox, buyer: Person) -> BotAccess:
    bot = tg.bot("shop_bot")
    await buyer.send(bot, "/start")
    assert await taken(bot) == ["/start"]
    return bot


async def called(bot: BotAccess, method: str, **args: Any) -> httpx.Response:
    async with httpx.AsyncClient(timeout=30) as client:
        return await client.post(f"{bot.api}/bot{bot.token}/{method}", json=args)


async def taken(bot: BotAccess) -> list[str]:
    """The texts of what it takes, and confirms by asking again."""
    updates = await bot.call("getUpdates")
    if updates:
        await bot.call("getUpdates", offset=updates[-1]["update_id"] + 1, limit=1)
    return [each["message"]["text"] for each in updates]


async def switched(page: Page, name: str) -> Locator:
    drawer = await pulled_out(page, "Сбои")
    switch = drawer.get_by_role("switch", name=name)
    await switch.check()
    await expect(drawer.get_by_role("switch", name=name)).to_be_checked()
    return drawer


@pytest.mark.parametrize("code", [400, 403, 429, 500])
async def test_sending_is_refused(buyer: Person, bot: BotAccess, window: Window, code: int) -> None:
    drawer = await pulled_out(await window(buyer), "Сбои")
    await drawer.get_by_role("button", name=str(code), exact=True).click()
    await expect(drawer.get_by_role("table")).to_contain_text(str(code))
    answer = await called(bot, "sendMessage", chat_id=buyer.id, text="?")
    assert (answer.status_code, answer.json()["error_code"]) == (code, code)
    assert answer.headers.get("retry-after") == ("5" if code == 429 else None)
    assert buyer.unread == []


async def test_an_answer_is_lost(buyer: Person, bot: BotAccess, window: Window) -> None:
    page = await window(buyer)
    await switched(page, "Вызов выполнен, ответ потерян")
    with pytest.raises(httpx.TransportError):
        await called(bot, "sendMessage", chat_id=buyer.id, text="Дошло?")
    assert (await buyer.reply()).text == "Дошло?"  # it took effect all the same


async def test_everything_is_slow(
    tg: Sandbox, buyer: Person, bot: BotAccess, window: Window
) -> None:
    await switched(await window(buyer), "Все ответы на 2 с позже")
    asked = asyncio.create_task(called(bot, "getMe"))
    await asyncio.wait([asked], timeout=0.3)
    assert not asked.done()
    await tg.clock.move(2)
    assert (await asked).status_code == 200


async def test_an_update_comes_twice(buyer: Person, bot: BotAccess, window: Window) -> None:
    await switched(await window(buyer), "Обновления дважды")
    await buyer.send(bot, "раз")
    assert [await taken(bot), await taken(bot), await taken(bot)] == [["раз"], ["раз"], []]


async def test_an_update_is_late(
    tg: Sandbox, buyer: Person, bot: BotAccess, window: Window
) -> None:
    await switched(await window(buyer), "Обновления на 5 с позже")
    await buyer.send(bot, "поздно")
    assert await taken(bot) == []
    await tg.clock.move(5)
    assert await taken(bot) == ["поздно"]


async def test_updates_change_places(
    tg: Sandbox, buyer: Person, bot: BotAccess, window: Window
) -> None:
    page = await window(buyer)
    drawer = await pulled_out(page, "Сбои")
    await drawer.get_by_role("combobox").last.select_option("1")  # once
    await drawer.get_by_role("switch", name="Обновления не по порядку").check()
    await expect(drawer.get_by_role("table")).to_be_visible()
    await buyer.send(bot, "первое")
    await buyer.send(bot, "второе")
    assert await taken(bot) == ["второе", "первое"]


async def test_sending_is_limited(buyer: Person, bot: BotAccess, window: Window) -> None:
    await switched(await window(buyer), "Лимиты Telegram")
    codes = [
        (await called(bot, "sendMessage", chat_id=buyer.id, text=str(number))).status_code
        for number in range(5)
    ]
    assert codes[0] == 200
    assert codes[-1] == 429
