"""The table of cases, for every provider as far as it can: what becomes of money that comes."""

import asyncio

import pytest

from kassa.money import Money
from kassa.payments import Inbox, Payments, Status
from tests.conftest import Fresh
from tests.payments.cases import ALL, OUTSIDE, has_kept, has_sold, kinds_of_events, looked, of
from tests.payments.rig import Kind, a_rig, ref

HALF_AN_HOUR = 1800


# -- as it should be ---------------------------------------------------------------


@ALL
async def test_paid(fresh: Fresh, kind: Kind) -> None:
    async with a_rig(fresh, kind) as rig:
        started = await rig.begin()
        assert started.checkout
        assert (await rig.get(started)).status is Status.AWAITING_PAYER
        await rig.shop.pay(ref(started))
        await rig.arrive()
        await has_sold(rig, started)
        events = await kinds_of_events(rig, started)
        assert events == ["created", "started", "paid", "delivered"]
        assert await rig.said() == ["telegram: goods-given"]
        attempt = (await rig.payments.attempts(started.payment.id))[0]
        assert (attempt.status, attempt.said) == ("ok", "paid")


@of("cryptopay")
async def test_priced_in_one_currency_and_paid_in_another(fresh: Fresh, kind: Kind) -> None:
    """An invoice of 5 dollars that is paid in TON: the wallet has dollars, clearing has TON."""
    async with a_rig(fresh, kind) as rig:
        started = await rig.begin(amount=Money(500, "USD"))
        await rig.shop.pay(ref(started), currency="TON")
        await rig.arrive()
        payment = await rig.get(started)
        assert (payment.status, payment.delivery) == (Status.SUCCEEDED, "done")
        (charge,) = await rig.payments.charges(payment.id)
        assert (charge.amount.currency, charge.received.currency) == ("USD", "TON")
        assert rig.shop.held()["TON"] > 0
        await rig.agree()


@ALL
async def test_fifty_copies_at_once(fresh: Fresh, kind: Kind) -> None:
    async with a_rig(fresh, kind) as rig:
        started = await rig.begin()
        await rig.shop.pay(ref(started))
        await rig.shop.delivered()
        copies = await rig.shop.send_again(times=50, at_once=True)
        assert {copy.status for copy in copies} == {200}
        await rig.inbox.drain()
        await rig.shop.send_again(times=50, at_once=True)
        if rig.provider.abilities.signed:  # else a stranger's may have been the first one
            assert await rig.inbox.turn() == 0
        await rig.inbox.drain()
        await has_sold(rig, started)
        events = await kinds_of_events(rig, started)
        assert events == ["created", "started", "paid", "delivered"]
        about = [each for each in rig.shop.sent if each.event == rig.shop.sent[-1].event]
        assert len(about) == 101
        kept = await rig.db.fetchval("SELECT count(*) FROM payments.inbox")
        assert kept == len({each.body for each in rig.shop.sent})


@ALL
async def test_settled_while_copies_come(fresh: Fresh, kind: Kind) -> None:
    """Callbacks, `check`, the clock, and a second process, side by side: one effect."""
    async with a_rig(fresh, kind) as rig:
        started = await rig.begin()
        second = Payments(
            rig.db,
            providers=rig.payments.providers,
            purposes=list(rig.payments.purposes.values()),
        )
        beside = Inbox(second)
        await rig.shop.pay(ref(started))
        await rig.shop.delivered()
        await rig.db.execute("UPDATE payments.payment SET look_at = now() - interval '1 d'")
        await asyncio.gather(
            rig.shop.send_again(times=10, at_once=True),
            *(rig.payments.check(started.payment.id) for _ in range(5)),
            *(second.check(started.payment.id) for _ in range(5)),
            *(inbox.drain() for inbox in (rig.inbox, beside) for _ in range(3)),
            *(rig.looking.turn() for _ in range(3)),
        )
        await rig.inbox.drain()
        await has_sold(rig, started)


# -- not paid ----------------------------------------------------------------------


@of("oneplat", "yookassa")
async def test_declined(fresh: Fresh, kind: Kind) -> None:
    async with a_rig(fresh, kind) as rig:
        started = await rig.begin()
        await rig.shop.decline(ref(started))
        await rig.arrive()
        payment = await rig.get(started)
        assert payment.status is Status.FAILED
        assert payment.reason
        assert await rig.goods_given() == {}
        assert await kinds_of_events(rig, started) == ["created", "started", "failed"]
        await rig.agree()
        # And once more, with another attempt.
        again = await rig.payments.start(payment.id, provider=kind.name, method=kind.method)
        assert ref(again) != ref(started)
        assert (await rig.get(started)).status is Status.AWAITING_PAYER
        await rig.shop.pay(ref(again))
        await rig.arrive()
        await has_sold(rig, again)


