"""A process that works the ledger in every way at once, and writes down what it was told is done.

    python -m tests.faults.load HOME JOURNAL NAME SEED LOSE

Each line of the journal is a fact acknowledged to us: a transfer's key and amount, or a job put.
It is written to the file before anything else is done, so it outlives this process.
"""

import asyncio
import os
import random
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop

from kassa import ledger, log, outbox
from kassa.db import APP, Address, CommitUnknown, Database, EmbeddedServer, Tx, lost_connection
from kassa.errors import Unavailable
from kassa.ledger import InsufficientFunds, Leg, Poster, clearing, revenue, wallet
from kassa.money import Money
from kassa.outbox import Job, Worker
from tests.faults.proxy import Proxy

PEOPLE = 40


class Load:
    def __init__(self, database: Database, journal: int, name: str, chance: random.Random) -> None:
        self.db = database
        self.journal = journal
        self.name = name
        self.chance = chance
        self.number = 0

    def key(self, kind: str) -> str:
        self.number += 1
        return f"{kind}:{self.name}:{self.number}"

    def acknowledged(self, key: str, amount: int) -> None:
        os.write(self.journal, f"{key} {amount}\n".encode())

    def legs(self, amount: int) -> list[Leg]:
        a, b = self.chance.sample(range(PEOPLE), 2)
        payer, payee = wallet(a, "USD"), wallet(b, "USD")
        if self.chance.random() < 0.2:
            return [Leg(clearing("bank", "USD"), payee, Money(amount, "USD"))]
        return [
            Leg(payer, payee, Money(amount, "USD")),
            Leg(payer, revenue("market", "USD"), Money(1, "USD")),
        ]

    async def batched(self, poster: Poster) -> None:
        key, amount = self.key("batched"), self.chance.randint(1, 50)
        await poster.post(key=key, legs=self.legs(amount))
        self.acknowledged(key, amount)

    async def single(self, _: Poster) -> None:
        key, amount = self.key("single"), self.chance.randint(1, 50)
        await ledger.post(self.db, key=key, legs=self.legs(amount))
        self.acknowledged(key, amount)

    async def held(self, _: Poster) -> None:
        key, amount = self.key("held"), self.chance.randint(1, 50)
        person = wallet(self.chance.randrange(PEOPLE), "USD")
        await ledger.hold(self.db, key=key, account=person, amount=Money(amount, "USD"))
        if self.chance.random() < 0.3:
            await ledger.void(self.db, hold=key)
        else:
            await ledger.capture(self.db, hold=key, to=revenue("market", "USD"))
            self.acknowledged(f"{key}:capture", amount)

    async def with_job(self, _: Poster) -> None:
        """A transfer and a job in one transaction; whether it committed is asked, not guessed."""
        key, amount = self.key("withjob"), self.chance.randint(1, 50)
        legs = self.legs(amount)

        async def work(tx: Tx) -> None:
            await ledger.post(tx, key=key, legs=legs)
            await outbox.put(tx, "pay", {"cause": key})

        while not await self.ran(work, key):
            pass
        self.acknowledged(key, amount)

    async def ran(self, work: Callable[[Tx], Awaitable[None]], key: str) -> bool:
        """Runs it; where the commit's outcome is unknown, asks until somebody knows."""
        try:
            await self.db.run(work)
        except CommitUnknown:
            known = "SELECT EXISTS (SELECT FROM ledger.transfer WHERE key = $1)"
            while True:
                try:
                    return bool(await self.db.fetchval(known, key))
                except Exception as error:
                    if not isinstance(error, Unavailable) and not lost_connection(error):
                        raise
        return True

    async def pay(self, job: Job) -> None:
        """The job's effect has a key of its own each time: done twice, it would show."""

        async def work(tx: Tx) -> None:
            key = f"paid:{job.payload['cause']}:{os.urandom(4).hex()}"
            legs = [Leg(clearing("bank", "USD"), wallet(0, "USD"), Money(1, "USD"))]
            await ledger.post(tx, key=key, legs=legs)
            await outbox.finish(tx, job)

        await self.db.run(work)

    async def caller(self, poster: Poster, stopping: asyncio.Event) -> None:
        ways = [self.batched, self.single, self.held, self.with_job]
        while not stopping.is_set():
            try:
                await self.chance.choice(ways)(poster)
            except InsufficientFunds:
                pass
            except Exception as error:
                passing = isinstance(error, Unavailable | CommitUnknown) or lost_connection(error)
                if not passing:
                    raise
                await asyncio.sleep(0.01)


async def main(home: str, journal: str, name: str, seed: str, lose: str) -> None:
    log.configure("json", "error")
    chance = random.Random(f"{seed}:{name}")
    server = EmbeddedServer(Path(home))
    await asyncio.to_thread(server.start)
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    descriptor = os.open(journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with tempfile.TemporaryDirectory(prefix="kassa-proxy-") as folder:
        address = server.address(APP)
        through = Address(Path(folder), address.role)
        async with (
            Proxy(Path(folder), address.socket, chance, lose=float(lose)),
            Database(through, server=server, connections=8, connect_seconds=60) as database,
            Poster(database) as poster,
        ):
            load = Load(database, descriptor, name, chance)
            worker = Worker(database, {"pay": load.pay})
            working = asyncio.create_task(worker.run())
            folding = asyncio.create_task(_fold(database))
            try:
                async with asyncio.TaskGroup() as callers:
                    for _ in range(24):
                        callers.create_task(load.caller(poster, stopping))
            finally:
                folding.cancel()
            await worker.stop()
            await working
    await asyncio.to_thread(server.stop)


async def _fold(database: Database) -> None:
    while True:
        try:
            await ledger.fold(database, most=500)
        except Exception as error:
            if not isinstance(error, Unavailable) and not lost_connection(error):
                raise
        await asyncio.sleep(0.02)


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
