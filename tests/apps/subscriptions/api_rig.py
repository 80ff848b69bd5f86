"""People who ask the API of subscriptions, as the page and as services do."""

import uuid
from dataclasses import dataclass
from typing import Any

import httpx

from kassa import ledger
from kassa.ledger import Leg, suspense, wallet
from kassa.money import Money
from tests.apps.subscriptions.rig import Till
from tgsandbox.people import Person
from tgsandbox.telegram.mini_apps import init_data


@dataclass
class Caller:
    """One person, by their init data."""

    till: Till
    person: Person

    def headers(self, **more: str) -> dict[str, str]:
        data = init_data(self.till.tg.world, self.person.user, self.till.kassa.bot.record)
        return {"X-Telegram-Init-Data": data, **more}

    async def call(
        self, method: str, path: str, json: Any = None, **headers: str
    ) -> httpx.Response:
        url = f"/api/subscriptions/{path}"
        given = {} if json is None else {"json": json}
        return await self.till.http.request(method, url, headers=self.headers(**headers), **given)

    async def get(self, path: str) -> Any:
        answer = await self.call("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, json: Any = None, *, status: int = 200) -> Any:
        answer = await self.call("POST", path, {} if json is None else json)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def order(self, *, key: str | None = "", **changes: Any) -> httpx.Response:
        """A month by card at 1Plat, but for the changes."""
        asked = {"plan": "1m", "provider": "oneplat", "method": "card", **changes}
        headers = {} if key is None else {"Idempotency-Key": key or uuid.uuid4().hex}
        return await self.call("POST", "", asked, **headers)

    async def refused(self, status: int, code: str, **changes: Any) -> Any:
        answer = await self.order(**changes)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
        return answer.json()

    async def paid(self, made: Any, provider: str = "oneplat") -> None:
        await self.till.pays(
            await self.till.payments.get(self.till.db, int(made["payment_id"])), provider
        )

    async def has(self, amount: str, currency: str = "RUB") -> None:
        """On their balance."""
        await self.get("me")  # they are known then, with their language
        user = await self.till.user(self.person)
        sum = Money.from_decimal(amount, currency)
        leg = Leg(suspense(currency), wallet(user.id, currency), sum)
        await self.till.db.run(
            lambda tx: ledger.post(tx, key=f"test:{uuid.uuid4().hex}", legs=[leg])
        )
