"""Subscriptions in Stars: each renewal is a payment of its own, whoever tells of it."""

import itertools
from typing import Any

import pytest

from kassa import clock, ledger
from kassa.db import Tx
from kassa.payments import Invoice, Payment, Purpose, Status, letters
from kassa.payments.reconcile import compare
from kassa.payments.subscribing import NoSubscription
from tests.conftest import Fresh
from tests.payments.inside import STARS, days, shop
from tests.payments.rig import Goods, a_rig, ref
from tgsandbox.providers.records import Callback
from tgsandbox.telegram.payments.failures import PaymentFailed

MONTH = 2_592_000


class Plan(Goods):
    """A subscription: what was given for each payment, and what was heard of it."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[tuple[int, str]] = []
        self.payments: list[Payment] = []

    async def on_paid(self, tx: Tx, payment: Payment) -> Any:
        self.payments.append(payment)
        return await super().on_paid(tx, payment)

    async def on_subscription(self, tx: Tx, payment: Payment, state: str) -> None:
        self.heard.append((payment.id, state))

    def purpose(self) -> Purpose:
        return Purpose(
            "plan.month", self.on_paid, self.on_refunded, on_subscription=self.on_subscription
        )


MONTHLY: dict[str, Any] = {
    "purpose": "plan.month",
    "subject": "basic",
    "data": {"plan": "basic"},
    "invoice": Invoice(subscription=True),
}


async def test_a_subscription_is_renewed(fresh: Fresh) -> None:
    plan = Plan()
    async with a_rig(fresh, STARS, purposes=[plan.purpose()]) as rig:
        first = await rig.paid(**MONTHLY)
        for _ in range(2):
            await rig.tg.clock.move(MONTH)
            await rig.arrive()
            await rig.shop.send_again()
            await rig.arrive()
        assert [each.data for each in plan.payments] == [
            {"plan": "basic"},
            {"plan": "basic", "renews": first.id},
            {"plan": "basic", "renews": first.id},
        ]
        later = [await rig.get(each) for each in plan.payments[1:]]
        assert {(p.status, p.delivery, p.subject, p.user, p.bot) for p in later} == {
            (Status.SUCCEEDED, "done", "basic", first.user, first.bot)
        }
        assert (await rig.revenue(), await rig.wallet()) == (750, 0)
        assert [c.fit for c in await rig.payments.charges(later[0].id)] == ["exact"]
        await rig.agree()


async def test_a_renewal_that_only_the_list_knows(fresh: Fresh) -> None:
    plan = Plan()
    async with a_rig(fresh, STARS, purposes=[plan.purpose()]) as rig:
        await rig.paid(**MONTHLY)
        rig.shop.fault_in_callbacks("lost", times=None)
        await rig.tg.clock.move(MONTH)
        await rig.arrive()
        assert await rig.revenue() == 250
        now = clock.now()
        for times in (1, 0):
            found = await compare(rig.payments, "stars", since=now - days(40), until=now)
            assert [each.what for each in found.findings] == ["only there"] * times
        assert (await rig.revenue(), await rig.wallet(), len(plan.payments)) == (500, 0, 2)
        rig.shop.mend()
        await rig.shop.send_again()  # and then its update
        await rig.arrive()
        assert (await rig.revenue(), len(plan.payments)) == (500, 2)
        await rig.agree()


async def test_all_of_a_subscription_that_only_the_list_knows(fresh: Fresh) -> None:
    plan = Plan()
    async with a_rig(fresh, STARS, purposes=[plan.purpose()]) as rig:
        rig.shop.fault_in_callbacks("lost", times=None)
        started = await rig.begin(**MONTHLY)
        await shop(rig).pay(ref(started))
        await rig.tg.clock.move(MONTH)
        await rig.arrive()
        await rig.reconcile()
        await rig.reconcile()
        first, second = plan.payments
        assert (first.id, second.data["renews"]) == (started.payment.id, started.payment.id)
        assert (await rig.revenue(), await rig.wallet()) == (500, 0)
        await rig.agree()


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
async def test_a_renewal_is_given_back(fresh: Fresh, order: tuple[int, ...]) -> None:
    """The first payment, its renewal, and the renewal's refund, told of in any order, twice."""
    plan = Plan()
    async with a_rig(fresh, STARS, purposes=[plan.purpose()]) as rig:
        shop(rig).holding = True
        started = await rig.begin(**MONTHLY, expires_in=days(90))
        await shop(rig).pay(ref(started))
        await rig.tg.clock.move(MONTH)
        renewal = rig.tg.books()[-1]["telegram_payment_charge_id"]
        await shop(rig).bot.call(
            "refundStarPayment", user_id=rig.payer, telegram_payment_charge_id=renewal
        )
        await shop(rig).pump()
        updates = shop(rig).held_back
        assert len(updates) == 3
        for number in order:
            for _ in range(2):
                shop(rig).callbacks.put(Callback("message", "", updates[number]))
            await rig.arrive()
        for _ in range(3):
            await rig.tg.clock.move(61)
            await rig.arrive()
        assert await letters.page(rig.db, state="waiting") == []
        assert (await rig.revenue(), await rig.wallet(), await rig.debt()) == (250, 0, 0)
        assert sorted((await rig.goods_given()).values()) == [0, 250]
        await rig.agree()


async def test_ours_of_a_renewal(fresh: Fresh) -> None:
    plan = Plan()
    async with a_rig(fresh, STARS, purposes=[plan.purpose()]) as rig:
        await rig.paid(**MONTHLY)
        await rig.tg.clock.move(MONTH)
        await rig.arrive()
        refund = await rig.payments.refund(plan.payments[1].id, key="r")
        assert refund.status == "done"
        await rig.arrive()
        assert await rig.goods_given() == {plan.payments[0].id: 0, plan.payments[1].id: 250}
        await rig.agree()


async def test_it_is_stopped_and_let_go_on(fresh: Fresh) -> None:
    plan = Plan()
    async with a_rig(fresh, STARS, purposes=[plan.purpose()]) as rig:
        first = await rig.paid(**MONTHLY)
        (subscription,) = rig.tg.world.till.subscriptions.known.values()
        await rig.payments.stop_subscription(first.id)
        assert (subscription.state, subscription.stopped_by_bot) == ("canceled", True)
        await rig.payments.resume_subscription(first.id)
        assert subscription.stopped_by_bot is False
        once = await rig.paid()
        with pytest.raises(NoSubscription):
            await rig.payments.stop_subscription(once.id)


async def test_the_app_hears_that_it_was_canceled(fresh: Fresh) -> None:
    plan = Plan()
    async with a_rig(fresh, STARS, purposes=[plan.purpose()]) as rig:
        first = await rig.paid(**MONTHLY)
        (subscription,) = rig.tg.world.till.subscriptions.known.values()
        subscriptions = rig.tg.world.till.subscriptions
        subscriptions.cancel(subscription)
        subscriptions.resume(subscription)
        await rig.arrive()
        shop(rig).buyer.user.stars = 0
        await rig.tg.clock.move(MONTH)
        await rig.arrive()
        heard = [(first.id, state) for state in ("canceled", "active", "failed")]
        assert plan.heard == heard
        with pytest.raises(PaymentFailed):
            await shop(rig).pay(shop(rig).payments[0].ref, again=True)
        assert await ledger.audit(rig.db) == []
