"""A whole shop in a test: a provider's fake with its books, our adapter, HTTP between them."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from docs.examples.payments.tinypay import Tinypay
from kassa import clock, ledger
from kassa.config import BotSettings, Settings
from kassa.db import OWNER, Database, Tx
from kassa.ledger import Account, Leg, clearing, debt, revenue, suspense, wallet
from kassa.money import Money
from kassa.payments import (
    Delivered,
    Inbox,
    Looking,
    Message,
    Payer,
    Payment,
    Payments,
    Purpose,
    Refund,
    Started,
    api,
)
from kassa.payments.cases import Said
from kassa.payments.providers import configured
from kassa.payments.providers.protocol import Provider
from kassa.secret import Secret
from kassa.web import create_app
from tests.conftest import Fresh
from tests.payments import native
from tests.payments.native import SECRET_KEY, NativeShop
from tgsandbox import Sandbox
from tgsandbox.providers.bank import PROVIDERS
from tgsandbox.providers.shop import Shop
from tgsandbox.server import Listener

USER = 17
TELEGRAM = 100_017


@dataclass(frozen=True)
class Kind:
    """How a provider is set up, and what is asked for in its cases."""

    name: str
    settings: Callable[[Shop], dict[str, Any]]
    price: Money
    method: str
    made: Callable[[Shop], Provider] | None = None  # of an adapter that no settings know

    def adapters(self, shop: Shop, **changes: Any) -> dict[str, Provider]:
        """For this shop; `changes` are to its settings."""
        if self.made is not None:
            return {self.name: self.made(shop)}
        return configured(Settings(debug=True, **{**self.settings(shop), **changes}))


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "stripe",
            lambda shop: {
                "stripe_secret_key": shop.credentials["secret_key"],
                "stripe_webhook_secret": shop.credentials["webhook_secret"],
                "stripe_base_url": shop.base_url,
            },
            Money(500, "USD"),
            "card",
        ),
        Kind(
            "oneplat",
            lambda shop: {
                "oneplat_shop_id": shop.credentials["shop_id"],
                "oneplat_shop_secret": shop.credentials["secret"],
                "oneplat_base_url": shop.base_url,
            },
            Money(50_000, "RUB"),
            "card",
        ),
        Kind(
            "cryptopay",
            lambda shop: {
                "cryptopay_token": shop.credentials["token"],
                "cryptopay_base_url": shop.base_url,
            },
            Money(5_000_000, "USDT"),
            "crypto",
        ),
        Kind(
            "yookassa",
            lambda shop: {
                "yookassa_shop_id": shop.credentials["shop_id"],
                "yookassa_secret_key": shop.credentials["secret_key"],
                "yookassa_base_url": shop.base_url,
            },
            Money(50_000, "RUB"),
            "card",
        ),
    )
}


def _bots(shop: Shop) -> dict[str, Any]:
    """One bot of the sandbox; with a provider token where cards are paid."""
    assert isinstance(shop, NativeShop)
    token = Secret(shop.credentials["provider_token"])
    bot = BotSettings(
        token=Secret(shop.credentials["token"]),
        apps=("tokens",),
        provider_tokens={} if shop.stars else {"RUB": token, "USD": token},
    )
    return {"bots": (bot,), "telegram_api_url": shop.tg.url, "secret_key": SECRET_KEY}


NATIVE = {
    kind.name: kind
    for kind in (
        Kind("stars", _bots, Money(250, "XTR"), "stars"),
        Kind("telegram", _bots, Money(50_000, "RUB"), "card"),
    )
}

# An adapter of one's own is tested like all others: this is the row of the documentation's.
PROVIDERS.setdefault("tinypay", "docs.examples.payments.tinypay_bank:TinypayBank")
EVERYBODY = {
    **KINDS,
    **NATIVE,
    "tinypay": Kind(
        "tinypay",
        lambda shop: {},
        Money(5_00, "USD"),
        "card",
        made=lambda shop: Tinypay(
            shop.credentials["key"], [shop.credentials["secret"]], base_url=shop.base_url
        ),
    ),
}


@dataclass
class Goods:
    """An app that sells: its rows, its revenue, and ways to fail."""

    raises: int = 0  # so many deliveries fail; -1: all of them
    keeps: bool = False  # taking back fails
    given: list[int] = field(default_factory=list)  # tries, not effects: those are in the table

    async def on_paid(self, tx: Tx, payment: Payment) -> Delivered:
        self.given.append(payment.id)
        await tx.execute("INSERT INTO goods (payment_id) VALUES ($1)", payment.id)
        if self.raises:
            self.raises -= 1
            raise RuntimeError("the shelf is empty")
        price = payment.amount
        return Delivered(
            legs=[
                Leg(wallet(payment.user, price.currency), revenue("goods", price.currency), price)
            ],
            messages=[Message("goods-given", {"payment": payment.id})],
        )

    async def on_refunded(self, tx: Tx, payment: Payment, refund: Refund) -> Delivered:
        if self.keeps:
            raise RuntimeError("it has been eaten")
        share = refund.share
        await tx.execute(
            "UPDATE goods SET taken = taken + $2 WHERE payment_id = $1", payment.id, share.amount
        )
        of = (revenue("goods", share.currency), wallet(payment.user, share.currency))
        return Delivered(legs=[Leg(*of, share)])


@dataclass
class Rig:
    kind: Kind
    db: Database
    tg: Sandbox
    shop: Shop
    payments: Payments
    inbox: Inbox
    looking: Looking
    goods: Goods
    url: str
    http: httpx.AsyncClient

    @property
    def provider(self) -> Provider:
        return self.payments.providers[self.kind.name]

    @property
    def payer(self) -> int:
        """Their Telegram id: who pays inside Telegram is somebody there."""
        return self.shop.buyer.id if isinstance(self.shop, NativeShop) else TELEGRAM

    @property
    def price(self) -> Money:
        return self.kind.price

    async def new(
        self, *, purpose: str = "test.goods", amount: Money | None = None, **more: Any
    ) -> Payment:
        more.setdefault("payer", Payer(telegram_id=self.payer, email="buyer@example.com"))
        more.setdefault("return_url", "https://shop.example.com/success")
        more.setdefault("cancel_url", "https://shop.example.com/cancel")
        return await self.db.run(
            lambda tx: self.payments.create(
                tx,
                user=USER,
                amount=amount or self.price,
                purpose=purpose,
                description="A thing",
                **more,
            )
        )

    async def begin(self, **more: Any) -> Started:
        """A payment that waits for its payer."""
        payment = await self.new(**more)
        return await self.payments.start(
            payment.id, provider=self.kind.name, method=self.kind.method
        )

    async def arrive(self) -> None:
        """What the fake has sent is delivered and settled."""
        await self.shop.delivered()
        await self.inbox.drain()

    async def paid(self, **more: Any) -> Payment:
        """A payment that is paid, and settled."""
        started = await self.begin(**more)
        await self.shop.pay(ref(started))
        await self.arrive()
        return await self.get(started)

    async def get(self, of: Started | Payment) -> Payment:
        number = of.payment.id if isinstance(of, Started) else of.id
        return await self.payments.get(self.db, number)

    async def balance(self, account: Account) -> int:
        return (await ledger.balance(self.db, account)).posted.amount

    async def wallet(self, currency: str = "") -> int:
        return await self.balance(wallet(USER, currency or self.price.currency))

    async def debt(self, currency: str = "") -> int:
        return -await self.balance(debt(USER, currency or self.price.currency))

    async def revenue(self) -> int:
        return await self.balance(revenue("goods", self.price.currency))

    async def suspense(self, currency: str = "") -> int:
        return await self.balance(suspense(currency or self.price.currency))

    async def goods_given(self) -> dict[int, int]:
        """Payments that were delivered, and what was taken back of each."""
        found = await self.db.fetch("SELECT payment_id, taken FROM goods ORDER BY payment_id")
        return {row["payment_id"]: row["taken"] for row in found}

    async def said(self) -> list[str]:
        """The texts that were put out to be said, to payers and to the operator."""
        found = await self.db.fetch(
            "SELECT kind, payload FROM outbox.job WHERE kind IN ('telegram.send', 'operator.tell')"
            " ORDER BY id"
        )
        return [f"{row['kind'].partition('.')[0]}: {row['payload']['text']}" for row in found]

    async def reconcile(self) -> None:
        """Whatever the provider lists is settled, as if it were told of now."""
        now = clock.now()
        async for report in self.provider.list(now - timedelta(days=40), now + timedelta(days=1)):
            await self.payments.tell([Said(self.kind.name, report)])

    async def agree(self) -> None:
        """The fake's books and ours agree to the cent, and the audit is clean."""
        if self.kind.name == "stripe":  # whose events do not say what it kept
            await self.reconcile()
        held = {currency: amount for currency, amount in self.shop.held().items() if amount}
        ours = {}
        for currency in {*held, self.price.currency}:
            amount = -await self.balance(clearing(self.kind.name, currency))
            if amount:
                ours[currency] = amount
        assert ours == held, f"we think {ours}, {self.kind.name} says {held}"
        assert await ledger.audit(self.db) == []
        assert await self.db.fetch("SELECT * FROM payments.audit()") == []


