"""The outbox: jobs put, claimed and done per second."""

import asyncio
import time

from bench.common import Figure, Pgbench, against, database, server
from kassa import outbox
from kassa.db import Database, Tx
from kassa.outbox import Job, NewJob, Worker

PRODUCERS = 16
AT_ONCE = 10  # jobs that one transaction puts


async def run(*, quick: bool) -> list[Figure]:
    seconds = 3 if quick else 10
    async with server() as running:
        pgbench = Pgbench(running)
        await pgbench.prepare()
        async with database(running, "jobs") as db:
            results = []
            for _ in range(2):
                await pgbench.measure(seconds)
                results.append(await jobs(db, seconds))
    mean = sum(results) / len(results)
    return [against("jobs", mean, "jobs/s", pgbench.name, pgbench.mean)]


async def jobs(db: Database, seconds: float) -> float:
    """Producers put while one worker does; timed until the last one is done and gone."""
    done = 0

    async def handle(_: Job) -> None:
        nonlocal done
        done += 1

    worker = Worker(db, {"bench": handle})
    working = asyncio.create_task(worker.run())
    begun = time.perf_counter()
    put = 0

    async def produce() -> None:
        nonlocal put
        new = [NewJob("bench", {"chat": 1, "text": "Hello"}) for _ in range(AT_ONCE)]

        async def work(tx: Tx) -> None:
            await outbox.put_many(tx, new)

        while time.perf_counter() - begun < seconds:
            if put - done > 5000:  # as fast as they are done, not faster
                await asyncio.sleep(0.005)
                continue
            await db.run(work)
            put += AT_ONCE

    await asyncio.gather(*(produce() for _ in range(PRODUCERS)))
    while await db.fetchval("SELECT EXISTS (SELECT FROM outbox.job)"):
        await asyncio.sleep(0.01)
    took = time.perf_counter() - begun
    await worker.stop()
    await working
    assert done == put, (done, put)
    return put / took
