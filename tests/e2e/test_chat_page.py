"""The chat page, as people use it."""

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Page, expect

from tests.e2e.bots import echo, serve, shop
from tests.e2e.conftest import Window
from tgsandbox import Sandbox

Shots = Callable[[Page, str], Awaitable[None]]
pytestmark = pytest.mark.sandbox(page=True)


async def test_a_conversation_with_buttons_and_edits(
    tg: Sandbox, window: Window, shots: Shots
) -> None:
    buyer = tg.user("Покупатель")
    async with serve(tg, "shop_bot", shop):
        page = await window(buyer)
        await page.get_by_role("listitem").filter(has_text="shop_bot").click()
        await page.get_by_role("button", name="НАЧАТЬ", exact=True).click()

        await expect(page.locator(".bubble").last).to_contain_text("Что вам угодно?")
        await page.get_by_role("button", name="О нас").click()
        await expect(page.get_by_role("dialog")).to_contain_text("Работаем с 2026 года")
        await page.get_by_role("button", name="OK").click()
        await page.get_by_role("button", name="Дальше").click()
        await expect(page.locator(".bubble").last).to_contain_text("Страница 2")
        await expect(page.locator(".bubble").last).to_contain_text("изменено")
        await shots(page, "chat-light")


async def test_what_is_typed_is_answered_and_ticked(tg: Sandbox, window: Window) -> None:
    buyer = tg.user("Buyer", language="en")
    async with serve(tg, "echo_bot", echo) as bot:
        await buyer.send(bot, "/start")
        page = await window(buyer)
        await page.get_by_role("listitem").filter(has_text="echo_bot").click()
        field = page.get_by_role("textbox", name="Message")
        await field.fill("Hello <b>there</b>")
        await field.press("Enter")

        await expect(page.locator(".message.out").last).to_contain_text("Hello <b>there</b>")
        await expect(page.locator(".message:not(.out)").last).to_contain_text("Hello <b>there</b>")
        await expect(page.locator(".message.out").last.get_by_label("Delivered")).to_be_visible()
        await expect(field).to_have_value("")


async def test_html_in_names_and_texts_and_buttons_is_text(tg: Sandbox, window: Window) -> None:
    evil = "<img src=x onerror=alert(1)>"
    buyer = tg.user(evil)
    bot = tg.bot("evil_bot", name=evil)
    await buyer.send(bot, evil)
    keyboard = {"inline_keyboard": [[{"text": evil, "callback_data": "x"}]]}
    await bot.call("sendMessage", chat_id=buyer.id, text=evil, reply_markup=keyboard)
    page = await window(buyer)
    await page.locator(".row").click()

    await expect(page.locator(".bubble").last).to_contain_text(evil)
    await expect(page.locator(".key")).to_have_text(evil)
    await expect(page.locator(".bar .title").first).to_have_text(evil)
    assert await page.locator("img").count() == 0


async def test_two_people_in_two_windows(tg: Sandbox, window: Window) -> None:
    buyer, seller = tg.user("Покупатель"), tg.user("Продавец")
    tg.group("Рынок", buyer, seller)
    hers, his = await window(buyer), await window(seller)
    for page in (hers, his):
        await page.get_by_role("listitem").filter(has_text="Рынок").click()

    await hers.get_by_role("textbox", name="Сообщение").fill("Почём?")
    await hers.keyboard.press("Enter")
    await expect(his.locator(".bubble").last).to_contain_text("Почём?")
    await expect(his.locator(".author").last).to_have_text("Покупатель")
    await his.get_by_role("textbox", name="Сообщение").fill("Сто")
    await his.keyboard.press("Enter")
    await expect(hers.locator(".bubble").last).to_contain_text("Сто")


async def test_somebody_new_is_made(tg: Sandbox, window: Window) -> None:
    tg.bot("shop_bot")
    page = await window()
    await page.get_by_role("dialog").get_by_role("textbox").fill("Xaridor")
    await page.get_by_role("combobox").select_option("uz")
    await page.keyboard.press("Tab")
    await page.get_by_role("dialog").locator(".text-button.primary").click()

    await expect(page.get_by_role("listitem").filter(has_text="shop_bot")).to_be_visible()
    await expect(page.locator(".preview").first).to_have_text("Boshlash uchun bosing")
    assert [each.first_name for each in tg.world.users.values()] == ["Xaridor"]


async def test_a_voice_note_from_the_microphone(tg: Sandbox, window: Window) -> None:
    buyer = tg.user("Buyer", language="en")
    bot = tg.bot("voice_bot")
    await buyer.send(bot, "/start")
    page = await window(buyer, permissions=["microphone"])
    await page.locator(".row").click()
    await page.get_by_role("button", name="Record a voice message").click()
    await expect(page.get_by_role("timer")).to_contain_text("0:01")
    await page.get_by_role("button", name="Send the recording").click()

    await expect(page.locator(".bubble.voice")).to_be_visible()
    voice = bot.pending[-1]["message"]["voice"]
    assert voice["mime_type"] == "audio/ogg"
    assert voice["duration"] >= 1


async def test_the_sandbox_comes_back(tg: Sandbox, window: Window) -> None:
    """A page that lost its connection says so, and goes on when it is there again."""
    buyer = tg.user("Buyer", language="en")
    bot = tg.bot("shop_bot")
    await buyer.send(bot, "/start")
    page = await window(buyer)
    await page.locator(".row").click()
    await page.context.set_offline(True)
    field = page.get_by_role("textbox", name="Message")
    await field.fill("are you there?")
    await field.press("Enter")
    await expect(page.locator(".toast")).to_contain_text("No connection")
    await expect(field).to_have_value("are you there?")
    await page.context.set_offline(False)
    await field.press("Enter")
    await expect(page.locator(".message.out").last).to_contain_text("are you there?")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])
async def test_looks(tg: Sandbox, window: Window, shots: Shots, theme: str, width: int) -> None:
    buyer = tg.user("Покупатель", stars=500)
    async with serve(tg, "shop_bot", shop) as bot:
        await buyer.send(bot, "/start")
        await buyer.reply()
        await buyer.send("/goods")
        await buyer.reply()
        await buyer.reply()
        page = await window(buyer, width=width, theme=theme)
        await page.locator(".row").click()
        await expect(page.locator(".bubble.invoice").last).to_be_visible()

        wide = await page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width  # nothing sticks out
        await shots(page, f"chat-{theme}-{width}")
