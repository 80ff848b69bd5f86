"""The app of bench/update.py: one file, found by its name in the folder where Kassa runs."""

from typing import Any

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import Message

from kassa.apps import App
from kassa.db import Tx
from kassa.ledger import Leg, revenue, wallet
from kassa.payments import Delivered, Payment, Purpose
from kassa.users import User

router = Router()


def said(name: str) -> str:
    return f"Привет, {name}!"


@router.message(Command("name"))
async def name(message: Message, user: User, tx: Tx) -> Any:
    """One query and a reply."""
    found = await tx.fetchval("SELECT first_name FROM users.person WHERE id = $1", user.id)
    return message.answer(said(found))


@router.message(Command("hello"))
async def hello(message: Message, user: User) -> Any:
    """As simple as can be."""
    return message.answer(said(user.first_name))


async def deliver(tx: Tx, payment: Payment) -> Delivered:
    currency = payment.amount.currency
    to = revenue("update_shop", currency)
    return Delivered(legs=[Leg(wallet(payment.user, currency), to, payment.amount)])


APP = App(
    name="update_shop",
    bot=router,
    purposes=[Purpose("update_shop.goods", on_paid=deliver)],
    words=dict.fromkeys(("ru", "uz", "en"), "start = Привет"),
)
