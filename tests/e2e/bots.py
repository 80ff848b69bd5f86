"""Bots for the browser to talk to, by the plainest means: long polling over HTTP."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from tgsandbox import BotAccess, Sandbox

Json = dict[str, Any]
Handler = Callable[[BotAccess, Json], Awaitable[None]]


@asynccontextmanager
async def serve(tg: Sandbox, name: str, handler: Handler) -> AsyncIterator[BotAccess]:
    bot = tg.bot(name)

    async def poll() -> None:
        offset = 0
        while True:
            for update in await bot.call("getUpdates", offset=offset, timeout=50):
                offset = update["update_id"] + 1
                await handler(bot, update)

    task = asyncio.create_task(poll())
    yield bot
    if task.done():
        await task  # tells what went wrong
    task.cancel()
    await asyncio.wait([task])


async def echo(bot: BotAccess, update: Json) -> None:
    message = update.get("message")
    if message and "text" in message:
        await bot.call("sendMessage", chat_id=message["chat"]["id"], text=message["text"])


async def shop(bot: BotAccess, update: Json) -> None:
    """A menu, goods for Stars and for money, a thank-you."""
    match update:
        case {"message": {"text": str(text), "chat": {"id": chat}}}:
            await _said(bot, chat, text)
        case {"message": {"successful_payment": paid, "chat": {"id": chat}}}:
            text = f"Спасибо! Получено {paid['total_amount']} {paid['currency']}."
            await bot.call("sendMessage", chat_id=chat, text=text)
        case {"callback_query": {"id": query, "data": "about"}}:
            await bot.call(
                "answerCallbackQuery",
                callback_query_id=query,
                text="Работаем с 2026 года",
                show_alert=True,
            )
        case {"callback_query": {"id": query, "data": "next", "message": message}}:
            await bot.call("answerCallbackQuery", callback_query_id=query)
            await bot.call(
                "editMessageText",
                chat_id=message["chat"]["id"],
                message_id=message["message_id"],
                text="Страница 2",
                reply_markup=MENU,
            )
        case {"shipping_query": {"id": query, "shipping_address": address}}:
            if address["country_code"] != "UZ":
                await bot.call(
                    "answerShippingQuery",
                    shipping_query_id=query,
                    ok=False,
                    error_message="Доставляем только по Узбекистану",
                )
                return
            await bot.call(
                "answerShippingQuery", shipping_query_id=query, ok=True, shipping_options=SHIPPING
            )
        case {"pre_checkout_query": {"id": query, "invoice_payload": payload}}:
            ok = payload != "gone"
            more = {} if ok else {"error_message": "Товар закончился"}
            await bot.call("answerPreCheckoutQuery", pre_checkout_query_id=query, ok=ok, **more)


MENU = {
    "inline_keyboard": [
        [{"text": "Дальше", "callback_data": "next"}, {"text": "О нас", "callback_data": "about"}],
        [{"text": "Скопировать код", "copy_text": {"text": "ABC-123"}}],
    ]
}
SHIPPING = [
    {"id": "post", "title": "Почта", "prices": [{"label": "Почта", "amount": 20_000}]},
    {"id": "courier", "title": "Курьер", "prices": [{"label": "Курьер", "amount": 50_000}]},
]


async def _said(bot: BotAccess, chat: int, text: str) -> None:
    match text.split():
        case ["/start", *_]:
            await bot.call("sendMessage", chat_id=chat, text="Что вам угодно?", reply_markup=MENU)
        case ["/goods"]:
            await invoice(bot, chat, "100 токенов", "tokens", (50, "XTR"))
            await invoice(bot, chat, "Кружка", "mug", (59_900, "RUB"))
        case ["/gone"]:
            await invoice(bot, chat, "Шапка", "gone", (99_900, "RUB"))
        case ["/ship"]:
            await invoice(
                bot, chat, "Чайник", "kettle", (25_000_000, "UZS"),
                need_name=True, need_shipping_address=True, is_flexible=True,
                max_tip_amount=5_000_000, suggested_tip_amounts=[1_000_000, 2_000_000],
            )  # fmt: skip
        case ["/keys"]:
            rows = [
                ["💰 Баланс", "📊 История"],
                [{"text": "📱 Мой номер", "request_contact": True}],
            ]
            await bot.call(
                "sendMessage", chat_id=chat, text="Клавиатура", reply_markup={"keyboard": rows}
            )


async def invoice(
    bot: BotAccess, chat: int, title: str, payload: str, price: tuple[int, str], **more: Any
) -> None:
    amount, currency = price
    stars = currency == "XTR"
    more.setdefault("description", "Хватит надолго")
    await bot.call(
        "sendInvoice",
        chat_id=chat,
        title=title,
        payload=payload,
        currency=currency,
        provider_token="" if stars else bot.provider_token,
        prices=[{"label": title, "amount": amount}],
        **more,
    )
