"""What an update brings of money is kept, whatever an app makes of the update."""

import asyncio
from typing import Any

import pytest
from aiogram import Router
from aiogram.filters import Command
from aiogram.types import Message

from kassa.apps import App, Kassa
from kassa.db import Database, Tx
from kassa.money import Money
from kassa.payments import Delivered, Payment, Purpose, Status
from kassa.telegram import Pay
from kassa.users import User
from tests.conftest import Fresh
from tests.telegram.whole import Whole, a_whole

DOLLARS = Money(500, "USD")


def careless() -> App:
    """It does not expect that there are messages without words."""
    router = Router()

    @router.message(Command("buy"))
    async def buy(message: Message, *, user: User, tx: Tx, kassa: Kassa) -> Pay:
        return await kassa.bill(tx, message, user, DOLLARS, purpose="careless.tea", what="Tea")

    @router.message()
    async def shout(message: Message, state: Any) -> Any:
        await state.update_data(shouted=True)
        return message.answer(message.text.upper())  # type: ignore[union-attr]

    async def on_paid(tx: Tx, payment: Payment) -> Delivered:
        return Delivered()

    purposes = [Purpose("careless.tea", on_paid=on_paid)]
    words = dict.fromkeys(("ru", "uz", "en"), "none = x")
    return App("careless", bot=router, purposes=purposes, words=words)


@pytest.mark.parametrize("polling", [False, True])
async def test_a_handler_that_breaks_on_a_payment(fresh: Fresh, polling: bool) -> None:
    """By card, of which there is no list that could tell of it later."""
    database = Database(fresh.address())
    async with a_whole(database, apps=[careless()], polling=polling, cards=True) as whole:
        buyer = whole.tg.user("Buyer", language="en")
        await buyer.send(whole.bot, "/buy")
        await buyer.pay()
        async with asyncio.timeout(10):
            while not await paid(whole):
                await asyncio.sleep(0.02)
        assert await whole.db.fetchval("SELECT count(*) FROM telegram.dialog") == 0
        assert await whole.is_right()


async def paid(whole: Whole) -> bool:
    (payment,) = await whole.payments.of_user(1)
    return payment.status is Status.SUCCEEDED
