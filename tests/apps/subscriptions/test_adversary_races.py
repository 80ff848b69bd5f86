"""Much at once: what any two of them make of it is what one after the other would have."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from random import Random
from typing import Any

import pytest

from kassa import ledger, outbox
from kassa.apps.subscriptions import (
    charging,
    gifts,
    promos,
    provisioning,
    purchases,
    referrals,
    renewing,
    service,
)
from kassa.apps.subscriptions.models import Length
from kassa.apps.subscriptions.panels.none import Nothing
from kassa.apps.subscriptions.panels.protocol import Access, Wanted
from kassa.db import Database
from kassa.errors import KassaError
from kassa.ledger import Leg, balance, revenue, suspense, wallet
from kassa.money import Money
from kassa.outbox import Job
from kassa.users import User
from tests.apps.subscriptions.chat import sells
from tests.apps.subscriptions.ends_rig import AWAKE, Desk, a_desk
from tests.apps.subscriptions.rig import Till
from tests.apps.tokens.steps import eventually


@pytest.fixture
async def desk(app_db: Database) -> AsyncIterator[Desk]:
    async with a_desk(app_db, **AWAKE) as made:
        yield made


class Slow(Nothing):
    """A panel that does as it is told last, whenever that arrives."""

    def __init__(self) -> None:
        self.until: Any = None
        self.gate: asyncio.Event | None = None
        self.asked = asyncio.Event()

    async def ensure(self, wanted: Wanted) -> Access:
        gate, self.gate = self.gate, None
        self.asked.set()
        if gate is not None:
            await gate.wait()
        self.until = wanted.until
        return await super().ensure(wanted)


async def test_a_late_word_to_the_panel_is_not_the_last(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that is so slow that its job was given to another one tells the panel of an end
    that is over; whoever was faster had told it of the new one."""
    panel = Slow()
    monkeypatch.setattr(provisioning, "panel_of", lambda _: panel)
    user = await desk.person()
    await desk.gives(user, Length(months=1))
    job = Job(1, service.PROVISION, str(user.id), {"user": user.id}, 1, 15, 1, None)
    gate = panel.gate = asyncio.Event()
    slow = asyncio.create_task(provisioning.provision(desk.kassa, job))
    await panel.asked.wait()
    await desk.db.run(
        lambda tx: service.take_back(
            tx, user.id, 20 * 86_400, rate=100, kind="admin", cause="admin:1"
        )
    )
    await provisioning.provision(desk.kassa, job)
    await desk.db.execute("DELETE FROM outbox.job WHERE kind = $1", service.PROVISION)
    gate.set()
    await slow
    waiting = await outbox.list_jobs(desk.db, kind=service.PROVISION)
    assert [each.payload["user"] for each in waiting] == [user.id]
    await provisioning.provision(desk.kassa, job)
    mine = await desk.has(user)
    assert panel.until == mine.expires_at
    assert mine.provisioned == mine.wanted


# -- all of it at once -------------------------------------------------------------


