"""Money that updates tell of: once, whatever comes twice and in whatever order."""

import itertools
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from kassa import clock
from kassa.botapi import BotApi
from kassa.db import Tx
from kassa.money import Money
from kassa.payments import CannotRefund, Payment, Status, inbox, letters
from kassa.payments.arrivals import arrived
from kassa.payments.providers.protocol import Why
from kassa.payments.providers.stars import Stars
from kassa.secret import Secret
from tests.conftest import Fresh
from tests.payments.inside import BOTH, CARDS, STARS, days, shop
from tests.payments.rig import Kind, Rig, a_rig, ref
from tests.payments.steps import look
from tgsandbox.providers.records import Callback


@pytest.fixture
async def rig(fresh: Fresh, kind: Kind) -> AsyncIterator[Rig]:
    async with a_rig(fresh, kind) as found:
        yield found


async def months_pass(rig: Rig) -> None:
    for _ in range(len(inbox.AGAIN) + 1):
        await rig.tg.clock.move(12 * 3600 + 1)
        await rig.arrive()


async def pay_another(rig: Rig, payload: str, amount: int = 30) -> None:
    """An invoice that some other program made in the name of this bot."""
    shop(rig).agrees = True
    link = await shop(rig).bot.call(
        "createInvoiceLink",
        title="Another",
        description="Another",
        payload=payload,
        currency="XTR",
        prices=[{"label": "Another", "amount": amount}],
    )
    await shop(rig).serving(shop(rig).buyer.pay(link))
    await rig.arrive()


# -- nobody's ----------------------------------------------------------------------


@pytest.mark.parametrize("tampered", [False, True], ids=["another program's", "changed"])
async def test_money_that_nobody_asked_for(fresh: Fresh, tampered: bool) -> None:
    async with a_rig(fresh, STARS) as rig:
        started = await rig.begin()
        payload = ref(started).replace(":250:", ":30:") if tampered else "order 17"
        await pay_another(rig, payload)
        assert (await rig.get(started)).status is Status.AWAITING_PAYER
        await months_pass(rig)
        assert await rig.suspense() == 30
        assert "operator: payment-stray" in await rig.said()
        assert await rig.goods_given() == {}
        await rig.agree()


async def test_what_cannot_be_read_is_set_aside(fresh: Fresh) -> None:
    """Telegram's word all the same: a person must see it."""
    async with a_rig(fresh, STARS) as rig:
        for number, paid in enumerate(
            (
                {"currency": "XTR", "total_amount": 5, "telegram_payment_charge_id": 7},
                {"currency": "XTR", "total_amount": "many", "telegram_payment_charge_id": "a"},
                {"currency": "XTR", "telegram_payment_charge_id": "b\0"},
            )
        ):
            update = {"update_id": number, "message": {"date": 1, "successful_payment": paid}}
            async with rig.db.transaction() as tx:
                assert await arrived(tx, rig.payments, shop(rig).bot.id, update)
        await rig.inbox.drain()
        assert len(await letters.page(rig.db, state="dead")) == 3
        assert (await rig.said()).count("operator: inbox-dead") == 3


@pytest.mark.parametrize(
    "update",
    [
        {},
        {"message": {"text": "hello"}},
        {"message": None},
        {"message": {"successful_payment": 7}},
        {"subscription": {"invoice_payload": "order 17", "state": "canceled"}},
        {"callback_query": {"id": "1"}},
    ],
)
async def test_other_updates_are_left_alone(fresh: Fresh, update: dict[str, Any]) -> None:
    async with a_rig(fresh, STARS) as rig, rig.db.transaction() as tx:
        assert not await arrived(tx, rig.payments, shop(rig).bot.id, update)


