"""The pictures in the docs: a conversation as it is. KASSA_SHOTS=docs/images makes them anew."""

import math
import struct
import zlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.e2e.bots import Handler, Json, invoice, serve
from tests.e2e.conftest import Window
from tgsandbox import BotAccess, Sandbox
from tgsandbox.telegram.args import Args, Upload
from tgsandbox.telegram.botapi import perform

Shots = Callable[[Page, str], Awaitable[None]]
pytestmark = pytest.mark.sandbox(page=True, seed=5)

WORDS: dict[str, Json] = {
    "ru": {
        "hello": "<b>Добро пожаловать!</b>\nСегодня свежий улун с гор и скидка на <i>всё</i>.",
        "photo": "Урожай этой недели",
        "title": "Улун, 100 г",
        "about": "Лёгкий, с ноткой мёда",
        "buttons": ["🍵 Каталог", "🚚 Доставка", "📖 О чае", "💬 Спросить"],
        "thanks": "Спасибо! Упаковываем. Привезём завтра до полудня. 🍃",
    },
    "uz": {
        "hello": "<b>Xush kelibsiz!</b>\nBugun tog‘dan yangi ulun va <i>hammasiga</i> chegirma.",
        "photo": "Shu haftaning hosili",
        "title": "Ulun, 100 g",
        "about": "Yengil, asal ta’mli",
        "buttons": ["🍵 Katalog", "🚚 Yetkazish", "📖 Choy haqida", "💬 So‘rash"],
        "thanks": "Rahmat! Qadoqlayapmiz. Ertaga tushgacha yetkazamiz. 🍃",
    },
    "en": {
        "hello": "<b>Welcome!</b>\nNew oolong from the hills, and <i>all</i> is cheaper today.",
        "photo": "This week's harvest",
        "title": "Oolong, 100 g",
        "about": "Light, with a note of honey",
        "buttons": ["🍵 Catalogue", "🚚 Delivery", "📖 About tea", "💬 Ask"],
        "thanks": "Thank you! We are packing. It will be there tomorrow by noon. 🍃",
    },
}


def tea(tg: Sandbox, words: dict[str, Any]) -> Handler:
    """A bot that welcomes, shows, sells and thanks."""
    keys = [{"text": each, "callback_data": each[:20]} for each in words["buttons"]]
    hello = {
        "text": words["hello"],
        "parse_mode": "HTML",
        "reply_markup": {"inline_keyboard": [keys[:2], keys[2:]]},
    }

    async def handle(bot: BotAccess, update: Json) -> None:
        match update:
            case {"message": {"text": "/start", "chat": {"id": chat}}}:
                await bot.call("sendMessage", chat_id=chat, **hello)
                photo = Upload("hills.png", hills(), "image/png")
                args = Args({"chat_id": str(chat), "caption": words["photo"]}, {"photo": photo})
                await perform(tg.world, bot.record, "sendPhoto", args)
                await invoice(
                    bot, chat, words["title"], "tea", (50, "XTR"), description=words["about"]
                )
            case {"pre_checkout_query": {"id": query}}:
                await bot.call("answerPreCheckoutQuery", pre_checkout_query_id=query, ok=True)
            case {"message": {"successful_payment": _, "chat": {"id": chat}}}:
                await bot.call("sendMessage", chat_id=chat, text=words["thanks"])

    return handle


@pytest.mark.parametrize(
    ("language", "theme", "width"),
    [("ru", "light", 1280), ("ru", "dark", 1280), ("uz", "light", 375), ("en", "dark", 375)],
)
async def test_a_conversation_fits_the_screen(  # noqa: PLR0917
    tg: Sandbox, window: Window, shots: Shots, language: str, theme: str, width: int
) -> None:
    buyer = tg.user("Покупатель", language=language, stars=300)
    words = WORDS[language]
    for name, title in (("post_bot", "📦"), ("taxi_bot", "🚕")):
        other = tg.bot(name, name={"📦": "Почта", "🚕": "Такси"}[title])
        await buyer.send(other, "/start")
        await other.call("sendMessage", chat_id=buyer.id, text=f"{title} 12:40")
    tg.bot("tea_bot", name="Чайная лавка")
    async with serve(tg, "tea_bot", tea(tg, words)) as bot:
        await buyer.send(bot, "/start")
        await buyer.pay()
        await buyer.reply(words["thanks"])
        page = await window(buyer, theme=theme, width=width)
        await page.locator(".row").filter(has_text="Чайная лавка").click()
        await expect(page.locator(".bubble").last).to_contain_text(words["thanks"][:20])

        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        await shots(page, f"chat-{language}-{theme}-{width}")


HILLS = [(150, 90, 150), (210, 60, 105), (270, 130, 60)]


def hills(width: int = 640, height: int = 360) -> bytes:
    """A landscape without a painter: hills under an evening sky."""
    rows = []
    for y in range(height):
        row = bytearray([0])
        for x in range(width):
            colour = (250 - y // 3, 190 - y // 4, 130 + y // 5)
            for depth, (tall, wave, shade) in enumerate(
                [(150, 90, 150), (210, 60, 105), (270, 130, 60)]
            ):
                if y > tall + 30 * math.sin(x / wave + depth * 2) + 12 * math.sin(x / 23 + depth):
                    colour = (shade // 3, shade, shade // 2)
            row += bytes(colour)
        rows.append(bytes(row))
    return png(width, height, b"".join(rows))


def png(width: int, height: int, rows: bytes) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