@of("stripe")
async def test_a_card_that_is_declined_may_be_tried_again(fresh: Fresh, kind: Kind) -> None:
    async with a_rig(fresh, kind) as rig:
        started = await rig.begin()
        await rig.shop.decline(ref(started))
        await rig.arrive()
        assert (await rig.payments.check(started.payment.id)).status is Status.AWAITING_PAYER
        await rig.shop.pay(ref(started))
        await rig.arrive()
        await has_sold(rig, started)


@of("stripe")
async def test_a_bank_that_takes_days(fresh: Fresh, kind: Kind) -> None:
    async with a_rig(fresh, kind) as rig:
        first, second = await rig.begin(), await rig.begin()
        for each in (first, second):
            await rig.shop.start(ref(each))
        await rig.arrive()
        assert (await rig.get(first)).status is Status.PROCESSING
        await rig.tg.clock.move(2 * HALF_AN_HOUR)
        await looked(rig)
        assert (await rig.get(first)).status is Status.PROCESSING  # the payer has done their part
        await rig.shop.pay(ref(first))
        await rig.shop.decline(ref(second))
        await rig.arrive()
        assert (await rig.get(second)).status is Status.FAILED
        await has_sold(rig, first)


@ALL
async def test_expired(fresh: Fresh, kind: Kind) -> None:
    async with a_rig(fresh, kind) as rig:
        started = await rig.begin()
        await rig.tg.clock.move(HALF_AN_HOUR + 60)
        await looked(rig)
        assert (await rig.get(started)).status is Status.EXPIRED
        assert await rig.goods_given() == {}
        assert await kinds_of_events(rig, started) == ["created", "started", "expired"]
        await rig.agree()


@of("stripe", "yookassa")
async def test_the_provider_says_that_it_expired(fresh: Fresh, kind: Kind) -> None:
    async with a_rig(fresh, kind) as rig:
        started = await rig.begin()
        await rig.shop.expire(ref(started))
        await rig.arrive()
        assert (await rig.get(started)).status is Status.EXPIRED
        await rig.agree()


# -- late --------------------------------------------------------------------------


@of("oneplat", "yookassa")
async def test_canceled_and_then_paid(fresh: Fresh, kind: Kind) -> None:
    """Nobody can take back what a payer sees there. So the money is theirs, in the wallet."""
    async with a_rig(fresh, kind, deliver_late=True) as rig:
        started = await rig.begin()
        await rig.payments.cancel(started.payment.id, reason="changed their mind")
        assert (await rig.get(started)).status is Status.CANCELED
        await rig.shop.pay(ref(started))
        await rig.arrive()
        assert (await rig.get(started)).reason == "changed their mind"
        await has_kept(rig, started, Status.CANCELED, "late")


@of("stripe", "cryptopay")
async def test_paid_while_it_is_canceled(fresh: Fresh, kind: Kind) -> None:
    """The provider does not answer whether it is paid, nor takes it back; and it is paid."""
    async with a_rig(fresh, kind, deliver_late=True) as rig:
        started = await rig.begin()
        rig.shop.fault("*", "down", times=None)
        await rig.payments.cancel(started.payment.id)
        rig.shop.mend()
        await rig.shop.pay(ref(started))
        await rig.arrive()
        await has_kept(rig, started, Status.CANCELED, "late")


@of("oneplat", "yookassa")
async def test_expired_and_then_paid(fresh: Fresh, kind: Kind) -> None:
    async with a_rig(fresh, kind) as rig:
        started = await rig.begin()
        await rig.tg.clock.move(HALF_AN_HOUR + 60)
        await looked(rig)
        assert (await rig.get(started)).status is Status.EXPIRED
        await rig.shop.pay(ref(started))
        await rig.arrive()
        await has_kept(rig, started, Status.EXPIRED, "late")


@OUTSIDE
@pytest.mark.parametrize("late", [False, True], ids=["kept", "delivered"])
async def test_paid_in_time_and_known_late(fresh: Fresh, kind: Kind, late: bool) -> None:
    """Nobody answers until the payment has expired. Then an app may want it all the same."""
    async with a_rig(fresh, kind, deliver_late=late) as rig:
        started = await rig.begin()
        rig.shop.fault("*", "down", times=None)
        rig.shop.fault_in_callbacks("lost", times=None)
        await rig.shop.pay(ref(started))
        await rig.tg.clock.move(3 * HALF_AN_HOUR + 60)
        await looked(rig)
        assert (await rig.get(started)).status is Status.EXPIRED
        rig.shop.mend()
        await rig.tg.clock.move(HALF_AN_HOUR)
        await looked(rig)
        if late:
            await has_sold(rig, started)
        else:
            await has_kept(rig, started, Status.EXPIRED, "late")
