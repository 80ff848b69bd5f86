"""In whatever order a provider's words come, the end is the same."""

import itertools
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from kassa import ledger
from kassa.db import Tx
from kassa.ledger import clearing, debt, fee, revenue, wallet
from kassa.money import Money
from kassa.payments import Payment, Status, letters, refunds
from kassa.payments.cases import Said
from kassa.payments.providers.protocol import (
    Report,
    State,
)
from kassa.payments.settle import settle
from tests.conftest import Fresh
from tests.payments.cases import ALL, of, post
from tests.payments.rig import Kind, Rig, a_rig, ref

PRICE = Money(500, "USD")
FEE, PART = Money(30, "USD"), Money(200, "USD")
SIX = {
    "waiting": Report("", State.WAITING),
    "processing": Report("", State.PROCESSING),
    "paid": Report("", State.PAID, amount=PRICE),
    "paid again, and the fee": Report("", State.PAID, amount=PRICE, fee=FEE),
    "a part given back": Report("", State.PAID, amount=PRICE, refunded=PART),
    "all given back": Report("", State.PAID, amount=PRICE, refunded=PRICE),
}


@of("stripe")
@pytest.mark.parametrize("first", SIX)
async def test_every_order_of_six_events(fresh: Fresh, kind: Kind, first: str) -> None:
    """720 payments, each told of in another order; the end is the same for all."""
    orders = [each for each in itertools.permutations(SIX) if each[0] == first]
    users = range(1000, 1000 + len(orders))
    async with a_rig(fresh, kind) as rig:
        payments = await _many(rig, users)
        for step in range(len(SIX)):
            said = [
                _about(payment, SIX[order[step]])
                for payment, order in zip(payments, orders, strict=True)
            ]
            async with rig.db.transaction() as tx:
                await _settle_all(tx, rig, said)
        ends = await _ends(rig)
        assert len(ends) == len(orders)  # one charge each
        assert set(ends) == {("succeeded", "taken_back", "exact", 500, 30, "paid", 500, 500)}
        accounts = [each(user, "USD") for user in users for each in (wallet, debt)]
        left = await ledger.balances(rig.db, accounts)
        assert {each.posted.amount for each in left} == {0}
        assert await rig.balance(clearing("stripe", "USD")) == 30 * len(orders)
        assert await rig.balance(fee("stripe", "USD")) == -30 * len(orders)
        assert await rig.balance(revenue("goods", "USD")) == 0
        assert await ledger.audit(rig.db) == []


async def _many(rig: Rig, users: Sequence[int]) -> list[Payment]:
    async def make(tx: Tx) -> list[Payment]:
        made = [
            await rig.payments.create(
                tx, user=user, amount=PRICE, purpose="test.goods", description="A thing"
            )
            for user in users
        ]
        await tx.execute(
            """
            INSERT INTO payments.attempt (payment_id, provider, method, key, ref, status,
                                          created_at)
            SELECT id, 'stripe', 'card', 'kassa-' || id, 'cs_' || id, 'ok', now()
              FROM payments.payment
            """
        )
        return made

    return await rig.db.run(make)


def _about(payment: Payment, report: Report) -> Said:
    return Said("stripe", replace(report, ref=f"cs_{payment.id}", charge=f"pi_{payment.id}"))


async def _settle_all(tx: Tx, rig: Rig, said: Sequence[Said]) -> None:
    purposes = rig.payments.purposes
    for one, answer in zip(said, await settle(tx, said, purposes), strict=True):
        assert answer.known
        if answer.more:
            await refunds.reported(tx, one, purposes)


async def _ends(rig: Rig) -> list[tuple[object, ...]]:
    found = await rig.db.fetch(
        """
        SELECT p.status, p.delivery, c.fit, c.refunded, c.fee, a.said, g.taken,
               (SELECT sum(amount)::int FROM payments.refund r
                 WHERE r.payment_id = p.id AND r.status = 'done' AND r.outside)
          FROM payments.payment p
          LEFT JOIN payments.charge c ON c.payment_id = p.id
          LEFT JOIN payments.attempt a ON a.payment_id = p.id
          LEFT JOIN goods g ON g.payment_id = p.id
        """
    )
    return [tuple(row) for row in found]


@ALL
@pytest.mark.parametrize("seed", range(3))
async def test_a_sample_of_orders_over_http(fresh: Fresh, kind: Kind, seed: int) -> None:
    """All that a provider says of a payment, shuffled, some of it twice, settled in between."""
    at_random = random.Random(seed)
    async with a_rig(fresh, kind) as rig:
        started = await rig.begin()
        rig.shop.fault_in_callbacks("lost", times=None)
        if kind.name in ("stripe", "yookassa"):
            await rig.shop.start(ref(started))
        await rig.shop.pay(ref(started))
        if kind.name in ("stripe", "yookassa"):
            await rig.shop.refund(ref(started), rig.price.amount // 5)
            await rig.shop.refund(ref(started))
        elif kind.name == "oneplat":
            await rig.shop.confirm(ref(started))  # type: ignore[attr-defined]
        await rig.shop.delivered()
        said = [each for each in rig.shop.sent if each.lost] * 3
        said = said[: max(6, len(said) // 2)]
        at_random.shuffle(said)
        for each in said:
            answer = await rig.http.request(
                each.method, each.url, content=each.body, headers=each.headers
            )
            assert answer.status_code == 200
            if at_random.random() < 0.5:
                await rig.inbox.drain()
        await rig.tg.clock.move(3)  # what came too early is tried again
        await rig.inbox.drain()
        (attempt,) = await rig.payments.attempts(started.payment.id)
        assert (attempt.ref, attempt.said) == (ref(started), "paid")
        for state in ("waiting", "dead"):
            assert await letters.page(rig.db, state=state) == []
        back = kind.name in ("stripe", "yookassa")
        payment = await rig.get(started)
        delivery = "taken_back" if back else "done"
        assert (payment.status, payment.delivery) == (Status.SUCCEEDED, delivery)
        taken = rig.price.amount if back else 0
        assert await rig.goods_given() == {payment.id: taken}
        assert await rig.revenue() == rig.price.amount - taken
        assert (await rig.wallet(), await rig.debt()) == (0, 0)
        await rig.agree()


@of("stripe")
async def test_the_only_word_that_comes_names_no_session(fresh: Fresh, kind: Kind) -> None:
    """A charge that was given back in part knows our key, and says by the way that it is paid."""
    async with a_rig(fresh, kind) as rig:
        rig.shop.fault_in_callbacks("lost", times=None)
        started = await rig.begin()
        await rig.shop.pay(ref(started))
        await rig.shop.refund(ref(started), 100)
        await rig.shop.delivered()
        (sent,) = [each for each in rig.shop.sent if each.event == "charge.refunded"]
        assert (await post(rig, sent)).status_code == 200
        await rig.inbox.drain()
        payment = await rig.get(started)
        assert (payment.status, payment.delivery) == (Status.SUCCEEDED, "done")
        assert await rig.goods_given() == {payment.id: 100}
        (attempt,) = await rig.payments.attempts(payment.id)
        assert (attempt.ref, attempt.said) == (ref(started), "paid")
        await rig.agree()
