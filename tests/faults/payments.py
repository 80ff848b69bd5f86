"""Faults and kills at every boundary around charges and refunds, and what was lost or doubled.

    scripts/faults payments --rounds 10000 --seed 7
    scripts/faults payments --seed 7 --only 4711

A round is a payment. BATCH of them live side by side, WAVES of that one after the other, in a
world (a database, four providers' fakes, a clock); `--only` plays the round's wave once more in
a world of its own, and tells its story.

From the seed follow all prices, acts and faults, and the dice that everybody throws at their own
boundaries. What does not: in which order PostgreSQL answers those who ask at the same time, so
who is dragged along by whose kill, which call a fault hits, and when a background job's turn
comes; and our attempts' keys, which are secret. So a round is mostly, not always, the same again.
"""

import asyncio
import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import psutil
import uvloop

from kassa import clock
from kassa.db import APP, OWNER, Address, Database, EmbeddedServer
from kassa.db.database import connect
from kassa.db.embedded import SUPERUSER
from kassa.db.migrate import migrate, steps
from kassa.payments import reconcile, starting
from kassa.runtime import PACKAGES
from tests.faults.payments_judge import SETS, Verdict, judge
from tests.faults.payments_life import Dead, Fate, task_factory
from tests.faults.payments_real import Real
from tests.faults.payments_story import Round
from tests.faults.payments_world import PROCESSES, Process, World, passing, prepare, timed
from tgsandbox.clock import Clock
from tgsandbox.providers.faults import CALL_FAULTS, CALLBACK_FAULTS

BATCH = 25  # rounds side by side
WAVES = 8  # of them, one after the other in one world
TICKS = 11
ENOUGH = 40  # of what is wrong; there is something to look at
TEMPLATE = "faults_template"
# Seconds that pass at the end, again and again, until nothing is due: with kills, then without.
AFTERWARDS = (70, 70, 200, 700, 4_000)
AT_LAST = (70, 70, 400, 4_000, 15_000, 90_000, 90_000, 300_000, 400_000)


@dataclass
class Outcome:
    seed: int
    rounds: int = 0
    seconds: float = 0.0
    lives: int = 0
    seen: Counter[tuple[str, str]] = field(default_factory=Counter)
    kills: Counter[tuple[str, str]] = field(default_factory=Counter)
    cuts: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    fits: Counter[str] = field(default_factory=Counter)  # of what was paid
    backs: Counter[str] = field(default_factory=Counter)  # what was given back
    of_postgres: int = 0
    really: int = 0  # kills of a real process
    charges: int = 0  # that came of it
    verdict: Verdict = field(default_factory=Verdict)
    stories: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return self.verdict.good and self.rounds + self.charges > 0

    @property
    def in_short(self) -> str:
        wrong = {kind: len(found) for kind, found in self.verdict.wrong.items() if found}
        pace = self.rounds / max(self.seconds, 0.001)
        return f"{self.rounds} rounds, {self.kills.total()} kills, {pace:.1f}/s {wrong or ''}"

    def __str__(self) -> str:
        by_kind: Counter[str] = Counter()
        for (kind, _), times in self.kills.items():
            by_kind[kind] += times
        wrong = self.verdict.wrong
        lines = [
            *self.stories[:3],
            f"rounds        {self.rounds} ({self.rounds / max(self.seconds, 0.001):.1f} a second)",
            f"ended as      {_listed(self.ends)}",
            f"paid          {self.fits.total()} ({_listed(self.fits)})",
            f"given back    {_listed(self.backs)}",
            f"kills         {by_kind.total()} ({_listed(by_kind)})",
            f"boundaries    {len(self.seen)} met, {len(self.kills)} of them killed at",
            f"signal 9      {self.really} to a real process, with {self.charges} charges",
            f"connections   {self.cuts.total()} cut, PostgreSQL killed {self.of_postgres} times",
            f"faults        {self.faults.total()} ({_listed(self.faults)})",
            f"compared      {self.verdict.found_by_comparing} found by it alone,"
            f" {self.verdict.late_though_in_time} too late though paid in time",
            *(f"{kind:<13} {len(wrong[kind])} {wrong[kind][:4] or ''}" for kind in SETS),
        ]
        return "\n".join(line.rstrip() for line in lines)


def _listed(counted: Counter[str]) -> str:
    return ", ".join(f"{times} x {what}" for what, times in counted.most_common())


