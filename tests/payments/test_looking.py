"""Looking after payments: what expires, what is asked about, and for how long."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kassa.payments import Looking, Payment, Status
from kassa.payments.looking import LEASE, next_look
from tests.conftest import Fresh
from tests.payments.rig import KINDS, Kind, Rig, a_rig, ref
from tests.payments.steps import ALL, ASKED, attempts, look, of, start


@pytest.fixture
async def rig(fresh: Fresh, kind: Kind) -> AsyncIterator[Rig]:
    async with a_rig(fresh, kind) as found:
        yield found


async def look_at(rig: Rig, payment: Payment) -> datetime | None:
    found: datetime | None = await rig.db.fetchval(
        "SELECT look_at FROM payments.payment WHERE id = $1", payment.id
    )
    return found


# -- the end of its time -----------------------------------------------------------------


@of(ALL)
async def test_it_expires_and_is_withdrawn(rig: Rig) -> None:
    started = await rig.begin()
    await look(rig, 1700)
    assert (await rig.get(started)).status is Status.AWAITING_PAYER
    await look(rig, 200)
    assert (await rig.get(started)).status is Status.EXPIRED
    ends = {"stripe": "expired", "cryptopay": "expired", "oneplat": "expired"}
    ends["tinypay"] = "expired"
    assert rig.shop.payments[0].state == ends.get(rig.kind.name, "waiting")
    kinds = [each.kind for each in await rig.payments.timeline(started.payment.id)]
    assert kinds == ["created", "started", "expired"]
    await rig.agree()


@of([KINDS["stripe"], KINDS["cryptopay"]])
async def test_expired_here_nobody_can_pay_it_there(rig: Rig) -> None:
    """Ours ends in a minute; Stripe's session and Crypto Pay's invoice would wait for longer."""
    started = await rig.begin()
    await rig.db.execute(
        "UPDATE payments.payment SET expires_at = created_at + interval '1 minute', look_at = NULL"
    )
    await rig.db.execute("UPDATE payments.payment SET look_at = expires_at")
    await look(rig, 61)
    assert (await rig.get(started)).status is Status.EXPIRED
    assert rig.shop.payments[0].state in ("expired", "canceled")
    await rig.agree()


@of(ASKED)
async def test_it_is_asked_about_once_more_before_it_expires(rig: Rig) -> None:
    started = await rig.begin()
    rig.shop.fault_in_callbacks("lost", times=None)
    await rig.tg.clock.move(1700)
    await rig.shop.pay(ref(started))
    await look(rig, 200)
    assert (await rig.get(started)).status is Status.SUCCEEDED
    assert await rig.goods_given() == {started.payment.id: 0}
    await rig.agree()


@of(ASKED)
async def test_it_expires_though_the_provider_is_down(rig: Rig) -> None:
    started = await rig.begin()
    rig.shop.fault("*", "down", times=None)
    rig.shop.fault_in_callbacks("lost", times=None)
    await look(rig, 1900)
    assert (await rig.get(started)).status is Status.AWAITING_PAYER  # paid in time, perhaps
    await look(rig, 3600)
    assert (await rig.get(started)).status is Status.EXPIRED
    rig.shop.mend()
    await look(rig, 7200)
    await rig.agree()


@of(ASKED)
async def test_paid_in_time_with_a_provider_that_is_silent_until_later(rig: Rig) -> None:
    started = await rig.begin()
    rig.shop.fault_in_callbacks("lost", times=None)
    await rig.shop.pay(ref(started))
    rig.shop.fault("*", "down", times=None)
    await look(rig, 1900)
    rig.shop.mend()
    await look(rig, 3500)
    assert (await rig.get(started)).status is Status.SUCCEEDED
    assert await rig.goods_given() == {started.payment.id: 0}
    await rig.agree()


@of(ALL[:1])
async def test_one_that_nobody_started_expires(rig: Rig) -> None:
    payment = await rig.new()
    assert await look_at(rig, payment) == payment.expires_at
    await look(rig, 1799)
    assert (await rig.get(payment)).status is Status.CREATED
    await look(rig, 2)
    assert (await rig.get(payment)).status is Status.EXPIRED
    assert await look_at(rig, payment) is None


@of([KINDS["stripe"]])
async def test_what_is_on_its_way_does_not_expire(rig: Rig) -> None:
    """A direct debit takes its days; it is asked about, less and less often, until it comes."""
    started = await rig.begin()
    await rig.shop.start(ref(started))
    await rig.arrive()
    assert (await rig.get(started)).status is Status.PROCESSING
    rig.shop.fault_in_callbacks("lost", times=None)
    for _ in range(12):
        await look(rig, 3700)
    payment = await rig.get(started)
    assert payment.status is Status.PROCESSING
    assert payment.looks < 40
    await rig.shop.pay(ref(started))
    await look(rig, 3700)
    assert (await rig.get(started)).status is Status.SUCCEEDED
    await rig.agree()


@of([KINDS["stripe"]])
async def test_what_is_on_its_way_no_more_expires(rig: Rig) -> None:
    """A debit fails while nobody knows of an attempt before it, whose caller was killed: so the
    payment may yet be paid. Then it turns out that nothing was ever sent, and nobody says more."""
    payment = await rig.new()
    real = rig.provider.create

    async def killed(order: Any) -> Any:
        raise KeyboardInterrupt

    rig.provider.create = killed  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        await start(rig, payment)
    rig.provider.create = real  # type: ignore[method-assign]
    await rig.tg.clock.move(61)
    started = await start(rig, payment)
    await rig.shop.start(ref(started))
    await rig.arrive()
    await rig.shop.decline(ref(started))
    await rig.arrive()
    assert (await rig.get(payment)).status is Status.PROCESSING
    assert await attempts(rig, payment) == ["sent", "ok"]
    await look(rig, 60)
    assert await attempts(rig, payment) == ["declined", "ok"]
    await look(rig, 1700)
    assert (await rig.get(payment)).status is Status.EXPIRED
    await look(rig, 3600)
    assert await look_at(rig, payment) is None
    await rig.agree()


# -- how often -----------------------------------------------------------------------------


@of(ALL[:1])
async def test_intervals_grow_and_end(rig: Rig) -> None:
    started = await rig.begin(expires_in=timedelta(hours=4))
    at = await look_at(rig, started.payment)
    gaps: list[float] = []
    while at is not None and len(gaps) < 100:
        now = datetime.fromtimestamp(rig.tg.world.clock.time(), UTC)
        await look(rig, max(0.0, (at - now).total_seconds()) + 0.01)
        then, at = at, await look_at(rig, started.payment)
        gaps.append(round((at - then).total_seconds(), -1) if at else 0)
    assert gaps[:8] == [20, 30, 60, 120, 240, 480, 960, 1920]
    assert max(gaps) <= 3700
    assert (await rig.get(started)).status is Status.EXPIRED
    assert at is None


async def test_when_to_look_again(fresh: Fresh) -> None:
    """Growing, but at its end at the latest; then while money may come; never without a reason."""
    async with a_rig(fresh, KINDS["oneplat"]) as rig:
        started = await rig.begin()
        payment = await rig.get(started)
        attempts = await rig.payments.attempts(payment.id)
        now = payment.created_at
        assert next_look(payment, attempts, [], now) == now + timedelta(seconds=15)
        late = payment.expires_at - timedelta(seconds=5)
        assert next_look(payment, attempts, [], late) == payment.expires_at
        await look(rig, 1900)
        expired = await rig.get(started)
        for days, looked_at in ((2, True), (4, False)):
            at = next_look(expired, attempts, [], expired.expires_at + timedelta(days=days))
            assert (at is not None) is looked_at
        rig.goods.raises = -1
        paid = await rig.paid()
        assert next_look(paid, [], [], paid.created_at + timedelta(days=99)) is not None


# -- side by side ----------------------------------------------------------------------------


@of(ALL[:1])
async def test_two_who_look_share_the_work(rig: Rig) -> None:
    payments = [await rig.begin() for _ in range(10)]
    await rig.tg.clock.move(20)
    calls: list[str] = []
    real = rig.provider.status

    async def counted(ref: str) -> Any:
        calls.append(ref)
        return await real(ref)

    rig.provider.status = counted  # type: ignore[method-assign]
    many = [Looking(rig.payments) for _ in range(4)]
    assert sum(await asyncio.gather(*(each.turn() for each in many))) == 10
    assert sorted(calls) == sorted(ref(each) for each in payments)


@of(ALL[:1])
async def test_whoever_dies_leaves_it_to_another(rig: Rig) -> None:
    started = await rig.begin()
    rig.shop.fault_in_callbacks("lost", times=None)
    await rig.shop.pay(ref(started))
    real = rig.provider.status

    async def dies(ref: str) -> Any:
        raise RuntimeError("the machine is gone")

    rig.provider.status = dies  # type: ignore[method-assign]
    await rig.tg.clock.move(20)
    assert await rig.looking.turn() == 1
    rig.provider.status = real  # type: ignore[method-assign]
    assert await rig.looking.turn() == 0  # it is somebody's, for a while
    await look(rig, LEASE.total_seconds())
    assert (await rig.get(started)).status is Status.SUCCEEDED
    await rig.agree()


@of(ALL[:1])
async def test_it_runs_beside(rig: Rig) -> None:
    started = await rig.begin()
    rig.shop.fault_in_callbacks("lost", times=None)
    await rig.shop.pay(ref(started))
    looking = asyncio.create_task(Looking(rig.payments, poll=0.01).run())
    await rig.tg.clock.move(20)
    async with asyncio.timeout(10):
        while (await rig.get(started)).status is not Status.SUCCEEDED:
            await asyncio.sleep(0.01)
    looking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looking
    await rig.agree()


@of(ALL[:1])
async def test_a_provider_that_is_set_up_no_more(rig: Rig) -> None:
    """What was begun there ends by the clock; what is to be given back waits."""
    started = await rig.begin()
    provider = rig.payments.providers.pop("stripe")
    await look(rig, 1900)
    assert (await rig.get(started)).status is Status.EXPIRED
    assert (await rig.payments.check(started.payment.id)).status is Status.EXPIRED
    await rig.payments.withdraw(started.payment.id)
    rig.payments.providers["stripe"] = provider


# -- deliveries ------------------------------------------------------------------------------


@of(ALL)
async def test_a_delivery_that_failed_is_tried_again(rig: Rig) -> None:
    rig.goods.raises = 3
    payment = await rig.paid()
    assert (payment.status, payment.delivery) == (Status.SUCCEEDED, "failed")
    assert await rig.wallet() == rig.price.amount
    await look(rig, 6)
    again = await rig.get(payment)
    assert (again.delivery, again.delivery_error) == ("failed", "RuntimeError: the shelf is empty")
    for _ in range(3):
        await look(rig, 120)
    done = await rig.get(payment)
    assert (done.delivery, done.delivery_error) == ("done", None)
    assert await rig.goods_given() == {payment.id: 0}
    assert (await rig.wallet(), await rig.revenue()) == (0, rig.price.amount)
    assert (await rig.said()).count("telegram: goods-given") == 1
    assert await look_at(rig, payment) is None
    await rig.agree()


@of(ALL[:1])
async def test_an_app_that_is_gone_and_comes_back(rig: Rig) -> None:
    purposes = rig.payments.purposes
    started = await rig.begin()
    rig.payments.purposes = {}
    await rig.shop.pay(ref(started))
    await rig.arrive()
    await look(rig, 30)
    payment = await rig.get(started)
    assert (payment.status, payment.delivery) == (Status.SUCCEEDED, "failed")
    assert "No app here delivers test.goods" in str(payment.delivery_error)
    rig.payments.purposes = purposes
    await look(rig, 3600)
    assert (await rig.get(started)).delivery == "done"
    await rig.agree()


@of([KINDS["yookassa"]])
async def test_what_is_being_given_back_is_not_delivered(rig: Rig) -> None:
    """Its refund is declined, and then it is delivered after all."""
    rig.goods.raises = 1
    payment = await rig.paid()
    rig.shop.fault("refund", "timeout_before")
    refund = await rig.payments.refund(payment.id, key="r", even_if_spent=True)
    assert refund.status == "unknown"
    await look(rig, 60)
    assert (await rig.get(payment)).delivery == "failed"
    assert rig.goods.raises == 0
    await look(rig, 300)
    await look(rig, 300)
    (refund,) = await rig.payments.refunds(payment.id)
    assert refund.status == "declined"
    assert (await rig.get(payment)).delivery == "done"
    await rig.agree()
