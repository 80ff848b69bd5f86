"""Money that comes twice, too much of it, too little, or another."""

import pytest

from kassa.payments import Status
from tests.conftest import Fresh
from tests.payments.cases import OUTSIDE, has_kept, has_sold, looked, of
from tests.payments.rig import Kind, a_rig, ref


@OUTSIDE
async def test_paid_by_two_methods(fresh: Fresh, kind: Kind) -> None:
    async with a_rig(fresh, kind) as rig:
        first = await rig.begin()
        await rig.db.execute("UPDATE payments.attempt SET checkout = NULL")  # its page ran out
        second = await rig.payments.start(first.payment.id, provider=kind.name, method=kind.method)
        assert ref(second) != ref(first)
        await rig.shop.pay(ref(second))
        await rig.arrive()
        await has_sold(rig, second)
        await rig.shop.pay(ref(first))
        await rig.arrive()
        payment = await rig.get(first)
        assert (payment.status, payment.delivery) == (Status.SUCCEEDED, "done")
        assert [c.fit for c in await rig.payments.charges(payment.id)] == ["exact", "twice"]
        assert await rig.goods_given() == {payment.id: 0}
        assert (await rig.wallet(), await rig.revenue()) == (rig.price.amount, rig.price.amount)
        said = ["telegram: goods-given", "telegram: payment-twice", "operator: payment-twice"]
        assert await rig.said() == said
        await rig.agree()


@OUTSIDE
async def test_paid_by_two_methods_at_once(fresh: Fresh, kind: Kind) -> None:
    """Both are told of before anything is settled: one is delivered, the other one is kept."""
    async with a_rig(fresh, kind) as rig:
        first = await rig.begin()
        await rig.db.execute("UPDATE payments.attempt SET checkout = NULL")
        second = await rig.payments.start(first.payment.id, provider=kind.name)
        await rig.shop.pay(ref(first))
        await rig.shop.pay(ref(second))
        await rig.shop.delivered()
        await rig.inbox.drain()
        charges = await rig.payments.charges(first.payment.id)
        assert sorted(charge.fit for charge in charges) == ["exact", "twice"]
        assert await rig.goods_given() == {first.payment.id: 0}
        assert (await rig.wallet(), await rig.revenue()) == (rig.price.amount, rig.price.amount)
        await rig.agree()


@OUTSIDE
async def test_the_other_method_fails_after_the_payment_succeeded(fresh: Fresh, kind: Kind) -> None:
    async with a_rig(fresh, kind) as rig:
        first = await rig.begin()
        await rig.db.execute("UPDATE payments.attempt SET checkout = NULL")
        second = await rig.payments.start(first.payment.id, provider=kind.name)
        await rig.shop.pay(ref(second))
        await rig.arrive()
        await rig.shop.expire(ref(first))
        await rig.arrive()
        await rig.tg.clock.move(2 * 3600)
        await looked(rig)
        await has_sold(rig, second)


@OUTSIDE
async def test_one_method_fails_while_another_may_be_paid(fresh: Fresh, kind: Kind) -> None:
    async with a_rig(fresh, kind) as rig:
        first = await rig.begin()
        await rig.db.execute("UPDATE payments.attempt SET checkout = NULL")
        second = await rig.payments.start(first.payment.id, provider=kind.name)
        await rig.shop.expire(ref(first))
        await rig.arrive()
        await rig.payments.check(first.payment.id)
        assert (await rig.get(first)).status is Status.AWAITING_PAYER
        await rig.shop.pay(ref(second))
        await rig.arrive()
        await has_sold(rig, second)


@of("oneplat")
async def test_a_second_transfer_to_the_same_card(fresh: Fresh, kind: Kind) -> None:
    async with a_rig(fresh, kind) as rig:
        started = await rig.begin()
        await rig.shop.pay(ref(started))
        await rig.arrive()
        await has_sold(rig, started)
        await rig.shop.pay(ref(started), again=True, amount=30_000)
        await rig.arrive()
        charges = await rig.payments.charges(started.payment.id)
        assert [(c.fit, c.amount.amount) for c in charges] == [("exact", 50_000), ("twice", 30_000)]
        assert await rig.wallet() == 30_000
        assert await rig.goods_given() == {started.payment.id: 0}
        await rig.agree()