class Payments:
    """`rounds` payments under faults and kills."""

    def __init__(self, home: Path, *, seed: int, postgres: float = 0.06) -> None:
        self.home = home
        self.seed = seed
        self.postgres = postgres  # of worlds, in how many its processes are killed
        self.server = EmbeddedServer(home, settings={"fsync": "off"})
        self.outcome = Outcome(seed)
        self.on_progress: Callable[[Outcome], object] = lambda _: None

    def run(self, rounds: int, *, only: int | None = None, kills: int = 0) -> Outcome:
        """`kills`: how often a real process is killed with signal 9, beside the rounds."""
        self.server.start()
        patience, starting.PATIENCE = starting.PATIENCE, 0.05  # whoever asks first may be dead
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(self._run(rounds, only, kills))
        finally:
            starting.PATIENCE = patience
            self.server.stop()
        return self.outcome

    async def _run(self, rounds: int, only: int | None, kills: int) -> None:
        await self._make_template()
        if kills:
            await self._really(kills)
        began = time.monotonic()
        asyncio.get_running_loop().set_task_factory(task_factory)
        for first in range(0, rounds, BATCH * WAVES):
            waves = [
                range(start, min(start + BATCH, rounds))
                for start in range(first, min(first + BATCH * WAVES, rounds), BATCH)
            ]
            if only is not None:
                waves = [wave for wave in waves if only in wave]
            if waves:
                await self._world(waves, only)
            self.outcome.seconds = time.monotonic() - began
            self.on_progress(self.outcome)
            if sum(map(len, self.outcome.verdict.wrong.values())) > ENOUGH:
                break

    async def _really(self, kills: int) -> None:
        async with self._database("real") as address:
            real = Real(self.home, address, self.server, str(self.seed))
            verdict = await real.run(kills)
        self.outcome.really, self.outcome.charges = kills, real.charges
        for kind, found in verdict.wrong.items():
            self.outcome.verdict.wrong[kind] += [(-1, f"really: {what}") for _, what in found]

    @contextlib.asynccontextmanager
    async def _database(self, name: str) -> AsyncIterator[Address]:
        root = await connect(self.server.address(SUPERUSER, "postgres"))
        await root.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} OWNER {OWNER}")
        await root.close()
        yield self.server.address(APP, name)
        root = await connect(self.server.address(SUPERUSER, "postgres"))
        await root.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await root.close()

    async def _make_template(self) -> None:
        root = await connect(self.server.address(SUPERUSER, "postgres"))
        await root.execute(f"CREATE DATABASE {TEMPLATE} OWNER {OWNER}")
        owner = await connect(self.server.address(OWNER, TEMPLATE))
        await migrate(owner, steps(PACKAGES, app=APP))
        await owner.close()
        await prepare(self.server, TEMPLATE)
        await root.close()

    async def _world(self, waves: Sequence[range], only: int | None) -> None:
        async with self._database(f"world_{waves[0].start}") as address:
            await self._waves(address, waves, only)

    async def _waves(self, address: Address, waves: Sequence[range], only: int | None) -> None:
        time_ = Clock()
        fate = Fate(self.outcome.seen, self.outcome.kills, self.outcome.cuts)
        with clock.moved(timed(time_)):
            seed = f"{self.seed}:{waves[0].start}"
            world = World(address, self.server, fate, seed, time_)
            rounds: list[Round] = []
            try:
                for wave in waves:
                    world.begin(random.Random(f"{self.seed}:{wave.start}"))
                    new = [Round(n, world, random.Random(f"{self.seed}:{n}")) for n in wave]
                    rounds += new
                    async with asyncio.timeout(100):
                        await self._play(world, new)
                await self._judge(world, rounds, only)
            except TimeoutError:
                self.outcome.verdict.says("stuck", new[0].number, "the wave does not end")
                self._tell(new, [each.number for each in new])
            finally:
                await world.close()
        for where, times in fate.nested.items():
            said = f"a second connection inside a transaction at {where}, {times} times"
            self.outcome.verdict.says("broken", None, said)
        self.outcome.rounds += len(rounds)
        self.outcome.lives += world.lives

    async def _play(self, world: World, rounds: Sequence[Round]) -> None:
        since = clock.now() - timedelta(minutes=5)
        chance = world.chance
        doomed = chance.random() < self.postgres
        for tick in range(TICKS):
            self._spoil(world)
            killing = self._kill_postgres(chance) if doomed and tick in (3, 6) else _nothing()
            tending = (world.tend(which) for which in range(PROCESSES))
            await asyncio.gather(killing, *tending, *(each.step() for each in rounds))
            await world.settle_down()
            await world.move(chance.choice((1, 5, 16, 40, 70, 200, 1_000)))
        if chance.random() < 0.3:
            await self._compare(world, since)
        for seconds in AFTERWARDS:
            await world.move(seconds)
            await world.settle_down()
        await world.calm_down()
        for each in rounds:
            await each.finish()
        for seconds in AT_LAST:
            await world.move(seconds)
            await world.settle_down()
        self.outcome.verdict.found_by_comparing += await self._compare(world, since)
        await world.settle_down()

    async def _judge(self, world: World, rounds: Sequence[Round], only: int | None) -> None:
        verdict = Verdict()
        async with Database(world.harness.address) as db:
            await judge(world, db, rounds, verdict)
            for row in await db.fetch("SELECT status, delivery FROM payments.payment"):
                self.outcome.ends[f"{row['status']}, {row['delivery']}"] += 1
            for row in await db.fetch("SELECT fit, count(*) AS n FROM payments.charge GROUP BY 1"):
                self.outcome.fits[row["fit"]] += row["n"]
            for row in await db.fetch(
                "SELECT status, outside, count(*) AS n FROM payments.refund GROUP BY 1, 2"
            ):
                self.outcome.backs["outside" if row["outside"] else row["status"]] += row["n"]
            self.outcome.backs["disputed"] += await db.fetchval(
                "SELECT count(*) FROM payments.dispute"
            )
        self._sum_up(verdict, rounds, only)

    def _spoil(self, world: World) -> None:
        """What goes wrong between us and the providers until the next tick or two."""
        chance = world.chance
        for shop in world.shops.values():
            if chance.random() < 0.15:
                shop.mend()
            if chance.random() < 0.35:
                what = chance.choice((*CALL_FAULTS, *shop.own_faults))
                call = chance.choice(("*", "*", *sorted({each.call for each in shop.routes})))
                shop.fault(call, what, times=chance.choice((1, 1, 2, 4)))
                self.outcome.faults[what] += 1
            if chance.random() < 0.3:
                what = chance.choice(CALLBACK_FAULTS)
                shop.fault_in_callbacks(
                    what, times=chance.choice((1, 2, 4)), seconds=chance.choice((2, 90, 2_000))
                )
                self.outcome.faults[f"callback {what}"] += 1

    async def _compare(self, world: World, since: datetime) -> int:
        """As it is done once a day."""
        found = 0
        for name in world.shops:

            async def work(process: Process, name: str = name) -> reconcile.Comparison:
                until = clock.now() + timedelta(minutes=1)
                return await reconcile.compare(process.payments, name, since=since, until=until)

            for _ in range(20):
                try:
                    compared = await world.ask(work)
                except Dead:
                    continue
                except Exception as error:
                    if not passing(error):
                        raise
                    continue
                found += len([each for each in compared.findings if each.mended])
                break
        return found

    async def _kill_postgres(self, chance: random.Random) -> None:
        await asyncio.sleep(chance.uniform(0.01, 0.15))
        ours = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.cwd() == str(self.server.place.data):
                    ours.append(process)
        postmaster = min(ours, key=lambda process: process.create_time(), default=None)
        if postmaster is None:
            return
        others = [process for process in ours if process != postmaster]
        doomed = postmaster if chance.random() < 0.3 or not others else chance.choice(others)
        with contextlib.suppress(ProcessLookupError):
            os.kill(doomed.pid, signal.SIGKILL)
        self.outcome.of_postgres += 1

    def _sum_up(self, verdict: Verdict, rounds: Sequence[Round], only: int | None) -> None:
        whole = self.outcome.verdict
        whole.late_though_in_time += verdict.late_though_in_time
        for kind, found in verdict.wrong.items():
            whole.wrong[kind] += found
        worst = [number for kind in SETS for number, _ in verdict.wrong[kind] if number >= 0]
        if only is not None:
            worst.insert(0, only)
        self._tell(rounds, list(dict.fromkeys(worst)))

    def _tell(self, rounds: Sequence[Round], numbers: Sequence[int]) -> None:
        by_number = {each.number: each for each in rounds}
        for each in (by_number[number] for number in numbers):
            told = "\n   ".join(each.story)
            of = f"payment {each.payment.id}" if each.payment else "no payment"
            replay = f"--seed {self.seed} --only {each.number}"
            self.outcome.stories.append(f"-- round {each.number} ({replay}), {of}\n   {told}")


async def _nothing() -> None:
    pass
