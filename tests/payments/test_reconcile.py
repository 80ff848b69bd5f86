"""The provider's list against our books: what is missing on either side, to the cent."""

import asyncio
from datetime import timedelta

import pytest

from kassa import clock
from kassa.db import OWNER, Database
from kassa.errors import Invalid
from kassa.payments import Status
from kassa.payments.reconcile import Comparison, compare, compare_if_due, daily
from tests.conftest import Fresh
from tests.payments.native import NativeShop
from tests.payments.rig import KINDS, Kind, Rig, a_rig, ref
from tests.payments.steps import LISTED, of

every_provider = of(LISTED)


async def compared(rig: Rig) -> Comparison:
    now = clock.now()
    return await compare(
        rig.payments,
        rig.kind.name,
        since=now - timedelta(days=2),
        until=now + timedelta(minutes=1),
    )


def differences(found: Comparison) -> list[tuple[str, bool]]:
    return [(each.what, each.mended) for each in found.findings]


@every_provider
async def test_books_that_agree_have_no_differences(fresh: Fresh, kind: Kind) -> None:
    async with a_rig(fresh, kind) as rig:
        for _ in range(3):
            await rig.paid()
        found = await compared(rig)
        assert (found.compared, found.findings) == (3, ())
        await rig.agree()


@every_provider
async def test_money_whose_callback_was_lost_is_found_and_booked(fresh: Fresh, kind: Kind) -> None:
    async with a_rig(fresh, kind) as rig:
        started = await rig.begin()
        rig.shop.fault_in_callbacks("lost", times=None)
        await rig.shop.pay(ref(started))
        await rig.arrive()
        assert (await rig.get(started)).status is Status.AWAITING_PAYER

        assert differences(await compared(rig)) == [("only there", True)]
        assert (await rig.get(started)).status is Status.SUCCEEDED
        assert await rig.goods_given() == {started.payment.id: 0}
        assert "operator: reconcile-differs" in await rig.said()
        assert differences(await compared(rig)) == []
        await rig.agree()


@every_provider
async def test_a_charge_that_the_provider_does_not_know_is_told(fresh: Fresh, kind: Kind) -> None:
    async with a_rig(fresh, kind) as rig:
        payment = await rig.paid()
        another = rig.tg.bank.shop(kind.name, name="another")
        if isinstance(another, NativeShop):
            another.open(rig.tg)
        elsewhere = kind.adapters(another)
        mine, rig.payments.providers = rig.payments.providers, elsewhere
        found = await compared(rig)
        await elsewhere[kind.name].close()
        rig.payments.providers = mine
        (only,) = found.findings
        assert only.what == "only here"
        assert (only.payment_id, only.here, only.mended) == (payment.id, str(rig.price), False)


@every_provider
async def test_one_cent_off_is_told(fresh: Fresh, kind: Kind) -> None:
    async with a_rig(fresh, kind) as rig:
        payment = await rig.paid()
        async with Database(fresh.address(OWNER)) as owner:
            await owner.execute(
                "UPDATE payments.charge SET amount = amount + 1, received = received + 1"
            )
        (only,) = (await compared(rig)).findings
        assert (only.what, only.payment_id, only.mended) == ("amount", payment.id, False)
        assert only.there == str(rig.price)


@pytest.mark.parametrize("name", ["stripe", "yookassa"])
async def test_a_refund_whose_callback_was_lost_is_found_and_booked(
    fresh: Fresh, name: str
) -> None:
    async with a_rig(fresh, KINDS[name]) as rig:
        started = await rig.begin()
        await rig.shop.pay(ref(started))
        await rig.arrive()
        rig.shop.fault_in_callbacks("lost", times=None)
        await rig.shop.refund(ref(started), rig.price.amount // 5)
        await rig.arrive()
        assert await rig.goods_given() == {started.payment.id: 0}

        (only,) = (await compared(rig)).findings
        assert (only.what, only.mended) == ("given back", True)
        assert await rig.goods_given() == {started.payment.id: rig.price.amount // 5}
        assert (await compared(rig)).findings == ()
        await rig.agree()


async def test_what_cannot_be_compared_says_so(fresh: Fresh) -> None:
    async with a_rig(fresh, KINDS["stripe"]) as rig:
        now = clock.now()
        with pytest.raises(Invalid, match="no payment provider 'paypal'"):
            await compare(rig.payments, "paypal", since=now - timedelta(days=1), until=now)
        with pytest.raises(Invalid, match="ends before it begins"):
            await compare(rig.payments, "stripe", since=now, until=now)


async def test_it_is_done_once_a_day_by_itself(fresh: Fresh) -> None:
    async with a_rig(fresh, KINDS["cryptopay"]) as rig:
        started = await rig.begin()
        rig.shop.fault_in_callbacks("lost", times=None)
        await rig.shop.pay(ref(started))

        async def rounds() -> int:
            return int(await rig.db.fetchval("SELECT count(*) FROM payments.comparison"))

        doing = asyncio.create_task(daily(rig.payments))
        async with asyncio.timeout(10):
            while not await rounds():
                await asyncio.sleep(0.01)
        doing.cancel()
        assert await rounds() == 1
        assert (await rig.get(started)).status is Status.SUCCEEDED
        await compare_if_due(rig.payments, "cryptopay")  # another process, the same day
        assert await rounds() == 1
        await rig.tg.clock.move(days=1, seconds=1)
        await compare_if_due(rig.payments, "cryptopay")
        assert await rounds() == 2
        await rig.agree()
