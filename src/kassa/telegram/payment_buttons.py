"""The buttons under a payment: pay this way, check it, call it off. Each for its payer only.

pay:with:ID:PROVIDER:METHOD    pay:check:ID    pay:cancel:ID
"""

import re
from contextlib import suppress

from aiogram import Bot as AiogramBot
from aiogram import F, Router
from aiogram.types import CallbackQuery, Message

from kassa import outbox, texts
from kassa.botapi import Refused
from kassa.db import Tx
from kassa.payments import NoSuchPayment, NotOpen, OutcomeUnknown, Payment, Payments, Status
from kassa.telegram.bots import Bots
from kassa.telegram.paying_words import ended, to_check
from kassa.telegram.sender import Sender
from kassa.telegram.speaker import Speaker
from kassa.telegram.wishes import Check, Pay, Wish
from kassa.users import User

CALL_OFF = "telegram.call_off"  # {"payment", "bot", "chat", "message", "invoice", "language"}

_DATA = re.compile(
    r"pay:(?:with:(?P<with>[0-9]{1,18}):(?P<provider>[\w.-]+):(?P<method>[\w.-]*)"
    r"|check:(?P<check>[0-9]{1,18})|cancel:(?P<cancel>[0-9]{1,18}))",
    re.ASCII,
)


def add(router: Router, payments: Payments) -> None:
    async def pressed(
        query: CallbackQuery,
        *,
        found: re.Match[str],
        bot: AiogramBot,
        user: User,
        tx: Tx,
        t: Speaker,
    ) -> Wish:
        number = int(found["with"] or found["check"] or found["cancel"])
        try:
            payment = await payments.get(tx, number, user=user.id)
        except NoSuchPayment:
            return query.answer(t("button-old"))
        message = query.message
        shown = message.message_id if isinstance(message, Message) else 0
        if found["check"]:
            return Check(payment.id, query.id, shown)
        if found["with"]:
            return Pay(payment.id, found["provider"], found["method"], shown)
        if not payment.is_open and payment.status is not Status.FAILED:
            return query.answer(_stands(payment, t.language), show_alert=True)
        job = {
            "payment": payment.id,
            "bot": bot.id,
            "chat": message.chat.id if message else user.telegram_id,
            "message": shown,
            "invoice": isinstance(message, Message) and message.invoice is not None,
            "language": t.language,
        }
        await outbox.put(tx, CALL_OFF, job, key=str(payment.id))
        return query.answer(t("payment-calling-off"))

    router.callback_query.register(pressed, F.data.func(_DATA.fullmatch).as_("found"))


def calling_off(payments: Payments, bots: Bots, sender: Sender) -> outbox.Handler:
    """The job CALL_OFF: the provider is asked before a payment ends, which no update waits for."""

    async def call_off(job: outbox.Job) -> None:
        told = job.payload
        t = Speaker(texts.load("kassa.telegram"), told["language"])
        try:
            payment = await payments.cancel(told["payment"], reason="the payer called it off")
            said = ended(t, payment)
        except NotOpen:  # it was paid in between
            payment = await payments.get(payments.database, told["payment"])
            said = ended(t, payment)
        except OutcomeUnknown:
            payment = await payments.get(payments.database, told["payment"])
            said = to_check(t, payment)
        bot = bots.get(int(told["bot"]))
        if bot is None:
            return
        where = {"chat_id": told["chat"]}
        if told["message"] and not told["invoice"]:
            calls = [("editMessageText", {"message_id": told["message"], **said.params()})]
        else:  # an invoice has no text that could become another
            calls = [("sendMessage", said.params())]
            if told["message"] and not payment.is_open:
                calls.append(("deleteMessage", {"message_id": told["message"]}))
        for method, params in calls:
            with suppress(Refused):  # it is too old, or says so already; the payment has ended
                await sender.call(
                    *(bot, method, {**where, **params}),
                    chat=told["chat"],
                    urgent=True,
                    ticket=job.id,
                )

    return call_off


def _stands(payment: Payment, language: str) -> str:
    status = texts.load("kassa.payments").say(language, "status", status=payment.status)
    return texts.load("kassa.telegram").say(
        language, "payment-stands", payment=payment.id, status=status
    )