async def test_what_is_undone_with_its_update_never_came(fresh: Fresh) -> None:
    async with a_rig(fresh, STARS) as rig:
        shop(rig).holding = True
        started = await rig.begin()
        await shop(rig).pay(ref(started))
        (update,) = shop(rig).held_back
        with pytest.raises(RuntimeError):
            async with rig.db.transaction() as tx:
                assert await arrived(tx, rig.payments, shop(rig).bot.id, update)
                raise RuntimeError("the handler fails")
        await rig.inbox.drain()
        assert (await rig.get(started)).status is Status.AWAITING_PAYER
        shop(rig).callbacks.put(Callback("message", "", update))
        await rig.arrive()
        assert (await rig.get(started)).status is Status.SUCCEEDED


async def test_two_bots(fresh: Fresh) -> None:
    """Each payment is paid in its own, given back by its own, and all of it is listed."""
    async with a_rig(fresh, STARS) as rig:
        other = rig.tg.bot("other_bot")
        stars = rig.provider
        assert isinstance(stars, Stars)
        stars.bots[str(other.id)] = BotApi(Secret(other.token), url=rig.tg.url)
        nowhere = await rig.begin()
        assert nowhere.why is Why.CONFIGURATION  # which of them?
        mine = await rig.paid(bot=str(shop(rig).bot.id))
        theirs = await rig.begin(bot=str(other.id))
        shop(rig).bot, first = other, shop(rig).bot
        shop(rig).seen = 0
        shop(rig).holding = True
        await shop(rig).pay(ref(theirs))
        (update,) = shop(rig).held_back
        for bot, said in ((first.id, "no such payment yet"), (other.id, "exact")):
            async with rig.db.transaction() as tx:
                assert await arrived(tx, rig.payments, bot, update)
            await rig.inbox.drain()
            assert (await letters.page(rig.db))[0].said == said
        now = clock.now()
        listed = [each async for each in stars.list(now - days(1), now + days(1))]
        assert {each.ref for each in listed} == {
            (await rig.payments.attempts(each.id))[0].ref for each in (mine, theirs.payment)
        }
        refund = await rig.payments.refund(theirs.payment.id, key="r")
        assert refund.status == "done"
        assert len(other.calls("refundStarPayment")) == 1
        assert first.calls("refundStarPayment") == []


# -- twice, and in any order -------------------------------------------------------


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
async def test_updates_in_any_order_and_twice(fresh: Fresh, order: tuple[int, ...]) -> None:
    """Paid, given back, and another one paid."""
    async with a_rig(fresh, STARS) as rig:
        shop(rig).holding = True
        first, second = await rig.begin(), await rig.begin()
        await shop(rig).pay(ref(first))
        (charge,) = rig.tg.books()
        await shop(rig).bot.call(
            "refundStarPayment",
            user_id=rig.payer,
            telegram_payment_charge_id=charge["telegram_payment_charge_id"],
        )
        await shop(rig).pay(ref(second))
        updates = shop(rig).held_back
        assert len(updates) == 3
        for number in order:
            for _ in range(2):
                shop(rig).callbacks.put(Callback("message", "", updates[number]))
            await rig.arrive()
        await rig.tg.clock.move(3)
        await rig.arrive()
        assert await letters.page(rig.db, state="waiting") == []
        payment = await rig.get(first)
        assert (payment.status, payment.delivery) == (Status.SUCCEEDED, "taken_back")
        assert await rig.goods_given() == {first.payment.id: 250, second.payment.id: 0}
        assert (await rig.wallet(), await rig.debt(), await rig.revenue()) == (0, 0, 250)
        await rig.agree()


# -- given back --------------------------------------------------------------------


async def test_ours_and_telegrams_word_of_it(fresh: Fresh) -> None:
    """The update is faster than the answer: it is one refund."""
    async with a_rig(fresh, STARS) as rig:
        payment = await rig.paid()
        real = rig.provider.refund

        async def slow(back: Any) -> Any:
            done = await real(back)
            await rig.arrive()
            return done

        rig.provider.refund = slow  # type: ignore[method-assign]
        refund = await rig.payments.refund(payment.id, key="r")
        assert refund.status == "done"
        await rig.tg.clock.move(3)
        await rig.arrive()
        assert len(await rig.payments.refunds(payment.id)) == 1
        assert (await rig.get(payment)).delivery == "taken_back"
        with pytest.raises(CannotRefund):
            await rig.payments.refund(payment.id, key="again")
        await rig.agree()


