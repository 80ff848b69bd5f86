"""A shop in aiogram: a menu, an invoice in Stars, a thank-you."""

from aiogram import Bot, Dispatcher, F, Router
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.filters import CommandStart
from aiogram.types import (
    CallbackQuery,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LabeledPrice,
    Message,
    PreCheckoutQuery,
)


def connect(token: str, api: str = "https://api.telegram.org") -> Bot:
    server = TelegramAPIServer.from_base(api)
    return Bot(token, session=AiohttpSession(api=server))


def dispatcher() -> Dispatcher:
    router = Router()

    @router.message(CommandStart())
    async def start(message: Message) -> None:
        buy = InlineKeyboardButton(text="Купить", callback_data="buy")
        keyboard = InlineKeyboardMarkup(inline_keyboard=[[buy]])
        await message.answer("Что вам угодно?", reply_markup=keyboard)

    @router.callback_query(F.data == "buy")
    async def buy(query: CallbackQuery, bot: Bot) -> None:
        await query.answer("Минуту…")
        await bot.send_invoice(
            query.from_user.id,
            title="100 токенов",
            description="Хватит надолго",
            payload="tokens:100",
            currency="XTR",
            prices=[LabeledPrice(label="100 токенов", amount=50)],
        )

    @router.pre_checkout_query()
    async def agree(query: PreCheckoutQuery) -> None:
        await query.answer(ok=True)

    @router.message(F.successful_payment)
    async def thank(message: Message) -> None:
        await message.answer("Спасибо! 100 токенов ваши.")

    dispatcher = Dispatcher()
    dispatcher.include_router(router)
    return dispatcher
