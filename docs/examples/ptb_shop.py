"""The same shop in python-telegram-bot."""

from typing import Any

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, LabeledPrice, Update
from telegram.ext import (
    Application,
    CallbackQueryHandler,
    CommandHandler,
    ContextTypes,
    MessageHandler,
    PreCheckoutQueryHandler,
    filters,
)

Context = ContextTypes.DEFAULT_TYPE


def application(
    token: str, api: str = "https://api.telegram.org"
) -> Application[Any, Any, Any, Any, Any, Any]:
    builder = Application.builder().token(token)
    app = builder.base_url(f"{api}/bot").base_file_url(f"{api}/file/bot").build()
    app.add_handler(CommandHandler("start", start))
    app.add_handler(CallbackQueryHandler(buy, pattern="^buy$"))
    app.add_handler(PreCheckoutQueryHandler(agree))
    app.add_handler(MessageHandler(filters.SUCCESSFUL_PAYMENT, thank))
    return app


async def start(update: Update, _: Context) -> None:
    assert update.message
    button = InlineKeyboardButton("Купить", callback_data="buy")
    await update.message.reply_text(
        "Что вам угодно?", reply_markup=InlineKeyboardMarkup([[button]])
    )


async def buy(update: Update, context: Context) -> None:
    query = update.callback_query
    assert query
    await query.answer("Минуту…")
    await context.bot.send_invoice(
        query.from_user.id,
        title="100 токенов",
        description="Хватит надолго",
        payload="tokens:100",
        currency="XTR",
        prices=[LabeledPrice("100 токенов", 50)],
    )


async def agree(update: Update, _: Context) -> None:
    assert update.pre_checkout_query
    await update.pre_checkout_query.answer(ok=True)


async def thank(update: Update, _: Context) -> None:
    assert update.message
    await update.message.reply_text("Спасибо! 100 токенов ваши.")
