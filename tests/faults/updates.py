"""`kassa run` is killed while people talk to its bot and pay; then it is counted what was lost,
doubled, or never said.

A round is one kill: of all of Kassa, or of its worker alone. Whoever waits for an answer meanwhile
goes on waiting, and closes the payment sheet and opens it again, as a person would.
"""

import asyncio
import contextlib
import os
import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from kassa import ledger
from kassa.db import APP, OWNER, Database, EmbeddedServer
from kassa.db.database import connect
from tests.cli.process import Running, free_port
from tests.faults import updates_app
from tests.faults.updates_people import PEOPLE, Crowd
from tgsandbox import BotAccess, Sandbox

WAYS = ("webhook", "polling")
NO_SYNC = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


@dataclass
class Outcome:
    rounds: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    acts: int = 0
    updates: int = 0
    effects: int = 0
    charges: int = 0
    slowest: float = 0.0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    log: str = ""  # the last words of the last process, where something is wrong

    @property
    def good(self) -> bool:
        wrong = self.lost or self.doubled or self.silent or self.broken
        return not wrong and self.effects > 0

    def add(self, other: "Outcome") -> None:
        self.kills += other.kills
        for name in ("rounds", "acts", "updates", "effects", "charges"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("lost", "doubled", "silent", "broken"):
            getattr(self, name).extend(getattr(other, name))
        self.slowest = max(self.slowest, other.slowest)
        self.log += other.log

    def __str__(self) -> str:
        kills = ", ".join(f"{count} x {what}" for what, count in sorted(self.kills.items()))
        return "\n".join(
            [
                f"kills         {sum(self.kills.values())} ({kills})",
                f"updates       {self.updates} of {self.acts} acts, {self.effects} effects",
                f"paid          {self.charges}",
                f"slowest       {self.slowest:.1f} s from the last kill to an answer",
                f"lost          {len(self.lost)} {self.lost[:5] or ''}".rstrip(),
                f"doubled       {len(self.doubled)} {self.doubled[:5] or ''}".rstrip(),
                f"never said    {len(self.silent)} {self.silent[:5] or ''}".rstrip(),
                f"audit         {'clean' if not self.broken else self.broken[:5]}",
                *([self.log[-6000:]] if self.log else []),
            ]
        )


class Updates:
    """One way of getting updates, killed so many times."""

    def __init__(self, home: Path, way: str, *, seed: int, people: int = PEOPLE) -> None:
        self.home = home
        self.way = way
        self.chance = random.Random(f"{seed}:{way}")
        self.people = people
        self.outcome = Outcome()
        self.server = EmbeddedServer(home / way, settings=NO_SYNC)
        self._port = free_port()
        self._running: Running | None = None

    def run(self, rounds: int, *, acts: int = 0) -> Outcome:
        """Until there were so many kills, and so many acts."""
        for folder in (self.home / self.way, self.home / self.way / "run"):
            folder.mkdir()
            folder.chmod(0o711)
        self.server.start()
        try:
            asyncio.run(self._run(rounds, acts))
        finally:
            self.server.stop()
        return self.outcome

    async def _run(self, rounds: int, acts: int) -> None:
        owner = await connect(self.server.address(OWNER))
        await owner.execute(updates_app.TABLE)
        await owner.close()
        shutil.copy(updates_app.__file__, self.home / self.way / "run")
        async with Sandbox(seed=self.chance.getrandbits(32)) as tg, self._database() as db:
            bot = tg.bot("fault_bot")
            self._start(bot)
            try:
                assert self._running is not None
                await self._running.ready(seconds=60)
                crowd = Crowd(tg, bot, self.people, random.Random(self.chance.getrandbits(32)))
                async with crowd.acting():
                    for _ in range(rounds):
                        await self._until_busy(crowd)
                        await self._kill(bot, db, crowd)
                        self.outcome.rounds += 1
                    while crowd.acts < acts and not crowd.idle:
                        await asyncio.sleep(0.05)
                await self._until_quiet(db)
                await self._end()
                await self._judge(db, crowd, tg)
            finally:
                if self._running is not None:
                    if not self.outcome.good:
                        self.outcome.log = self._running.log
                    self._running.__exit__()

    @asynccontextmanager
    async def _database(self) -> AsyncIterator[Database]:
        async with Database(self.server.address(APP), connections=2) as db:
            yield db

    # -- the process ---------------------------------------------------------------

    def _start(self, bot: BotAccess) -> None:
        place = self.server.address(APP)
        url = "postgresql://{}@/{}?host={}&port=5432"
        given = {
            "KASSA_HOME": str(self.home / self.way / "run"),
            "KASSA_APPS": "updates_app",
            "KASSA_LOG": "json",
            "KASSA_LOG_LEVEL": "warning",
            "PORT": str(self._port),
            "DATABASE_URL": url.format(APP, place.database, place.socket),
            "DATABASE_OWNER_URL": url.format(OWNER, place.database, place.socket),
            "TELEGRAM_BOT_TOKEN": bot.token,
            "TELEGRAM_API_URL": bot.api,
        }
        if self.way == "webhook":
            given["TELEGRAM_WEBHOOK_URL"] = f"http://127.0.0.1:{self._port}/telegram/webhook/"
        self._running = Running(self.home / self.way / "run", **given)

    async def _until_busy(self, crowd: Crowd) -> None:
        """Some were answered since it came back; then just when somebody acts, or any moment."""
        enough = crowd.answered + self.chance.randint(1, 25)
        deadline = time.monotonic() + 20
        while crowd.answered < enough and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        if crowd.answered < enough and not crowd.answered_lately(20):
            self.outcome.broken.append(f"nobody was answered in round {self.outcome.rounds}")
        await asyncio.sleep(self.chance.uniform(0, 0.4))
        if self.chance.random() < 0.7:
            acts, deadline = crowd.acts, time.monotonic() + 1
            while crowd.acts == acts and time.monotonic() < deadline:
                await asyncio.sleep(0)
            await asyncio.sleep(self.chance.uniform(0.002, 0.02))

    async def _kill(self, bot: BotAccess, db: Database, crowd: Crowd) -> None:
        assert self._running is not None
        what = self.chance.choice(("all", "worker"))
        workers = self._running.workers()
        if what == "worker" and workers:
            for each in workers:
                with contextlib.suppress(psutil.NoSuchProcess):
                    each.kill()
                    each.wait(10)
        else:
            what = "all"
            os.killpg(self._running.process.pid, signal.SIGKILL)
            self._running.process.wait()
        self.outcome.kills[what] += 1
        crowd.startle()
        await _a_minute_passes(db)
        if what == "all":
            self._again(bot)
        await self._back(bot)
        if hook := bot.record.webhook:  # Telegram would pause for a minute by and by
            await bot.call(
                "setWebhook",
                url=hook["url"],
                secret_token=hook["secret"],
                max_connections=hook["max_connections"],
                allowed_updates=bot.record.allowed,
            )

    async def _back(self, bot: BotAccess) -> None:
        """granian ends when workers die one soon after another; whatever runs Kassa, as systemd
        or Docker does, begins it anew."""
        assert self._running is not None
        running = self._running
        deadline = time.monotonic() + 60
        while not running.is_ready() and time.monotonic() < deadline:
            if running.process.poll() is not None and "crash loop" in running.log:
                self.outcome.kills["all, by itself"] += 1
                self._again(bot)
                running = self._running
            await asyncio.sleep(0.02)
        await running.ready(seconds=1)

    def _again(self, bot: BotAccess) -> None:
        assert self._running is not None
        self._running.__exit__()
        self._start(bot)

    async def _end(self) -> None:
        assert self._running is not None
        self._running.tell(signal.SIGTERM)
        code = await self._running.end(seconds=60)
        if code != 0:
            self.outcome.broken.append(f"kassa run ended with {code}")

    # -- what became of it ---------------------------------------------------------

    async def _until_quiet(self, db: Database) -> None:
        deadline = time.monotonic() + 60
        left: dict[str, int] = {"all": 1}
        while any(left.values()) and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
            row = await db.fetchrow(
                """
                SELECT (SELECT count(*) FROM outbox.job WHERE dead_at IS NULL) AS jobs,
                       (SELECT count(*) FROM telegram.update
                         WHERE done_at IS NULL AND dead_at IS NULL) AS updates,
                       (SELECT count(*) FROM payments.inbox WHERE due_at IS NOT NULL) AS letters
                """
            )
            left = dict(row or {})
        if any(left.values()):
            jobs = await db.fetch("SELECT kind, attempts, last_error FROM outbox.job LIMIT 5")
            self.outcome.broken.append(f"it is never quiet: {left} {[dict(job) for job in jobs]}")

    async def _judge(self, db: Database, crowd: Crowd, tg: Sandbox) -> None:
        outcome = self.outcome
        rows = await db.fetch("SELECT what, act FROM public.effects")
        found = Counter(f"{row['what']} {row['act']}" for row in rows)
        outcome.lost += sorted((crowd.effects - found).elements())
        outcome.doubled += sorted((found - crowd.effects).elements())
        outcome.silent += crowd.silent
        outcome.slowest = crowd.slowest
        outcome.broken += crowd.trouble
        outcome.acts, outcome.effects = crowd.acts, len(rows)
        outcome.charges = sum(each["kind"] == "charge" for each in tg.books())
        delivered = sum(row["what"] == "delivered" for row in rows)
        if outcome.charges != delivered:
            outcome.broken.append(f"{outcome.charges} charges, and {delivered} deliveries")
        outcome.updates = await db.fetchval("SELECT count(*) FROM telegram.update")
        dead = await db.fetch(
            """
            SELECT error FROM telegram.update WHERE dead_at IS NOT NULL
            UNION ALL SELECT last_error FROM outbox.job WHERE dead_at IS NOT NULL
            UNION ALL SELECT said FROM payments.inbox WHERE dead_at IS NOT NULL
            """
        )
        outcome.broken += [f"set aside: {row['error']}" for row in dead]
        outcome.broken += [
            f"{each.invariant}: {each.subject} ({each.detail})" for each in await ledger.audit(db)
        ]
        outcome.broken += [
            str(dict(row)) for row in await db.fetch("SELECT * FROM payments.audit()")
        ]
        people = await db.fetchval("SELECT count(*) FROM users.person")
        if people != self.people:
            outcome.broken.append(f"{people} people, and not {self.people}")


async def _a_minute_passes(db: Database) -> None:
    """For what the dead process had in hand; the living need not wait for it."""
    await db.execute("UPDATE outbox.job SET leased_until = NULL")
    await db.execute(
        """
        UPDATE payments.attempt SET asked_at = coalesce(asked_at, created_at) - interval '1 minute'
         WHERE status IN ('prepared', 'sent')
        """
    )


def play(home: Path, *, seed: int, rounds: int) -> Outcome:
    """`scripts/faults updates`: both ways, with 500 updates at least for each."""
    outcome = Outcome()
    for n, way in enumerate(WAYS):
        kills = rounds // 2 + (rounds % 2 if n == 0 else 0)
        outcome.add(Updates(home, way, seed=seed).run(max(1, kills), acts=500))
    return outcome
