"""What axe-core has to say about the page: nothing serious."""

from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.e2e.apps import APP, inside, served
from tests.e2e.bots import invoice
from tests.e2e.conftest import Window
from tests.e2e.pictures import png
from tgsandbox import BotAccess, Person, Sandbox

Shots = Callable[[Page, str], Awaitable[None]]
pytestmark = pytest.mark.sandbox(page=True)

AXE = (files("axe_playwright_python") / "axe.min.js").read_text()
WINDOWS = {"group": "Новая группа", "stars": "Мои звёзды", "people": "Сменить человека"}
TABS = {
    "calls": "Вызовы",
    "faults": "Сбои",
    "clock": "Часы",
    "bank": "Банк",
    "bots": "Боты",
}
LOOK = """async () => (await axe.run({ resultTypes: ["violations"], iframes: false })).violations
    .filter(({ impact }) => ["serious", "critical"].includes(impact))
    .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)}
        ${(node.any[0] ?? node.all[0] ?? node.none[0])?.message}`))"""


async def talk(buyer: Person, bot: BotAccess) -> None:
    """A message of every kind, from both sides."""
    marked = (
        "<b>Чай</b> <i>и</i> <code>код</code> <a href='https://example.com'>ссылка</a> /buy"
        " @shop_bot <tg-spoiler>тайна</tg-spoiler> <blockquote>цитата</blockquote><pre>строки</pre>"
    )
    mine = await buyer.send(bot, "/start https://example.com @shop_bot")
    await buyer.photo(png(320, 200), bot)
    await buyer.voice(b"OggS", bot)
    await buyer.document(b"1", bot)
    await buyer.share_contact(bot)
    await buyer.share_location(41.3, 69.2, bot)
    sent = {key: each["message"][key] for each in bot.pending for key in each["message"]}
    chat: dict[str, Any] = {"chat_id": buyer.id}
    first = await bot.call("sendMessage", text=marked, parse_mode="HTML", **chat)
    answer = {"message_id": mine.id}
    photo = sent["photo"][-1]["file_id"]
    await bot.call("sendPhoto", photo=photo, caption="Подпись", reply_parameters=answer, **chat)
    await bot.call("sendVoice", voice=sent["voice"]["file_id"], **chat)
    await bot.call("sendDocument", document=sent["document"]["file_id"], **chat)
    await bot.call("sendContact", phone_number="+998900000000", first_name="Продавец", **chat)
    await bot.call("sendVenue", latitude=1, longitude=2, title="Лавка", address="Базар", **chat)
    await bot.call("sendDice", **chat)
    media = [{"type": "photo", "media": photo}] * 3
    await bot.call("sendMediaGroup", media=media, **chat)
    await bot.call("sendPaidMedia", star_count=5, media=media[:1], **chat)
    await bot.call("forwardMessage", from_chat_id=buyer.id, message_id=mine.id, **chat)
    await bot.call("editMessageText", text="Чай!", message_id=first["message_id"], **chat)
    await bot.call("sendMessage", text=marked, parse_mode="HTML", **chat)
    await bot.call("pinChatMessage", message_id=first["message_id"], **chat)
    await buyer.react(await buyer.reply(), "🔥")
    await invoice(bot, buyer.id, "Кружка", "mug", (59_900, "RUB"))
    await bot.call("sendMessage", text="Что?", reply_markup={"keyboard": [["💰 Баланс"]]}, **chat)
    styles = ("danger", "success", "primary")
    looks = [{"text": each, "callback_data": "-", "style": each} for each in styles]
    link = {"text": "Сайт", "url": "https://example.com"}
    await bot.call(
        "sendMessage", text="Кнопки", reply_markup={"inline_keyboard": [looks, [link]]}, **chat
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])
async def test_everybody_can_use_it(
    tg: Sandbox, window: Window, shots: Shots, width: int, theme: str
) -> None:
    buyer, bot = tg.user("Покупатель", stars=60), tg.bot("shop_bot")
    tg.group("Рынок", buyer)
    tg.bot("taxi_bot")
    await talk(buyer, bot)
    page = await window(buyer, width=width, theme=theme)
    await page.emulate_media(reduced_motion="reduce")
    await page.evaluate(AXE)
    wrong: list[str] = []

    async def look(where: str) -> None:
        found: list[str] = await page.evaluate(LOOK)
        wrong.extend(f"{where}: {each}" for each in found)
        await shots(page, f"axe-{where}-{theme}-{width}")

    await expect(page.locator(".row")).to_have_count(3)
    await look("list")
    await page.get_by_role("listitem").filter(has_text="shop_bot").click()
    await expect(page.locator(".bubble.invoice")).to_be_visible()
    await look("chat")
    await page.locator(".messages").evaluate("(messages) => messages.scrollTo(0, 0)")
    await look("chat-above")
    await page.get_by_role("button", name="К последнему сообщению").click()
    await expect(page.locator(".bubble").last).to_be_in_viewport()
    await page.locator(".bubble").last.click(button="right")
    await look("menu")
    await page.keyboard.press("Escape")

    await page.get_by_role("button", name="Заплатить 599,00").click()
    await expect(page.get_by_role("button", name="Оплатить 599,00")).to_be_visible()
    await look("payment")
    await page.keyboard.press("Escape")
    await expect(page.locator("dialog")).to_have_count(0)

    async with served(app=APP % f"{tg.url}/telegram-web-app.js") as site:
        button = {"text": "Лавка", "web_app": {"url": f"{site}/app"}}
        await bot.call(
            "sendMessage", chat_id=buyer.id, text="!", reply_markup={"inline_keyboard": [[button]]}
        )
        await page.get_by_role("button", name="Лавка", exact=True).click()
        frame = await inside(page)
        # Telegram's own colour of the button is too pale; an app may choose another.
        await frame.evaluate(
            "void app.MainButton.setParams({ text: 'Купить', color: '#1c6fc0', is_visible: true })"
        )
        await expect(page.get_by_role("button", name="Купить")).to_be_visible()
        await expect(page.locator(".app-wait")).to_have_count(0)
        await look("app")
        await page.get_by_role("button", name="Закрыть").click()

    if width < 640:
        await page.get_by_role("button", name="Назад").click()
    await page.get_by_role("button", name="Меню", exact=True).first.click()
    for name, item in WINDOWS.items():
        await page.get_by_role("menuitem", name=item).click()
        await expect(page.get_by_role("dialog")).to_be_visible()
        await look(name)
        await page.keyboard.press("Escape")
        await expect(page.locator("dialog")).to_have_count(0)
        await page.get_by_role("button", name="Меню", exact=True).first.click()
    await page.get_by_role("menuitem", name="Для разработчика").click()
    for name, tab in TABS.items():
        await page.get_by_role("tab", name=tab).click()
        if name == "calls":
            await page.get_by_role("option").filter(has_text="sendDice").click()
        await look(f"drawer-{name}")
    assert not wrong, "\n".join(dict.fromkeys(wrong))
