"""A worker in a process of its own, to be killed: python -m tests.outbox.worker_process.

It pays: a row in public.effect and the end of the job, in one transaction. A payload may say
when it is to hang, so that somebody can kill it there; it says so on stdout.
"""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

import uvloop

from kassa.db import APP, Address, Database
from kassa.outbox import Job, Worker, finish


async def main(socket: str, database: str) -> None:
    async def pay(job: Job) -> None:
        hang = job.payload.get("hang") if job.attempt == 1 else None
        async with db.transaction() as tx:
            await tx.execute("INSERT INTO public.effect VALUES ($1)", job.id)
            await finish(tx, job)
            if hang == "before the commit":
                await here(hang)
        if hang == "after the commit":
            await here(hang)

    async with Database(Address(Path(socket), APP, database)) as db:
        worker = Worker(
            db,
            {"pay": pay},
            concurrency=8,
            lease=timedelta(seconds=1),
            poll=timedelta(seconds=0.1),
        )
        print("ready", flush=True)
        await worker.run()


async def here(where: str) -> None:
    print(where, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
