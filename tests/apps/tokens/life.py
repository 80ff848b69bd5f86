"""Two hundred people who top up, spend, draw and are refunded at random, while the process that
serves them is killed; and what their books must say in the end, by Stripe's own books."""

import asyncio
import os
import random
import signal
import uuid
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from kassa import ledger
from kassa.apps.tokens import NotEnough, service
from kassa.apps.tokens.buying import PURPOSE
from kassa.config import Settings
from kassa.db import Database, Tx
from kassa.errors import KassaError
from kassa.ledger import clearing
from kassa.payments import CannotRefund, Payments
from kassa.payments.cases import Said
from kassa.payments.providers import configured
from kassa.users import service as people
from kassa.users.service import Who
from tests.apps.tokens.steps import eventually
from tests.cli.process import Running, free_port, on
from tests.conftest import Fresh
from tgsandbox import Sandbox
from tgsandbox.people import Person
from tgsandbox.telegram.mini_apps import init_data

PEOPLE = 200
AT_ONCE = 8
PACKAGES = {100: 500, 200: 1000, 500: 2500}


@dataclass
class Life:
    fresh: Fresh
    db: Database
    tg: Sandbox
    folder: Path
    seed: int
    acts: Counter[str] = field(default_factory=Counter)
    spent: Counter[int] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.bot = self.tg.bot("life_bot")
        self.port = str(free_port())
        url = f"http://127.0.0.1:{self.port}"
        self.shop = self.tg.bank.shop("stripe", callback_url=f"{url}/api/miniapp/payment-webhook")
        self.given = {
            "STRIPE_SECRET_KEY": self.shop.credentials["secret_key"],
            "STRIPE_WEBHOOK_SECRET": self.shop.credentials["webhook_secret"],
            "STRIPE_BASE_URL": self.shop.base_url,
            "TELEGRAM_BOT_TOKEN": self.bot.token,
            "TELEGRAM_API_URL": self.bot.api,
            "TELEGRAM_WEBHOOK_URL": f"{url}/telegram/webhook/",
            "PUBLIC_BASE_URL": url,
        }
        ours: dict[str, Any] = {
            name.lower(): value for name, value in self.given.items() if "STRIPE" in name
        }
        self.payments = Payments(
            self.db, providers=configured(Settings(**ours)), purposes=[PURPOSE]
        )
        self.http = httpx.AsyncClient(base_url=url, timeout=10)
        self.numbers: list[int] = []
        self.persons: list[Person] = []

    # -- the story -------------------------------------------------------------------

    async def lived(self, *, acts: int, kills: int) -> None:
        kassa = await self._started()
        try:
            await self._born()
            for part in range(kills + 1):
                share = [self._act() for _ in range(acts // (kills + 1))]
                busy = asyncio.create_task(_side_by_side(share))
                if part < kills:
                    await asyncio.sleep(self.chance.uniform(0.3, 1.2))
                    os.killpg(kassa.process.pid, signal.SIGKILL)
                    kassa.__exit__()
                    kassa = await self._started()
                await busy
            await self._settled()
        finally:
            kassa.__exit__()
            await self.http.aclose()
            await self.payments.close()

    async def _started(self) -> Running:
        running = Running(self.folder, PORT=self.port, **self.given, **on(self.fresh))
        return await running.ready()

    async def _born(self) -> None:
        self.persons = [self.tg.user(f"Житель {n}") for n in range(PEOPLE)]

        async def born(tx: Tx) -> None:
            for each in self.persons:
                self.numbers.append((await people.see(tx, Who(each.id, each.name))).id)

        await self.db.run(born)

    async def _act(self) -> None:
        at = self.chance.randrange(PEOPLE)
        act = self.chance.choices(
            (self._tops_up, self._spends, self._draws, self._is_refunded), (40, 40, 6, 14)
        )[0]
        with suppress(httpx.TransportError, KassaError):
            await act(at)
            self.acts[act.__name__] += 1

    async def _tops_up(self, at: int) -> None:
        person = self.persons[at]
        tokens = self.chance.choice(list(PACKAGES))
        asked = {
            "email": "user@example.com",
            "credits": tokens,
            "amount": PACKAGES[tokens] / 100,
            "currency": "USD",
            "payment_method": "card",
            "user_id": person.id,
            "init_data": init_data(self.tg.world, person.user, self.bot.record),
        }
        answer = await self.http.post(
            "/api/miniapp/create-payment",
            json=asked,
            headers={"Idempotency-Key": uuid.uuid4().hex},
        )
        if answer.status_code == 200:
            number = int(answer.json()["payment_id"])
            (attempt,) = await self.payments.attempts(number)
            await self.shop.pay(str(attempt.ref))

    async def _spends(self, at: int) -> None:
        cost, key = self.chance.randint(1, 80), uuid.uuid4().hex
        with suppress(NotEnough):
            await self.db.run(lambda tx: service.spend(tx, self.numbers[at], cost, key=key))
            self.spent[at] += cost

    async def _draws(self, at: int) -> None:
        await self.persons[at].send(self.bot, f"/generate узор {at}")

    async def _is_refunded(self, at: int) -> None:
        """By Stripe's cabinet, or by us."""
        paid = [each for each in self.shop.payments if each.paid > each.refunded]
        if not paid:
            return
        payment = self.chance.choice(paid)
        amount = self.chance.randint(1, payment.paid - payment.refunded)
        if self.chance.random() < 0.6:
            await self.shop.refund(payment.ref, amount)
            return
        row = await self.db.fetchrow(
            "SELECT payment_id FROM payments.attempt WHERE ref = $1", payment.ref
        )
        if row is not None:
            with suppress(CannotRefund):
                await self.payments.refund(
                    row["payment_id"],
                    key=uuid.uuid4().hex,
                    even_if_spent=self.chance.random() < 0.5,
                )

    # -- the end ---------------------------------------------------------------------

    async def _settled(self) -> None:
        """All that Stripe knows is known to us: callbacks may have died with a process."""
        provider = self.payments.providers["stripe"]

        async def known(ref: str) -> None:
            await self.payments.tell([Said("stripe", await provider.status(ref))])

        await _side_by_side([known(each.ref) for each in self.shop.payments])

        # Nobody needs to wait until what a killed process had taken is free by itself.
        await self.db.execute(
            "UPDATE outbox.job SET leased_until = clock_timestamp() WHERE leased_until IS NOT NULL"
        )

        async def quiet() -> bool:
            return not await self.db.fetchval(
                """
                SELECT EXISTS (SELECT FROM tokens.drawing WHERE status = 'wanted')
                    OR EXISTS (SELECT FROM payments.inbox WHERE due_at IS NOT NULL)
                    OR EXISTS (SELECT FROM payments.refund
                                WHERE status IN ('prepared', 'sent', 'unknown'))
                """
            )

        await eventually(quiet, seconds=60)

    async def judged(self) -> None:
        """Every person to the token, the till to the cent, and no hold left."""
        assert await ledger.audit(self.db) == []
        assert await self.db.fetch("SELECT * FROM payments.audit()") == []
        rows = await self.db.fetch(
            """
            SELECT p.user_id, a.ref, (p.details #>> '{data,tokens}')::bigint AS tokens
              FROM payments.attempt a JOIN payments.payment p ON p.id = a.payment_id
             WHERE a.ref IS NOT NULL
            """
        )
        by_ref = {each.ref: each for each in self.shop.payments}
        right: Counter[int] = Counter()
        for row in rows:
            paid = by_ref[row["ref"]]
            if paid.paid:
                taken = row["tokens"] * paid.refunded // paid.paid
                right[row["user_id"]] += row["tokens"] - taken
        drawn = await self.db.fetch(
            "SELECT user_id, sum(cost)::bigint AS cost FROM tokens.drawing"
            " WHERE status = 'done' GROUP BY 1"
        )
        for row in drawn:
            right[row["user_id"]] -= row["cost"]
        for at, cost in self.spent.items():
            right[self.numbers[at]] -= cost
        for number in self.numbers:
            found = await service.standing(self.db, number)
            assert found.balance - found.debt == right[number], number
            assert found.balance >= 0
        pictures = "SELECT count(*) FROM tokens.drawing WHERE status = 'done'"
        assert self.tg.transcript().count("(photo)") >= await self.db.fetchval(pictures)
        held = await self.db.fetchval("SELECT count(*) FROM ledger.open_hold")
        assert held == 0
        money = await ledger.balance(self.db, clearing("stripe", "USD"))
        assert -money.posted.amount == self.shop.held().get("USD", 0)


async def _side_by_side(acts: Sequence[Any]) -> None:
    waiting = list(acts)

    async def one_after_another() -> None:
        while waiting:
            await waiting.pop()

    await asyncio.gather(*(one_after_another() for _ in range(AT_ONCE)))
