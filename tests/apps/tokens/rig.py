"""Kassa with the app tokens, its providers in the sandbox's bank, and people who buy by its API as
the page does."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from kassa import ledger
from kassa.apps.tokens import APP, service
from kassa.payments import Payment, Payments
from kassa.testing import Running, running
from kassa.users import service as people
from tests.cli.process import on
from tests.conftest import Fresh
from tgsandbox import BotAccess, Sandbox
from tgsandbox.people import Person
from tgsandbox.providers.shop import Shop
from tgsandbox.telegram.mini_apps import init_data

PAID = "✅ Платеж успешно выполнен!\n\nЗачислено: 100 токенов\nСумма: $5\n\nСпасибо за покупку! 🎉"


@dataclass
class Till:
    tg: Sandbox
    kassa: Running
    stripe: Shop
    oneplat: Shop
    http: httpx.AsyncClient

    @property
    def payments(self) -> Payments:
        return self.kassa.payments

    def data(self, person: Person, *, bot: BotAccess | None = None, **more: Any) -> str:
        """Init data, as the page gets it."""
        return init_data(self.tg.world, person.user, (bot or self.kassa.bot).record, **more)

    def headers(self, person: Person) -> dict[str, str]:
        return {"X-Telegram-Init-Data": self.data(person)}

    async def get(self, person: Person, path: str) -> httpx.Response:
        return await self.http.get(f"/api/miniapp/{path}", headers=self.headers(person))

    async def post(self, person: Person, path: str) -> httpx.Response:
        return await self.http.post(f"/api/miniapp/{path}", headers=self.headers(person))

    async def ask(self, person: Person, *, key: str | None = "", **changes: Any) -> httpx.Response:
        """For 100 tokens by card, but for the changes."""
        asked = {
            "email": "user@example.com",
            "credits": 100,
            "amount": 5.0,
            "currency": "USD",
            "payment_method": "card",
            "user_id": person.id,
            "init_data": self.data(person),
            **changes,
        }
        headers = {} if key is None else {"Idempotency-Key": key or uuid.uuid4().hex}
        return await self.http.post("/api/miniapp/create-payment", json=asked, headers=headers)

    async def buys(self, person: Person, **changes: Any) -> int:
        """Asks and pays at Stripe; the number of the payment that is settled then."""
        answer = await self.ask(person, **changes)
        assert answer.status_code == 200, answer.text
        number = int(answer.json()["payment_id"])
        await self.stripe.pay(self.stripe.payments[-1].ref)
        await self.stripe.delivered()
        await self.kassa.payments.check(number)
        return number

    async def payment(self, number: int) -> Payment:
        return await self.payments.get(self.payments.database, number)

    async def number(self, person: Person) -> int:
        return (await people.by_telegram(self.kassa.database, person.id)).id

    async def standing(self, person: Person) -> tuple[int, int, int]:
        """Balance, debt, deposited."""
        found = await service.standing(self.kassa.database, await self.number(person))
        return found.balance, found.debt, found.total_deposited

    async def spends(self, person: Person, cost: int, key: str = "x") -> None:
        number = await self.number(person)
        await service.spend(self.kassa.database, number, cost, key=key)

    async def audited(self) -> None:
        assert await ledger.audit(self.kassa.database) == []
        assert await self.kassa.database.fetch("SELECT * FROM payments.audit()") == []


@asynccontextmanager
async def a_till(fresh: Fresh, tg: Sandbox, **settings: str) -> AsyncIterator[Till]:
    stripe, oneplat = tg.bank.shop("stripe"), tg.bank.shop("oneplat")
    given = {
        "STRIPE_SECRET_KEY": stripe.credentials["secret_key"],
        "STRIPE_WEBHOOK_SECRET": stripe.credentials["webhook_secret"],
        "STRIPE_BASE_URL": stripe.base_url,
        "ONEPLAT_SHOP_ID": oneplat.credentials["shop_id"],
        "ONEPLAT_SHOP_SECRET": oneplat.credentials["secret"],
        "ONEPLAT_BASE_URL": oneplat.base_url,
        "SUPPORT_CONTACT": "@help",
        **on(fresh),
        **settings,
    }
    async with running(APP, tg=tg, **given) as kassa:
        stripe.callback_url = f"{kassa.url}/api/miniapp/payment-webhook"
        oneplat.callback_url = f"{kassa.url}/1plat-webhook"
        async with httpx.AsyncClient(base_url=kassa.url) as http:
            yield Till(tg, kassa, stripe, oneplat, http)