def ref(started: Started) -> str:
    assert started.attempt.ref is not None, started
    return started.attempt.ref


@asynccontextmanager
async def a_rig(
    fresh: Fresh,
    kind: Kind,
    *,
    purposes: Sequence[Purpose] = (),
    deliver_late: bool = False,
    **settings: Any,
) -> AsyncIterator[Rig]:
    """Clocks go together: the sandbox's is ours."""
    async with Database(fresh.address(OWNER)) as owner:
        await owner.execute(
            "CREATE TABLE goods (payment_id bigint PRIMARY KEY, taken bigint NOT NULL DEFAULT 0);"
            "GRANT SELECT, INSERT, UPDATE ON goods TO kassa_app"
        )
    goods = Goods()
    selling = Purpose("test.goods", goods.on_paid, goods.on_refunded, deliver_late=deliver_late)
    app = create_app(None, routes=api.routes)  # type: ignore[arg-type]
    async with Sandbox() as tg, Database(fresh.address()) as db, httpx.AsyncClient() as http:
        with clock.moved(lambda: datetime.fromtimestamp(tg.world.clock.time(), UTC)):
            listener = Listener(app)
            await listener.start()
            url = f"http://127.0.0.1:{listener.port}"
            try:
                path = "/update" if kind.name in NATIVE else f"/pay/{kind.name}/callback"
                shop = tg.bank.shop(kind.name, callback_url=url + path)
                if isinstance(shop, NativeShop):
                    shop.open(tg)
                adapters = kind.adapters(shop, **settings)
                payments = Payments(db, providers=adapters, purposes=[selling, *purposes])
                inbox = Inbox(payments)
                if isinstance(shop, NativeShop):
                    shop.watch(payments, adapters[kind.name])
                    app.router.routes += native.routes(db, payments, shop.bot.id)
                app.state.inbox, app.state.settings = inbox, Settings(debug=True, **settings)
                looking = Looking(payments)
                try:
                    yield Rig(kind, db, tg, shop, payments, inbox, looking, goods, url, http)
                finally:
                    await payments.close()
            finally:
                await listener.stop()