async def test_given_back_by_another_program_with_the_bots_token(fresh: Fresh) -> None:
    async with a_rig(fresh, STARS) as rig:
        payment = await rig.paid()
        (charge,) = await rig.payments.charges(payment.id)
        await shop(rig).bot.call(
            "refundStarPayment", user_id=rig.payer, telegram_payment_charge_id=charge.ref
        )
        again = await rig.provider.refund(await give_back(rig, payment))
        assert again.ref == charge.ref  # type: ignore[union-attr]
        await rig.arrive()
        (refund,) = await rig.payments.refunds(payment.id)
        assert (refund.outside, refund.status, refund.amount) == (True, "done", rig.price)
        assert "operator: refund-from-outside" in await rig.said()
        await rig.agree()


async def give_back(rig: Rig, payment: Payment) -> Any:
    from kassa.payments import refunds

    async def asked(tx: Tx) -> Any:
        case = await refunds.load(tx, payment.id)
        refund = await refunds.prepare(
            tx,
            payment.id,
            purposes=rig.payments.purposes,
            abilities={"stars": rig.provider.abilities},
            key="never sent",
            amount=None,
            charge_id=None,
            reason="",
            even_if_spent=False,
        )
        raise _Undone(refunds.give_back(case, refund))

    try:
        await rig.db.run(asked)
    except _Undone as undone:
        return undone.back


class _Undone(Exception):
    def __init__(self, back: Any) -> None:
        self.back = back


async def test_cards_are_given_back_by_a_person(fresh: Fresh) -> None:
    async with a_rig(fresh, CARDS) as rig:
        payment = await rig.paid()
        refund = await rig.payments.refund(payment.id, Money(20_000, "RUB"), key="r")
        assert refund.status == "person"
        assert "operator: refund-by-hand" in await rig.said()


async def test_a_refund_is_found_among_a_thousand_transactions(fresh: Fresh) -> None:
    async with a_rig(fresh, STARS) as rig:
        till = rig.tg.world.till
        for number in range(1000):
            if number % 10 == 0:
                await rig.tg.clock.move(3600)
            till.take(shop(rig).buyer.user, shop(rig).bot.record, "XTR", 1, "invoice")
        payment = await rig.paid()
        rig.shop.fault("refund", "timeout_after")
        rig.shop.fault_in_callbacks("lost", times=None)
        refund = await rig.payments.refund(payment.id, key="r")
        assert refund.status == "unknown"
        await look(rig, 150)
        (refund,) = await rig.payments.refunds(payment.id)
        assert refund.status == "done"
        calls = shop(rig).bot.calls("getStarTransactions")
        assert len(calls) < 30
        now = clock.now()
        since = now - days(2)
        listed = [each async for each in rig.provider.list(since, now)]
        assert 470 <= len(listed) <= 500
        assert all(each.at is not None and each.at >= since for each in listed)
        (ours,) = [each for each in listed if each.refunded]
        assert ours.amount == rig.price


@BOTH
async def test_the_inbox_is_woken(rig: Rig) -> None:
    shop(rig).holding = True
    started = await rig.begin()
    await shop(rig).pay(ref(started))
    (update,) = shop(rig).held_back
    woken: list[bool] = []
    rig.payments.waking.append(lambda: woken.append(True))
    async with rig.db.transaction() as tx:
        await arrived(tx, rig.payments, shop(rig).bot.id, update)
        assert woken == []
    assert woken == [True]
    (kept,) = await letters.page(rig.db)
    _, callback = await letters.one(rig.db, kept.id)
    assert json.loads(callback.body)["bot"] == shop(rig).bot.id
