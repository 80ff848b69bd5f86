"""The developer's drawer: what is seen in it, and what it does to the sandbox."""

from collections.abc import Awaitable, Callable

import httpx
import pytest
from playwright.async_api import Locator, Page, expect

from tests.e2e.bots import echo, serve, shop
from tests.e2e.conftest import Window
from tgsandbox import Person, Sandbox
from tgsandbox.sandbox import CallRefused

Shots = Callable[[Page, str], Awaitable[None]]
pytestmark = pytest.mark.sandbox(page=True)


@pytest.fixture
def buyer(tg: Sandbox) -> Person:
    return tg.user("Покупатель", stars=200)


async def pulled_out(page: Page, tab: str) -> Locator:
    """The drawer, at the tab."""
    await page.get_by_role("button", name="Меню", exact=True).first.click()
    await page.get_by_role("menuitem", name="Для разработчика").click()
    drawer = page.get_by_role("complementary", name="tgsandbox")
    await drawer.get_by_role("tab", name=tab).click()
    return drawer


async def test_calls_and_updates_are_seen_found_and_done_again(
    tg: Sandbox, buyer: Person, window: Window, shots: Shots
) -> None:
    async with serve(tg, "echo_bot", echo) as bot:
        await buyer.send(bot, "/start")
        page = await window(buyer)
        await page.locator(".row").click()
        drawer = await pulled_out(page, "Вызовы")
        await page.get_by_role("textbox", name="Сообщение").fill("Эхо!")
        await page.keyboard.press("Enter")

        lines = drawer.get_by_role("listbox", name="Вызовы").get_by_role("option")
        update = lines.filter(has_text="↓message Покупатель Эхо!")
        call = lines.filter(has_text="sendMessage Покупатель Эхо!")
        await expect(update).to_contain_text("принято")
        await expect(call).to_contain_text("200")

        await drawer.get_by_role("searchbox", name="Найти").fill("эхо!")
        await expect(lines).to_have_count(2)
        await drawer.get_by_role("button", name="Обновления").click()
        await expect(lines).to_have_count(1)
        await call.click()
        await expect(drawer.locator("pre")).to_contain_text('"text": "Эхо!"')
        await shots(page, "drawer-calls")
        await drawer.get_by_role("button", name="Повторить").click()
        heard = page.locator(".message:not(.out)").filter(has_text="Эхо!")
        await expect(heard).to_have_count(2)

        await drawer.get_by_role("button", name="Обновления").click()
        await update.click()
        await drawer.get_by_role("button", name="Повторить").click()
        await expect(heard).to_have_count(3)  # the bot took it for a new one


async def test_a_fault_is_switched_on_and_taken_away(
    tg: Sandbox, buyer: Person, window: Window, shots: Shots
) -> None:
    bot = tg.bot("shop_bot")
    await buyer.send(bot, "/start")
    page = await window(buyer)
    drawer = await pulled_out(page, "Сбои")
    await drawer.get_by_role("button", name="403").click()
    await expect(drawer.get_by_role("table")).to_contain_text("bot was blocked by the user")
    await shots(page, "drawer-faults")

    with pytest.raises(CallRefused, match="403 Forbidden: bot was blocked by the user"):
        await bot.call("sendMessage", chat_id=buyer.id, text="Слышно?")
    assert await bot.call("getMe")  # only what was asked for fails
    await drawer.get_by_role("tab", name="Вызовы").click()
    await expect(drawer.get_by_role("option").filter(has_text="sendMessage")).to_contain_text("403")

    await drawer.get_by_role("tab", name="Сбои").click()
    await drawer.get_by_role("button", name="Убрать sendMessage").click()
    await expect(drawer.get_by_role("button", name="403")).to_have_attribute(
        "aria-pressed", "false"
    )
    assert await bot.call("sendMessage", chat_id=buyer.id, text="Слышно?")


async def test_a_day_passes(tg: Sandbox, buyer: Person, window: Window, shots: Shots) -> None:
    bot = tg.bot("lazy_bot")
    await buyer.send(bot, "Есть кто?")
    page = await window(buyer)
    await page.locator(".row").click()
    drawer = await pulled_out(page, "Вызовы")
    line = drawer.get_by_role("option").filter(has_text="Есть кто?")
    await expect(line).to_contain_text("ждёт")

    await drawer.get_by_role("tab", name="Часы").click()
    await drawer.get_by_role("button", name="+1 дн.").click()
    await expect(drawer).to_contain_text("Впереди настоящего: 1.00 дн.")
    await shots(page, "drawer-clock")
    await drawer.get_by_role("tab", name="Вызовы").click()
    assert await bot.call("getUpdates") == []  # it comes a day late
    await expect(line).to_contain_text("пропало")
    await buyer.send(bot, "Ау!")
    await expect(page.locator(".day")).to_have_count(2)


async def test_the_bank_knows_every_charge(
    tg: Sandbox, buyer: Person, window: Window, shots: Shots
) -> None:
    async with serve(tg, "shop_bot", shop) as bot:
        await buyer.send(bot, "/start")
        link = await bot.call(
            "createInvoiceLink",
            title="Клуб", description="Каждый месяц", payload="club", currency="XTR",
            prices=[{"label": "Клуб", "amount": 75}], subscription_period=2_592_000,
        )  # fmt: skip
        page = await window(buyer)
        drawer = await pulled_out(page, "Банк")
        await expect(drawer).to_contain_text("Здесь пока пусто")
        await buyer.pay(link)
        totals, charges = (drawer.get_by_role("table").nth(each) for each in (0, 1))
        await expect(charges.get_by_role("row")).to_have_count(2)
        await expect(charges).to_contain_text("⭐ 75")
        await expect(charges).to_contain_text("Покупатель")

        await drawer.get_by_role("tab", name="Часы").click()
        await drawer.get_by_role("button", name="+30 дн.").click()
        await expect(drawer).to_contain_text("Впереди настоящего: 30.00 дн.")
        await drawer.get_by_role("tab", name="Банк").click()
        await expect(charges.get_by_role("row")).to_have_count(3)
        await expect(totals).to_contain_text("⭐ 150")
        await shots(page, "drawer-bank")
        assert (buyer.stars, bot.stars) == (50, 150)


async def test_a_bot_is_made(tg: Sandbox, buyer: Person, window: Window, shots: Shots) -> None:
    page = await window(buyer)
    drawer = await pulled_out(page, "Боты")
    await drawer.get_by_role("textbox", name="Имя нового бота").fill("@kiosk_bot")
    await drawer.get_by_role("button", name="Создать").click()
    card = drawer.get_by_role("article").filter(has_text="@kiosk_bot")
    token = await card.get_by_title("token").inner_text()
    await expect(card.locator("pre")).to_contain_text(f'"{token}"')
    await shots(page, "drawer-bots")
    async with httpx.AsyncClient() as client:
        answer = (await client.get(f"{tg.url}/bot{token}/getMe")).json()
    assert answer["result"]["username"] == "kiosk_bot"
    await expect(page.locator(".row")).to_contain_text("kiosk_bot")

    await drawer.get_by_role("textbox", name="Имя нового бота").fill("no")
    await drawer.get_by_role("button", name="Создать").click()
    await expect(page.locator(".toast")).to_be_visible()