class Crowd:
    """People who do whatever can be done, several things at once, and wait for nobody."""

    def __init__(self, till: Till, seed: int) -> None:
        self.till, self.chance = till, Random(seed)
        self.users: list[User] = []
        self.paid: list[int] = []

    async def comes(self, count: int) -> None:
        for number in range(count):
            user = await self.till.user(self.till.tg.user(f"Person {number}"))
            leg = Leg(suspense("RUB"), wallet(user.id, "RUB"), Money(100000, "RUB"))
            await ledger.post(self.till.db, key=f"test:{user.id}", legs=[leg])
            self.users.append(user)
        first, *others = (each.id for each in self.users)
        await self.till.db.execute(
            "UPDATE users.person SET referred_by = $1 WHERE id = ANY ($2)", first, others[:2]
        )

    async def does(self, name: str) -> None:
        user = self.chance.choice(self.users)
        with suppress(KassaError):  # what cannot be is refused; nothing else goes wrong
            await getattr(self, name)(user)

    async def buys(self, user: User) -> None:
        """By card, with a code, and perhaps from the balance: all at the same time."""
        till, plan = self.till, self.chance.choice(("1m", "3m", "more"))
        purchase = await till.chooses(user, plan, gift=self.chance.random() < 0.3)
        payment = await till.asks(user, purchase)
        attempt = (await till.payments.attempts(payment.id))[-1]
        assert attempt.ref is not None
        if payment.id not in self.paid:
            self.paid.append(payment.id)
            await till.shops["oneplat"].pay(attempt.ref)
        both = [
            till.payments.check(payment.id),
            till.db.run(lambda tx: promos.apply(tx, "TEN", purchase, till.options)),
            till.payments.check(payment.id),
        ]
        if self.chance.random() < 0.3:
            both.append(till.db.run(lambda tx: purchases.from_balance(tx, purchase, "RUB")))
        await asyncio.gather(*both, return_exceptions=True)

    async def gets_back(self, _: User) -> None:
        """A part, and then another; by hand, and said twice."""
        number = self.chance.choice(self.paid or [0])
        price = (await self.till.payments.get(self.till.db, number)).price
        part = Money(price.amount * self.chance.choice((30, 50, 100)) // 100, price.currency)
        made = await self.till.payments.refund(number, part, key=str(self.chance.random()))
        done = (self.till.payments.refunded_by_hand(made.id, done=True) for _ in range(2))
        await asyncio.gather(*done, return_exceptions=True)

    async def opens_a_gift(self, user: User) -> None:
        rows = await self.till.db.fetch("SELECT code FROM subscriptions.gift ORDER BY at")
        code = self.chance.choice([row["code"] for row in rows] or ["-"])
        await self.till.db.run(lambda tx: gifts.redeem(tx, user.id, code, bot=""))

    async def renews(self, user: User) -> None:
        kassa = self.till.kassa.kassa
        await self.till.db.run(lambda tx: renewing.switch_on(tx, kassa, user.id, "balance:RUB"))
        await self.till.db.execute(
            """
            UPDATE subscriptions.subscription SET renew_for = expires_at, renew_at = now()
             WHERE user_id = $1
            """,
            user.id,
        )
        await asyncio.gather(*(charging.renew_one(kassa, user.id) for _ in range(2)))

    async def is_given_days(self, user: User) -> None:
        till, cause = self.till, f"admin:{self.chance.random()}"
        if self.chance.random() < 0.5:
            await till.db.run(lambda tx: promos.redeem(tx, "DAYS", user.id, till.options, bot=""))
        await till.db.run(
            lambda tx: service.take_back(
                tx, user.id, 40 * 86_400, rate=100, kind="admin", cause=cause
            )
        )

    async def tries(self, user: User) -> None:
        till = self.till
        begin = (
            till.db.run(lambda tx: service.begin_trial(tx, user.id, till.options, bot=""))
            for _ in range(2)
        )
        await asyncio.gather(*begin, return_exceptions=True)


async def idle(till: Till) -> bool:
    """Rewards and reversals are done; the panel may still be told."""
    waiting = await till.db.fetchval(
        "SELECT count(*) FROM outbox.job WHERE kind = ANY ($1)",
        [referrals.REWARD, referrals.REVERSE],
    )
    return not waiting


DOES = ("buys", "buys", "buys", "gets_back", "gets_back", "opens_a_gift", "renews", "tries")


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens_at_once_adds_up(till: Till, seed: int) -> None:
    dear = {"name": "more", "months": 1, "tier": "more", "prices": {"RUB": "590"}}
    plans = [each.model_dump() | {"prices": {"RUB": "290"}} for each in till.options.plans[:2]]
    sells(till, plans=[*plans, dear], tiers={"standard": {}, "more": {"rate": 250}})
    await till.db.run(lambda tx: promos.create(tx, "TEN", "percent", value=10, most=3))
    await till.db.run(lambda tx: promos.create(tx, "DAYS", "days", value=5, most=2))
    crowd = Crowd(till, seed)
    await crowd.comes(4)
    for _ in range(5):
        some = [crowd.chance.choice((*DOES, "is_given_days")) for _ in range(8)]
        await asyncio.gather(*(crowd.does(each) for each in some))
    await eventually(lambda: idle(till))
    await till.audited()
    kept = await till.db.fetchval("SELECT sum(price - refunded) FROM subscriptions.purchase")
    assert (await balance(till.db, revenue("subscriptions", "RUB"))).posted.amount == kept
    uses = await till.db.fetch(
        """
        SELECT user_id, count(*) FROM subscriptions.purchase
         WHERE promo IS NOT NULL AND price = (prices->>currency)::bigint AND refunded < price
         GROUP BY user_id
        """
    )
    assert len(uses) <= 3
    assert {row["count"] for row in uses} <= {1}, "Each has it once."
    failed = "SELECT count(*) FROM payments.payment WHERE delivery = 'failed'"
    assert await till.db.fetchval(failed) == 0
