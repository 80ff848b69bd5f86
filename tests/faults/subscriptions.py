"""Plans are paid while everybody speaks at once: five copies of a callback to two processes, a
person who asks, whoever looks after payments, a panel that stumbles, and `kill -9` in between.
Then each must have been let in once, whoever invited them rewarded once, and the panel agree.
"""

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx

from kassa import ledger
from kassa.apps import Kassa
from kassa.apps.subscriptions import options, purchases
from kassa.apps.subscriptions.buying import PURPOSE
from kassa.apps.subscriptions.models import Purchase
from kassa.config import Settings
from kassa.db import APP, OWNER, Database, EmbeddedServer, Tx
from kassa.errors import KassaError
from kassa.payments import Looking, Payments
from kassa.payments.providers import configured
from kassa.users import User
from kassa.users import service as people
from kassa.users.service import Who
from tests.cli.process import Running, free_port
from tests.faults.updates import NO_SYNC
from tgsandbox import Sandbox
from tgsandbox.providers.remnawave import Remnawave
from tgsandbox.providers.shop import Shop

INVITERS = 5
AT_ONCE = 10  # rounds side by side, with a kill among them
COPIES = 5
PANEL_FAULTS = ("timeout_before", "timeout_after", "error_before", "error_after", "nonsense")


@dataclass
class Outcome:
    rounds: int = 0
    kills: int = 0
    callbacks: int = 0
    stumbles: int = 0
    broken: list[str] = field(default_factory=list)
    log: str = ""

    @property
    def good(self) -> bool:
        return not self.broken and self.rounds > 0

    def __str__(self) -> str:
        return "\n".join(
            [
                f"rounds        {self.rounds}, one person and one purchase each",
                f"kills         {self.kills} of one of two processes",
                f"callbacks     {self.callbacks}",
                f"panel         stumbled {self.stumbles} times",
                f"wrong         {len(self.broken)} {self.broken[:8] or ''}".rstrip(),
                *([self.log[-6000:]] if self.log else []),
            ]
        )


@dataclass
class Friend:
    user: User
    inviter: int
    months: int = 0
    paid: int = 0  # how many payments of theirs were paid


