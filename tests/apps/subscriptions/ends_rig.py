"""Subscriptions whose ends are looked at, at times that a test says: nothing runs by itself."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from kassa import clock, ledger
from kassa.apps.models import Kassa
from kassa.apps.subscriptions import charging, options, reminding, renewing, service
from kassa.apps.subscriptions.buying import PURPOSE
from kassa.apps.subscriptions.models import Length, Subscription
from kassa.apps.subscriptions.renewing import Renewal, get_one
from kassa.config import Settings
from kassa.db import Database, Tx
from kassa.ledger import Leg, suspense, wallet
from kassa.money import Money
from kassa.outbox import Job
from kassa.payments import Payments, saved
from kassa.payments.looking import Looking
from kassa.payments.providers.protocol import (
    Abilities,
    Checkout,
    Created,
    Declined,
    Method,
    Order,
    Provider,
    Report,
    State,
    Unknown,
    Why,
)
from kassa.users import User, zones
from kassa.users import service as people
from kassa.users.service import Who

BEGUN = datetime(2027, 3, 1, 12, tzinfo=UTC)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
JOB = Job(1, "test", None, {}, 1, 15, 1, None)
AWAKE: dict[str, Any] = {"quiet": [0, 0]}  # where the night plays no part

_number = count(1)


@dataclass
class Desk:
    db: Database
    kassa: Kassa
    at: datetime = BEGUN
    heard: list[dict[str, Any]] = field(default_factory=list)

    async def person(self, *, language: str = "ru", zone: str = "") -> User:
        async def work(tx: Tx) -> User:
            who = Who(7000 + next(_number), "Покупатель", language_code=language)
            found = await people.see(tx, who)
            await zones.keep(tx, found.id, zone)
            return found

        return await self.db.run(work)

    async def gives(self, user: User, length: Length, *, at: datetime | None = None) -> None:
        self.at = at or self.at
        grade = options.of(self.kassa.settings).grade("standard")
        with clock.moved(lambda: self.at):
            await self.db.run(
                lambda tx: service.extend(
                    *(tx, user.id, length),
                    kind="paid",
                    cause=f"test:{next(_number)}",
                    grade=grade,
                    bot="17",
                )
            )

    async def has(self, user: User) -> Subscription:
        found = await service.standing(self.db, user.id)
        assert found is not None
        return found

    async def renewal(self, user: User) -> Renewal:
        found = await get_one(self.db, user.id)
        assert found is not None
        return found

    async def sweeps(self, at: datetime) -> list[tuple[int, str]]:
        """Whom it tells what, then."""
        self.at = at
        with clock.moved(lambda: at):
            await reminding.sweep(self.kassa, JOB)
        return await self.hears()

    async def hears(self) -> list[tuple[int, str]]:
        """What is to be said, and is as if it had been."""
        rows = await self.db.fetch(
            """
            WITH gone AS (DELETE FROM outbox.job WHERE kind = 'telegram.send'
                          RETURNING id, due_at, payload)
            SELECT due_at, payload FROM gone ORDER BY due_at, id
            """
        )
        new = [{**row["payload"], "at": row["due_at"]} for row in rows]
        self.heard += new
        return [(each["user"], each["text"]) for each in new]

    async def renews(self, at: datetime) -> list[tuple[int, str]]:
        self.at = at
        with clock.moved(lambda: at):
            await charging.renew(self.kassa, JOB)
        return await self.hears()

    async def minute(self, at: datetime) -> list[tuple[int, str]]:
        """Both, as cron has them."""
        return [*await self.sweeps(at), *await self.renews(at)]

    async def between(
        self, begin: datetime, end: datetime, step: timedelta = HOUR
    ) -> list[tuple[datetime, str]]:
        """When whoever is told what, with a look every `step`."""
        said = []
        at = begin
        while at <= end:
            said += [(at, text) for _, text in await self.minute(at)]
            at += step
        return said

    async def pays_in(self, user: User, amount: Money) -> None:
        """To their wallet."""
        leg = Leg(suspense(amount.currency), wallet(user.id, amount.currency), amount)
        await self.db.run(lambda tx: ledger.post(tx, key=f"in:{next(_number)}", legs=[leg]))

    async def keeps_a_card(self, user: User) -> int:
        """As if they had paid with it once."""

        async def work(tx: Tx) -> int:
            payment = await self.kassa.payments.create(
                tx,
                user=user.id,
                amount=Money(29000, "RUB"),
                purpose="subscriptions.plan",
                description="before",
            )
            await saved.keep(
                tx, [saved.NewSaved(user.id, "bank", "card-1", "MIR *4444", payment.id)]
            )
            return (await saved.of_user(tx, user.id))[0].id

        return await self.db.run(work)

    async def switches_on(self, user: User, code: str) -> None:
        with clock.moved(lambda: self.at):
            await self.db.run(lambda tx: renewing.switch_on(tx, self.kassa, user.id, code))

    async def looks(self, at: datetime) -> None:
        """At payments of which nobody knows."""
        with clock.moved(lambda: at):
            while await Looking(self.kassa.payments).turn():
                pass

    async def left(self, user: User, currency: str = "RUB") -> int:
        return (await ledger.balance(self.db, wallet(user.id, currency))).posted.amount

    def sells(self, **wanted: Any) -> None:
        """From now on, on these terms."""
        said = {**self.kassa.settings.app.get("subscriptions", {}), **wanted}
        settings = self.kassa.settings.model_copy(update={"app": {"subscriptions": said}})
        object.__setattr__(self.kassa, "settings", settings)

    async def audited(self) -> None:
        assert await self.db.fetch("SELECT * FROM subscriptions.audit()") == []
        assert await self.db.fetch("SELECT * FROM payments.audit()") == []
        assert await ledger.audit(self.db) == []


@asynccontextmanager
async def a_desk(
    db: Database, *, providers: Sequence[Provider] = (), **sold: Any
) -> AsyncIterator[Desk]:
    """`db` has the app's tables; the rest is of [app.subscriptions]."""
    settings = Settings(app={"subscriptions": sold})
    by_name = {each.name: each for each in providers}
    payments = Payments(db, providers=by_name, purposes=[PURPOSE])
    try:
        yield Desk(db, Kassa.of(settings, db, payments))
    finally:
        await payments.close()


