"""Kassa with the app subscriptions, its providers in the sandbox's bank, and people who buy."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from kassa import clock, ledger
from kassa.apps.subscriptions import APP, options, purchases, service
from kassa.apps.subscriptions.models import Purchase, Subscription
from kassa.apps.subscriptions.options import Options
from kassa.apps.subscriptions.purchases import Way
from kassa.db import Database, Tx
from kassa.ledger import Leg, revenue, suspense
from kassa.money import Money
from kassa.payments import Payment, Payments
from kassa.testing import Running, running
from kassa.users import User
from kassa.users import service as people
from kassa.users.service import Who
from tests.apps.tokens.steps import eventually
from tests.cli.process import on
from tests.conftest import Fresh
from tgsandbox import Sandbox
from tgsandbox.people import Person
from tgsandbox.providers.shop import Shop


@dataclass
class Till:
    tg: Sandbox
    kassa: Running
    shops: Mapping[str, Shop]
    http: httpx.AsyncClient

    @property
    def db(self) -> Database:
        return self.kassa.database

    @property
    def payments(self) -> Payments:
        return self.kassa.payments

    @property
    def options(self) -> Options:
        return options.of(self.kassa.kassa.settings)

    async def user(self, person: Person, **more: Any) -> User:
        """As Kassa knows them, whether they have written to the bot or not."""
        who = Who(person.id, person.user.first_name, **more)
        return await self.db.run(lambda tx: people.see(tx, who))

    async def chooses(self, user: User, plan: str = "1m", **more: Any) -> Purchase:
        sold = self.options.plan(plan)
        assert sold is not None
        bot = str(self.kassa.kassa.bots.all[0].id)
        return await self.db.run(
            lambda tx: purchases.begin(tx, user.id, sold, self.options, bot=bot, **more)
        )

    async def asks(
        self, user: User, purchase: Purchase, provider: str = "oneplat", method: str = "card"
    ) -> Payment:
        """A payment of this purchase, started with the provider."""
        way = self.way(user, purchase, provider, method)
        payment = await self.db.run(
            lambda tx: purchases.payment(tx, self.kassa.kassa, user, purchase, way)
        )
        started = await self.payments.start(payment.id, provider=provider, method=method)
        assert started.checkout is not None, started
        return started.payment

    def way(self, user: User, purchase: Purchase, provider: str, method: str) -> Way:
        found = purchases.ways(self.kassa.kassa, purchase, user.language)
        return next(w for w in found if (w.provider, w.method) == (provider, method))

    async def pays(self, payment: Payment, provider: str = "", *, told: bool = True) -> None:
        """At the desk of a provider, the last that was asked where none is named; `told`: its
        callback comes, and it is settled when this ends."""
        attempts = await self.payments.attempts(payment.id)
        attempt = [each for each in attempts if provider in ("", each.provider)][-1]
        shop = self.shops[attempt.provider]
        assert attempt.ref is not None
        await shop.pay(attempt.ref)
        if told:
            await shop.delivered()
            await self.charged(payment, attempt.provider)

    async def charged(self, payment: Payment, provider: str) -> None:
        async def done() -> bool:
            found = await self.payments.charges(payment.id)
            return provider in [each.provider for each in found]

        await eventually(done)

    async def buys(self, user: User, plan: str = "1m", provider: str = "oneplat") -> Purchase:
        """The whole way; the panel may still be at it."""
        purchase = await self.chooses(user, plan)
        method = {"oneplat": "card", "stripe": "card", "cryptopay": "crypto"}[provider]
        await self.pays(await self.asks(user, purchase, provider, method))
        return await purchases.get(self.db, purchase.id)

    async def settled(self, payment: Payment) -> Payment:
        async def done() -> bool:
            found = await self.payments.get(self.db, payment.id)
            return found.delivery == "done"

        await eventually(done)
        return await self.payments.get(self.db, payment.id)

    async def has(self, user: User) -> Subscription:
        found = await service.standing(self.db, user.id)
        assert found is not None
        return found

    async def ends(self, user: User) -> datetime | None:
        return (await self.has(user)).expires_at

    async def provisioned(self, user: User) -> Subscription:
        async def done() -> bool:
            found = await service.standing(self.db, user.id)
            return found is not None and found.provisioned == found.wanted

        await eventually(done)
        return await self.has(user)

    async def audited(self) -> None:
        assert await ledger.audit(self.db) == []
        assert await self.db.fetch("SELECT * FROM payments.audit()") == []
        assert await self.db.fetch("SELECT * FROM subscriptions.audit()") == []


async def fulfilled(tx: Tx, number: int, price: Money | None = None) -> None:
    """As a payment does it, but for the payment: the money comes from nowhere."""
    found = await purchases.get(tx, number, lock=True)
    price = price or found.prices["RUB"]
    await purchases.fulfil(tx, found, price=price, paid_by=None)
    leg = Leg(suspense(price.currency), revenue(APP.name, price.currency), price)
    await ledger.post(tx, key=f"subscriptions.balance:{number}", legs=[leg])


async def run(till: Till, work: Any) -> Any:
    async def do(tx: Tx) -> Any:
        return await work(tx)

    return await till.db.run(do)


@asynccontextmanager
async def a_till(fresh: Fresh, tg: Sandbox, **settings: str) -> AsyncIterator[Till]:
    """`settings` are those of the environment. Shops are oneplat, cryptopay, stripe, yookassa."""
    shops = {name: tg.bank.shop(name) for name in ("oneplat", "cryptopay", "stripe", "yookassa")}
    oneplat, crypto, stripe, yookassa = shops.values()
    given = {
        "ONEPLAT_SHOP_ID": oneplat.credentials["shop_id"],
        "ONEPLAT_SHOP_SECRET": oneplat.credentials["secret"],
        "ONEPLAT_BASE_URL": oneplat.base_url,
        "CRYPTOPAY_BASE_URL": crypto.base_url,
        "CRYPTOPAY_TOKEN": crypto.credentials["token"],
        "STRIPE_SECRET_KEY": stripe.credentials["secret_key"],
        "STRIPE_WEBHOOK_SECRET": stripe.credentials["webhook_secret"],
        "STRIPE_BASE_URL": stripe.base_url,
        "YOOKASSA_BASE_URL": yookassa.base_url,
        "YOOKASSA_SHOP_ID": yookassa.credentials["shop_id"],
        "YOOKASSA_SECRET_KEY": yookassa.credentials["secret_key"],
        "YOOKASSA_NETWORKS": "127.0.0.0/8",
        "SUPPORT_CONTACT": "@help",
        **on(fresh),
        **settings,
    }
    async with running(APP, tg=tg, bot="vpn_bot", **given) as kassa:
        for name, shop in shops.items():
            shop.callback_url = f"{kassa.url}/pay/{name}/callback"
        oneplat.callback_url = f"{kassa.url}/1plat-webhook"
        async with httpx.AsyncClient(base_url=kassa.url) as http:
            yield Till(tg, kassa, shops, http)


def now() -> datetime:
    return clock.now()
