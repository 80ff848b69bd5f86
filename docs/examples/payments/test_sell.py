import pytest

from docs.examples.payments.sell import buy, story, till
from kassa import ledger
from kassa.db import Database
from kassa.ledger import Leg, debt, revenue, wallet
from kassa.money import Money
from kassa.payments import CannotRefund
from tgsandbox import Sandbox


async def test_tokens_are_sold_and_some_come_back(db: Database, tg: Sandbox) -> None:
    assert await story(db, tg.bank.shop("stripe")) == [
        "succeeded, done: 100 TOK",
        "Refund of 2.00 USD, done: 60 TOK",
        *("created", "started", "paid", "delivered", "refund_asked", "refunded"),
    ]


async def test_what_was_spent_is_owed_and_paid_by_the_next_top_up(
    db: Database, tg: Sandbox
) -> None:
    shop = tg.bank.shop("stripe")
    payments = till(db, shop)
    payment = await buy(payments, shop)
    spent = Leg(wallet(17, "TOK"), revenue("game", "TOK"), Money(80, "TOK"))
    await ledger.post(db, key="game:1", legs=[spent])

    with pytest.raises(CannotRefund, match="spent"):
        await payments.refund(payment.id, key="a")
    refund = await payments.refund(payment.id, key="b", even_if_spent=True)
    assert (refund.status, refund.taken_back) == ("done", "done")
    has, owes = await ledger.balances(db, [wallet(17, "TOK"), debt(17, "TOK")])
    assert (has.posted.amount, owes.posted.amount) == (0, -80)

    await buy(payments, shop)
    has, owes = await ledger.balances(db, [wallet(17, "TOK"), debt(17, "TOK")])
    assert (has.posted.amount, owes.posted.amount) == (20, 0)
    assert await ledger.audit(db) == []
    await payments.close()
