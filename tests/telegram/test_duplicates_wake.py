"""Two workers of one process, as the runtime has them: neither is to miss a wake-up."""

import asyncio
import time

from kassa import outbox
from kassa.db import Database
from kassa.outbox import Job, Worker


async def test_a_wake_up_reaches_both_workers(db: Database) -> None:
    done: dict[str, asyncio.Event] = {kind: asyncio.Event() for kind in ("one", "two")}

    async def work(job: Job) -> None:
        done[job.kind].set()

    workers = [Worker(db, {kind: work}) for kind in done]
    tasks = [asyncio.create_task(each.run()) for each in workers]
    tasks.append(asyncio.create_task(db.wake.run()))
    late = []
    for turn in range(60):
        for each in done.values():
            each.clear()
        begun = time.monotonic()
        for kind in done:
            await db.run(lambda tx, kind=kind: outbox.put(tx, kind))  # type: ignore[misc]
        await asyncio.gather(*(each.wait() for each in done.values()))
        took = time.monotonic() - begun
        if took > 0.5:
            late.append((turn, round(took, 2)))
    for worker in workers:
        await worker.stop()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert late == []