@of("oneplat")
async def test_two_transfers_before_anybody_looks(fresh: Fresh, kind: Kind) -> None:
    """1Plat shows only the last transfer of an order; the list has both of them."""
    async with a_rig(fresh, kind) as rig:
        started = await rig.begin()
        await rig.shop.pay(ref(started))
        await rig.shop.pay(ref(started), again=True)
        await rig.arrive()
        payment = await rig.get(started)
        assert (payment.status, payment.delivery) == (Status.SUCCEEDED, "done")
        assert {c.fit for c in await rig.payments.charges(payment.id)} == {"exact", "twice"}
        assert (await rig.wallet(), await rig.revenue()) == (50_000, 50_000)
        await rig.agree()


@of("oneplat")
async def test_a_second_transfer_under_another_name(fresh: Fresh, kind: Kind) -> None:
    """An order that we never made, with our number on it. Nobody is asked about it for a day;
    the list knows it sooner."""
    async with a_rig(fresh, kind) as rig:
        rig.shop.again_is = "order"  # type: ignore[attr-defined]
        started = await rig.begin()
        await rig.shop.pay(ref(started))
        await rig.arrive()
        await rig.shop.pay(ref(started), again=True)
        await rig.arrive()
        assert await rig.wallet() == 0
        await rig.reconcile()
        assert await rig.wallet() == 50_000
        for _ in range(10):  # the letter finds out at last, and changes nothing
            await rig.tg.clock.move(12 * 3600 + 1)
            await rig.inbox.drain()
        (_, letter) = await rig.db.fetch("SELECT handled_at, said FROM payments.inbox ORDER BY id")
        assert letter["handled_at"] is not None
        assert letter["said"] == "nothing new"
        await rig.agree()


@of("oneplat")
@pytest.mark.parametrize("unit", ["kopecks", "rubles"])
async def test_too_much(fresh: Fresh, kind: Kind, unit: str) -> None:
    async with a_rig(fresh, kind, oneplat_amount_unit=unit) as rig:
        rig.shop.unit = unit  # type: ignore[attr-defined]
        started = await rig.begin()
        await rig.shop.pay(ref(started), amount=70_000)
        await rig.arrive()
        payment = await rig.get(started)
        assert (payment.status, payment.delivery) == (Status.SUCCEEDED, "done")
        assert [c.fit for c in await rig.payments.charges(payment.id)] == ["over"]
        assert (await rig.wallet(), await rig.revenue()) == (20_000, 50_000)
        said = ["telegram: goods-given", "telegram: payment-over", "operator: payment-over"]
        assert await rig.said() == said
        await rig.agree()


@of("oneplat")
async def test_too_little(fresh: Fresh, kind: Kind) -> None:
    async with a_rig(fresh, kind, deliver_late=True) as rig:
        started = await rig.begin()
        await rig.shop.pay(ref(started), amount=49_999)
        await rig.arrive()
        assert (await rig.get(started)).reason == "short"
        await has_kept(rig, started, Status.FAILED, "short", 49_999)


@of("stripe")
async def test_another_currency(fresh: Fresh, kind: Kind) -> None:
    """It cannot be, but if it is: 5 euros are not 5 dollars."""
    async with a_rig(fresh, kind) as rig:
        started = await rig.begin()
        payment = rig.shop.payment(ref(started))
        sent = rig.shop.callback(
            ref(started), "paid", currency="eur", amount_total=500, payment_intent="pi_another"
        )
        rig.shop.book("paid", payment, 500, charge="pi_another", currency="EUR")
        answer = await rig.http.post(sent.url, content=sent.body, headers=sent.headers)
        assert answer.status_code == 200
        await rig.inbox.drain()
        charges = await rig.payments.charges(started.payment.id)
        assert [(c.fit, str(c.amount.currency)) for c in charges] == [("currency", "EUR")]
        assert (await rig.get(started)).status is Status.FAILED
        assert (await rig.wallet("EUR"), await rig.wallet("USD")) == (500, 0)
        assert await rig.said() == ["telegram: payment-currency", "operator: payment-currency"]
        assert await rig.goods_given() == {}
        await rig.agree()
