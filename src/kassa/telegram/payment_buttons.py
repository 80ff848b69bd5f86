"""The buttons under a payment: pay this way, check it, call it off. Each for its payer only.

pay:with:ID:PROVIDER:METHOD    pay:check:ID    pay:cancel:ID
"""

import re
from contextlib import suppress

from aiogram import F, Router
from aiogram.types import CallbackQuery, Message

from kassa import outbox, texts
from kassa.botapi import Refused
from kassa.db import Tx
from kassa.payments import NoSuchPayment, NotOpen, OutcomeUnknown, Payment, Payments
from kassa.telegram.bots import Bots
from kassa.telegram.sender import Sender
from kassa.telegram.speaker import Speaker
from kassa.telegram.wishes import Check, Pay, Wish
from kassa.users import User

CALL_OFF = "telegram.call_off"  # {"payment", "bot", "chat", "message", "language"}

_DATA = re.compile(
    r"pay:(?:with:(?P<with>[0-9]{1,18}):(?P<provider>[\w.-]+):(?P<method>[\w.-]*)"
    r"|check:(?P<check>[0-9]{1,18})|cancel:(?P<cancel>[0-9]{1,18}))",
    re.ASCII,
)


def add(router: Router, payments: Payments) -> None:
    async def pressed(query: CallbackQuery, user: User, tx: Tx, t: Speaker) -> Wish | list[Wish]:
        found = _DATA.fullmatch(query.data or "")
        if found is None:
            return query.answer(t("button-old"))
        number = int(found["with"] or found["check"] or found["cancel"])
        try:
            payment = await payments.get(tx, number, user=user.id)
        except NoSuchPayment:
            return query.answer(t("button-old"))
        if found["check"]:
            return Check(payment.id, query.id)
        if not payment.is_open:
            return query.answer(_stands(payment, t.language), show_alert=True)
        message = query.message.message_id if isinstance(query.message, Message) else 0
        if found["with"]:
            return Pay(payment.id, found["provider"], found["method"], message)
        await outbox.put(tx, CALL_OFF, _call_off(payment, query, message, t), key=str(payment.id))
        return query.answer(t("payment-calling-off"))

    router.callback_query.register(pressed, F.data.startswith("pay:"))


def calling_off(payments: Payments, bots: Bots, sender: Sender) -> outbox.Handler:
    """The job CALL_OFF: the provider is asked before a payment ends, which no update waits for."""

    async def call_off(job: outbox.Job) -> None:
        told = job.payload
        try:
            payment = await payments.cancel(told["payment"], reason="the payer called it off")
            said = _stands(payment, told["language"])
        except NotOpen:  # it was paid in between
            payment = await payments.get(payments.database, told["payment"])
            said = _stands(payment, told["language"])
        except OutcomeUnknown:
            said = texts.load("kassa.telegram").say(told["language"], "payment-being-checked")
        bot = bots.get(int(told["bot"]))
        if bot is None or not told["message"]:
            return
        chat = told["chat"]
        params = {"chat_id": chat, "message_id": told["message"], "text": said}
        with suppress(Refused):  # it was an invoice, is too old, or says so already
            await sender.call(bot, "editMessageText", params, chat=chat, urgent=True, ticket=job.id)

    return call_off


def _call_off(
    payment: Payment, query: CallbackQuery, message: int, t: Speaker
) -> dict[str, object]:
    return {
        "payment": payment.id,
        "bot": query.bot.id if query.bot else 0,
        "chat": query.message.chat.id if query.message else 0,
        "message": message,
        "language": t.language,
    }


def _stands(payment: Payment, language: str) -> str:
    status = texts.load("kassa.payments").say(language, "status", status=payment.status)
    return texts.load("kassa.telegram").say(
        language, "payment-stands", payment=payment.id, status=status
    )
