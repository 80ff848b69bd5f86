"""The last word before money moves inside Telegram: a yes, or a no in words, and in time."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest

from kassa import users
from kassa.db import Database
from kassa.db.database import connect
from kassa.db.embedded import SUPERUSER
from kassa.payments import (
    OutcomeUnknown,
    Payments,
    Status,
)
from kassa.payments.checkouts import Checkouts
from tests.conftest import Fresh
from tests.payments.inside import BOTH, STARS, judged, query, shop, words
from tests.payments.native import SECRET_KEY
from tests.payments.rig import USER, Kind, Rig, a_rig, ref
from tgsandbox.telegram.payments.failures import PaymentFailed


@pytest.fixture
async def rig(fresh: Fresh, kind: Kind) -> AsyncIterator[Rig]:
    async with a_rig(fresh, kind) as found:
        yield found


# -- whose it is -------------------------------------------------------------------


@BOTH
async def test_an_invoice_that_was_forwarded(rig: Rig) -> None:
    """Somebody else presses Pay in a message that they were sent."""
    started = await rig.begin()
    other = rig.tg.user("Other", stars=1000)
    link = await shop(rig).link(ref(started))
    with pytest.raises(PaymentFailed, match=words("checkout-not-yours")):
        await shop(rig).serving(other.pay(link))
    assert rig.tg.books() == []
    await shop(rig).pay(ref(started))
    await rig.arrive()
    assert await rig.goods_given() == {started.payment.id: 0}
    await rig.agree()


@BOTH
async def test_what_is_not_ours(rig: Rig) -> None:
    started = await rig.begin()
    no = words("checkout-unknown")
    assert await judged(rig, started, invoice_payload="order 17") == no
    assert await judged(rig, started, invoice_payload=None) == no
    changed = ref(started).replace(f":{rig.price.amount}:", ":1:")
    assert await judged(rig, started, invoice_payload=changed, total_amount=1) == no
    found = await shop(rig).checkouts.pre_checkout(77, query(rig, started))
    assert (found["ok"], found["error_message"]) == (False, no)  # of another bot
    assert await judged(rig, started) == ""


@BOTH
@pytest.mark.parametrize(
    "odd", [{}, {"id": 7, "from": None}, {"from": {"id": "x"}, "total_amount": "1"}]
)
async def test_questions_that_make_no_sense(rig: Rig, odd: dict[str, Any]) -> None:
    found = await shop(rig).checkouts.pre_checkout(shop(rig).bot.id, odd)
    assert found["ok"] is False
    started = await rig.begin()
    assert await judged(rig, started, total_amount=None) == words("checkout-price")
    assert await judged(rig, started, order_info=7, id=7) == ""


@BOTH
async def test_whom_the_operator_has_blocked_meanwhile(rig: Rig) -> None:
    started = await rig.begin()
    async with rig.db.transaction() as tx:
        user = await users.see(tx, users.Who(rig.payer, language_code="uz"))
        await tx.execute("UPDATE payments.payment SET user_id = $1", user.id)
        await users.block(tx, user.id)
    no = words("checkout-blocked", "uz")
    with pytest.raises(PaymentFailed, match=no):
        await shop(rig).pay(ref(started))
    asked = {**query(rig, started), "id": "s1", "shipping_address": {"country_code": "UZ"}}
    shipping = await shop(rig).checkouts.shipping(shop(rig).bot.id, asked)
    assert (shipping["ok"], shipping["error_message"]) == (False, no)
    assert rig.tg.books() == []
    await rig.db.run(lambda tx: users.unblock(tx, user.id))
    assert await judged(rig, started) == ""


# -- what it costs, and whether it is still to be paid -----------------------------


@BOTH
async def test_another_price(rig: Rig) -> None:
    started = await rig.begin()
    no = words("checkout-price")
    for amount in (rig.price.amount - 1, rig.price.amount + 1, 0, -1):
        assert await judged(rig, started, total_amount=amount) == no
    other = "USD" if rig.price.currency == "XTR" else "XTR"
    assert await judged(rig, started, currency=other) == no
    await rig.db.execute("UPDATE payments.payment SET amount = amount + 1")
    assert await judged(rig, started) == no


@BOTH
async def test_expired(rig: Rig) -> None:
    started = await rig.begin()
    await rig.tg.clock.move(1801)
    assert await judged(rig, started) == words("checkout-expired")
    await rig.looking.turn()
    assert (await rig.get(started)).status is Status.EXPIRED
    assert await judged(rig, started) == words("checkout-expired")


@BOTH
async def test_paid_already(rig: Rig) -> None:
    started = await rig.begin()
    await shop(rig).pay(ref(started))
    with pytest.raises(PaymentFailed, match=words("checkout-under-way")):
        await shop(rig).pay(ref(started), again=True)
    await rig.arrive()
    with pytest.raises(PaymentFailed, match=words("checkout-paid")):
        await shop(rig).pay(ref(started), again=True)
    assert len(rig.tg.books()) == 1


@BOTH
async def test_called_off(rig: Rig) -> None:
    started = await rig.begin()
    await rig.payments.cancel(started.payment.id)
    assert await judged(rig, started) == words("checkout-closed")


@BOTH
async def test_from_two_sheets_at_once(rig: Rig) -> None:
    started = await rig.begin()
    link = await shop(rig).link(ref(started))
    buyer = shop(rig).buyer

    async def both() -> Any:
        return await asyncio.gather(buyer.pay(link), buyer.pay(link), return_exceptions=True)

    ends = await shop(rig).serving(both())
    assert sum(isinstance(each, PaymentFailed) for each in ends) == 1
    await rig.arrive()
    assert len(rig.tg.books()) == 1
    assert await rig.goods_given() == {started.payment.id: 0}
    await rig.agree()


@BOTH
async def test_while_another_method_has_the_money(rig: Rig) -> None:
    started = await rig.begin()
    await rig.db.execute("UPDATE payments.payment SET status = 'processing'")
    assert await judged(rig, started) == words("checkout-under-way")


@BOTH
async def test_what_is_on_its_way_is_neither_called_off_nor_paid_elsewhere(rig: Rig) -> None:
    started = await rig.begin()
    assert await judged(rig, started) == ""
    with pytest.raises(OutcomeUnknown):
        await rig.payments.cancel(started.payment.id)
    await rig.db.execute("UPDATE payments.attempt SET checkout = NULL")
    with pytest.raises(OutcomeUnknown):
        await rig.payments.start(started.payment.id, provider=rig.kind.name)
    await rig.tg.clock.move(61)  # they did not pay
    ended = await rig.payments.cancel(started.payment.id)
    assert ended.status is Status.CANCELED


@BOTH
async def test_the_same_question_has_the_same_answer(rig: Rig) -> None:
    started = await rig.begin()
    assert await judged(rig, started) == ""
    assert await judged(rig, started) == ""
    assert await judged(rig, started, id="q2") == words("checkout-under-way")
    await shop(rig).tg.clock.move(11)  # the card was declined, say
    assert await judged(rig, started, id="q3") == ""
    assert await judged(rig, started) == ""


@BOTH
async def test_money_that_was_agreed_to_is_not_late(rig: Rig) -> None:
    """The update comes hours later: we were not there."""
    started = await rig.begin()
    rig.shop.fault_in_callbacks("late", seconds=6 * 3600)
    await shop(rig).pay(ref(started))
    await rig.tg.clock.move(6 * 3600 - 10)
    while await rig.looking.turn():
        pass
    assert (await rig.get(started)).status is Status.AWAITING_PAYER
    assert await judged(rig, started, id="q9") == words("checkout-expired")
    await rig.tg.clock.move(11)
    await rig.arrive()
    payment = await rig.get(started)
    assert (payment.status, payment.delivery) == (Status.SUCCEEDED, "done")
    await rig.agree()


@BOTH
async def test_agreed_to_while_the_clock_is_about_to_end_it(rig: Rig) -> None:
    started = await rig.begin()
    about_to_end = await rig.get(started)
    assert await judged(rig, started) == ""
    await rig.looking._expire(about_to_end)
    assert (await rig.get(started)).status is Status.AWAITING_PAYER


@BOTH
async def test_a_sheet_that_is_left_open_ends(rig: Rig) -> None:
    started = await rig.begin()
    assert await judged(rig, started) == ""
    await rig.tg.clock.move(86_401)
    while await rig.looking.turn():
        pass
    assert (await rig.get(started)).status is Status.EXPIRED


# -- in time -----------------------------------------------------------------------


@pytest.mark.parametrize("how", ["lets nobody in", "stands still"])
async def test_the_database_has_stopped(fresh: Fresh, how: str) -> None:
    loop = asyncio.get_running_loop()
    async with a_rig(fresh, STARS) as rig:
        started = await rig.begin()
        async with Database(fresh.address(), connections=1) as away:
            payments = Payments(away, providers=rig.payments.providers)
            checkouts = Checkouts(payments, SECRET_KEY)
            pid = await away.fetchval("SELECT pg_backend_pid()")
            root = await connect(fresh.server.address(SUPERUSER, "postgres"))
            if how == "lets nobody in":
                await root.execute(f"ALTER DATABASE {fresh.name} ALLOW_CONNECTIONS false")
                await root.execute("SELECT pg_terminate_backend($1)", pid)
            else:
                os.kill(pid, signal.SIGSTOP)
            try:
                begun = loop.time()
                said = await checkouts.pre_checkout(
                    shop(rig).bot.id, query(rig, started), seconds=0.3
                )
                assert loop.time() - begun < 1
                asked = {"id": "s1"} | query(rig, started)
                ships = await checkouts.shipping(shop(rig).bot.id, asked, seconds=0.3)
                assert loop.time() - begun < 2
            finally:
                await root.execute(f"ALTER DATABASE {fresh.name} ALLOW_CONNECTIONS true")
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
                await root.close()
        for answer in (said, ships):
            assert (answer["ok"], answer["error_message"]) == (False, words("checkout-later"))


async def test_somebody_has_the_payers_lock(fresh: Fresh) -> None:
    async with a_rig(fresh, STARS) as rig:
        started = await rig.begin()
        async with rig.db.transaction() as tx:
            await tx.execute("SELECT payments.lock_users(ARRAY[$1::bigint])", USER)
            said = await shop(rig).checkouts.pre_checkout(
                shop(rig).bot.id, query(rig, started), seconds=0.2
            )
        assert said["error_message"] == words("checkout-later")
        assert await judged(rig, started) == ""
