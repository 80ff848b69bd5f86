"""/paysupport, which Telegram expects of a bot that sells: whom to write to, and what of."""

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import Message

from kassa import texts
from kassa.db import Tx
from kassa.payments import Payment, rows
from kassa.telegram import private
from kassa.telegram.speaker import Speaker
from kassa.telegram.wishes import Wish
from kassa.users import User

SHOWN = 5  # payments
MOST_WHAT = 60  # characters of what one was for


def add(router: Router, support_contact: str) -> None:
    async def tell(message: Message, user: User, tx: Tx, t: Speaker) -> Wish:
        lines = [_line(each, t) for each in await _latest(tx, user)]
        if support_contact:
            said = [t("paysupport", contact=support_contact)]
        else:
            said = [t("paysupport-no-contact")]
        if lines:
            said += ["\n".join([t("paysupport-payments"), *lines])]
        return message.answer("\n\n".join(said))

    router.message.register(tell, Command("paysupport"), private.ONLY)
    router.message.register(private.elsewhere, Command("paysupport"))


async def _latest(tx: Tx, user: User) -> list[Payment]:
    found = await tx.fetch(
        f"""
        SELECT {rows.PAYMENT} FROM payments.payment p
         WHERE user_id = $1 ORDER BY id DESC LIMIT $2
        """,  # noqa: S608 (a list of columns of ours)
        *(user.id, SHOWN),
    )
    return [rows.payment(row) for row in found]


def _line(payment: Payment, t: Speaker) -> str:
    what = payment.description
    if len(what) > MOST_WHAT:
        what = what[: MOST_WHAT - 1].rstrip() + "…"
    status = texts.load("kassa.payments").say(t.language, "status", status=payment.status)
    return t(
        "paysupport-payment", payment=payment.id, what=what, amount=payment.amount, status=status
    )