class Subscriptions:
    def __init__(self, home: Path, *, seed: int) -> None:
        self.home = home
        self.chance = random.Random(seed)
        self.outcome = Outcome()
        self.server = EmbeddedServer(home / "db", settings=NO_SYNC)
        self.friends: list[Friend] = []
        self.inviters: list[int] = []
        self._running: list[Running] = []

    def run(self, rounds: int) -> Outcome:
        for folder in (self.home / "db", self.home / "run"):
            folder.mkdir()
            folder.chmod(0o711)
        self.server.start()
        try:
            asyncio.run(self._run(rounds))
        finally:
            self.server.stop()
        return self.outcome

    async def _run(self, rounds: int) -> None:
        async with (
            Sandbox(seed=self.chance.getrandbits(32)) as tg,
            Database(self.server.address(APP), connections=8) as db,
            httpx.AsyncClient(timeout=10) as http,
        ):
            self.db, self.http, self.tg = db, http, tg
            self.bot = tg.bot("vpn_bot")
            self.oneplat, self.crypto = tg.bank.shop("oneplat"), tg.bank.shop("cryptopay")
            self.panel = cast(Remnawave, tg.bank.shop("remnawave"))
            self.ports = [free_port(), free_port()]
            self.given = self._settings()
            try:
                for each in range(2):
                    self._running.append(self._process(each))
                for running in self._running:
                    await running.ready(seconds=60)
                self.payments = self._payments()
                try:
                    await self._born()
                    for _ in range(0, rounds, AT_ONCE):
                        await self._group()
                    await self._until_quiet()
                    await self._judge()
                finally:
                    await self.payments.close()
            finally:
                for running in self._running:
                    if not self.outcome.good:
                        self.outcome.log += running.log[-3000:]
                    running.__exit__()

    # -- the processes ---------------------------------------------------------------

    def _settings(self) -> dict[str, str]:
        place = self.server.address(APP)
        url = "postgresql://{}@/{}?host={}&port=5432"
        return {
            "KASSA_HOME": str(self.home / "run"),
            "KASSA_APPS": "subscriptions",
            "KASSA_LOG": "json",
            "KASSA_LOG_LEVEL": "error",
            "DATABASE_URL": url.format(APP, place.database, place.socket),
            "DATABASE_OWNER_URL": url.format(OWNER, place.database, place.socket),
            "TELEGRAM_BOT_TOKEN": self.bot.token,
            "TELEGRAM_API_URL": self.bot.api,
            "ONEPLAT_BASE_URL": self.oneplat.base_url,
            "ONEPLAT_SHOP_ID": self.oneplat.credentials["shop_id"],
            "ONEPLAT_SHOP_SECRET": self.oneplat.credentials["secret"],
            "CRYPTOPAY_BASE_URL": self.crypto.base_url,
            "CRYPTOPAY_TOKEN": self.crypto.credentials["token"],
            "REMNAWAVE_URL": self.panel.base_url,
            "REMNAWAVE_TOKEN": self.panel.credentials["token"],
        }

    def _process(self, number: int) -> Running:
        return Running(self.home / "run", PORT=str(self.ports[number]), **self.given)

    def _payments(self) -> Payments:
        """Of a third process, as it were: ours."""
        ours: dict[str, Any] = {
            name.lower(): value
            for name, value in self.given.items()
            if name.startswith(("ONEPLAT_", "CRYPTOPAY_"))
        }
        return Payments(self.db, providers=configured(Settings(**ours)), purposes=[PURPOSE])

    async def _kill(self) -> None:
        await asyncio.sleep(self.chance.uniform(0, 0.5))
        which = self.chance.randrange(2)
        os.killpg(self._running[which].process.pid, signal.SIGKILL)
        self._running[which].__exit__()
        self.outcome.kills += 1
        # What the dead process had in hand is free by itself in a minute.
        # (Its jobs are locked in no order, so this may have to be done again.)
        free = "UPDATE outbox.job SET leased_until = NULL WHERE leased_until IS NOT NULL"
        await self.db.run(lambda tx: tx.execute(free))
        self._running[which] = self._process(which)
        await self._running[which].ready(seconds=60)

    # -- what happens ----------------------------------------------------------------

    async def _born(self) -> None:
        for number in range(INVITERS):
            person = self.tg.user(f"Inviter {number}")
            await person.start(self.bot)
            who = Who(person.id, person.name)
            found = await self.db.run(lambda tx, who=who: people.see(tx, who))  # type: ignore[misc]
            self.inviters.append(found.id)

    async def _group(self) -> None:
        friends = [await self._friend() for _ in range(AT_ONCE)]
        await asyncio.gather(self._kill(), *(self._round(each) for each in friends))

    async def _friend(self) -> Friend:
        person = self.tg.user(f"Friend {len(self.friends)}")
        await person.start(self.bot)
        who = Who(person.id, person.name)
        inviter = self.chance.choice(self.inviters)

        async def born(tx: Tx) -> User:
            user = await people.see(tx, who)
            code = (await people.get(tx, inviter)).referral_code
            await people.referred(tx, user.id, code)
            return user

        friend = Friend(await self.db.run(born), inviter)
        self.friends.append(friend)
        return friend

    async def _round(self, friend: Friend) -> None:
        plan = self.chance.choice(options.USUAL.plans)
        friend.months = plan.months
        bot = str(self.bot.id)
        purchase = await self.db.run(
            lambda tx: purchases.begin(tx, friend.user.id, plan, options.USUAL, bot=bot)
        )
        ways = [(self.oneplat, "card"), (self.oneplat, "sbp"), (self.crypto, "crypto")]
        tried = self.chance.sample(ways, self.chance.choice((1, 1, 2)))
        started = [await self._start(friend, purchase, *way) for way in tried]
        await asyncio.gather(*(self._paid(friend, *each) for each in started))

    async def _start(
        self, friend: Friend, purchase: Purchase, shop: Shop, method: str
    ) -> tuple[Shop, str, int]:
        house = cast(Kassa, self)
        found = purchases.ways(house, purchase, "ru")
        way = next(w for w in found if (w.provider, w.method) == (shop.provider, method))
        payment = await self.db.run(
            lambda tx: purchases.payment(tx, house, friend.user, purchase, way)
        )
        await self.payments.start(payment.id, provider=shop.provider, method=method)
        attempt = (await self.payments.attempts(payment.id))[-1]
        assert attempt.ref is not None
        return shop, attempt.ref, payment.id

    async def _paid(self, friend: Friend, shop: Shop, ref: str, payment: int) -> None:
        if self.chance.random() < 0.3:
            self.panel.fault("*", self.chance.choice(PANEL_FAULTS))
            self.outcome.stumbles += 1
        await shop.pay(ref)
        friend.paid += 1
        await self._all_at_once(shop, ref, payment)

    async def _all_at_once(self, shop: Shop, ref: str, payment: int) -> None:
        speaking: list[Coroutine[Any, Any, Any]] = [
            self._call(shop, ref, copy) for copy in range(COPIES)
        ]
        speaking += [self._ask(payment), self._look(payment)]
        self.chance.shuffle(speaking)
        await asyncio.gather(*speaking)

    async def _call(self, shop: Shop, ref: str, copy: int) -> None:
        """A copy of the callback, to one of the processes, which may be dead just now."""
        sent = shop.callback(ref)
        path = "/1plat-webhook" if shop is self.oneplat else f"/pay/{shop.provider}/callback"
        url = f"http://127.0.0.1:{self.ports[copy % 2]}{path}"
        with suppress(httpx.TransportError):
            await self.http.request(sent.method, url, content=sent.body, headers=sent.headers)
            self.outcome.callbacks += 1

    async def _ask(self, payment: int) -> None:
        """The button."""
        await asyncio.sleep(self.chance.uniform(0, 0.05))
        with suppress(KassaError):
            await self.payments.check(payment)

    async def _look(self, payment: int) -> None:
        await asyncio.sleep(self.chance.uniform(0, 0.05))
        with suppress(KassaError):
            await Looking(self.payments).look(payment)

    # -- what became of it -----------------------------------------------------------

    async def _until_quiet(self) -> None:
        await self.db.execute("UPDATE payments.payment SET look_at = now() WHERE look_at > now()")
        deadline = asyncio.get_running_loop().time() + 90
        left: dict[str, int] = {"all": 1}
        while any(left.values()) and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.2)
            due = """
                UPDATE outbox.job SET due_at = now() WHERE kind = 'subscriptions.provision'
                   AND due_at > now() AND leased_until IS NULL
            """
            await self.db.run(lambda tx, due=due: tx.execute(due))  # type: ignore[misc]
            row = await self.db.fetchrow(
                """
                SELECT (SELECT count(*) FROM outbox.job WHERE dead_at IS NULL
                           AND kind IN ('subscriptions.provision', 'subscriptions.reward')) AS jobs,
                       (SELECT count(*) FROM payments.inbox WHERE due_at IS NOT NULL) AS letters,
                       (SELECT count(*) FROM subscriptions.subscription
                         WHERE provisioned < wanted) AS behind
                """
            )
            left = dict(row or {})
        if any(left.values()):
            jobs = await self.db.fetch("SELECT kind, attempts, last_error FROM outbox.job LIMIT 5")
            self.outcome.broken.append(f"it is never quiet: {left} {[dict(job) for job in jobs]}")

    async def _judge(self) -> None:
        wrong = self.outcome.broken
        self.outcome.rounds = len(self.friends)
        rows = await self.db.fetch("SELECT user_id, kind, cause, months FROM subscriptions.term")
        given: dict[int, list[tuple[str, int]]] = {}
        for row in rows:
            given.setdefault(row["user_id"], []).append((row["kind"], row["months"]))
        for each in self.friends:
            right = [("paid", each.months)] if each.paid else []
            if given.get(each.user.id, []) != right:
                wrong.append(f"{each.user.id} paid {each.paid}, has {given.get(each.user.id)}")
        brought = Counter(each.inviter for each in self.friends if each.paid)
        for inviter in self.inviters:
            days = [kind for kind, _ in given.get(inviter, [])]
            if days != ["referral"] * brought[inviter]:
                wrong.append(f"inviter {inviter} brought {brought[inviter]}, has {days}")
        subscriptions = await self.db.fetch(
            "SELECT username, expires_at, link FROM subscriptions.subscription"
        )
        for row in subscriptions:
            found = self.panel.users.get(row["username"])
            if found is None or abs(found.expires - row["expires_at"].timestamp()) >= 1:
                wrong.append(f"the panel does not agree on {row['username']}: {found}")
        if len(self.panel.users) != len(subscriptions):
            wrong.append(f"{len(self.panel.users)} at the panel, {len(subscriptions)} here")
        news = await self.db.fetchval("SELECT count(*) FROM subscriptions.news")
        if news:
            wrong.append(f"{news} news were never told")
        findings = await ledger.audit(self.db)
        wrong += [f"{each.invariant}: {each.subject} ({each.detail})" for each in findings]
        for schema in ("payments", "subscriptions"):
            found_wrong = await self.db.fetch(f"SELECT * FROM {schema}.audit()")
            wrong += [str(dict(row)) for row in found_wrong]