class Bank(Provider):
    """It charges kept cards as it is told to: paid, declined, lost (it has, and nobody knows),
    silent (it has not, and nobody knows)."""

    name = "bank"
    abilities = Abilities("api", find=True, saved=True)
    methods = (Method("card", ("RUB",)),)

    def __init__(self) -> None:
        self.says = "paid"
        self.dies = False  # the caller does, when it has charged
        self.charged: dict[str, Order] = {}  # by our keys
        self.asked = 0

    async def create(self, order: Order) -> Created | Declined | Unknown:
        assert order.saved == "card-1"
        self.asked += 1
        if self.says == "declined":
            return Declined(Why.DECLINED, "no money")
        if self.says != "silent":
            self.charged.setdefault(order.key, order)
        if self.dies:
            raise SystemError("killed")
        if self.says != "paid":
            return Unknown("no answer")
        return self._created(order)

    def _created(self, order: Order) -> Created:
        report = Report(order.key, State.PAID, key=order.key, amount=order.amount)
        return Created(order.key, Checkout(url="https://bank.test/"), report)

    async def find(self, order: Order) -> Created | None:
        return self._created(order) if order.key in self.charged else None

    async def status(self, ref: str) -> Report:
        return Report(ref, State.PAID, amount=self.charged[ref].amount)

    async def cancel(self, ref: str) -> None:
        """There is nothing to call off."""

    async def close(self) -> None:
        """There is nothing to close."""


def plans(**prices: Any) -> list[dict[str, Any]]:
    """One plan of a month."""
    return [{"name": "1m", "months": 1, "prices": prices or {"RUB": 290}}]
