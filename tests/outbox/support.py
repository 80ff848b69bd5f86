"""What the stories of the outbox are told with."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from kassa.db import Database, Reader
from kassa.outbox import Handler, Job, Waiting, Worker, list_jobs, put

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Clock:
    """`with clock.moved(now):` and then `now.go(hours=1)`."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def go(self, **how_far: float) -> None:
        self.at += timedelta(**how_far)


class Diary:
    """A handler that writes down what it was given."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []

    async def __call__(self, job: Job) -> None:
        self.jobs.append(job)

    @property
    def payloads(self) -> list[dict[str, Any]]:
        return [job.payload for job in self.jobs]


class Slow(Diary):
    """A handler that writes down what it was given, and ends when it may."""

    def __init__(self) -> None:
        super().__init__()
        self.may_end = asyncio.Event()
        self.ended = 0

    async def __call__(self, job: Job) -> None:
        await super().__call__(job)
        await self.may_end.wait()
        self.ended += 1


@asynccontextmanager
async def working(
    db: Database,
    handlers: Mapping[str, Handler],
    *,
    poll: float = 0.02,
    lease: float = 60,
    concurrency: int = 128,
) -> AsyncIterator[Worker]:
    worker = Worker(
        db,
        {"marker": Diary(), **handlers},
        poll=timedelta(seconds=poll),
        lease=timedelta(seconds=lease),
        concurrency=concurrency,
    )
    task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        await worker.stop(grace=5)
        await task


async def put_one(
    db: Database, kind: str, payload: dict[str, Any] | None = None, **how: Any
) -> None:
    async with db.transaction() as tx:
        await put(tx, kind, payload, **how)


async def the_job(db: Database) -> Waiting:
    (job,) = await list_jobs(db)
    return job


async def nobody_waits(db: Database) -> bool:
    return not await list_jobs(db)


async def a_round(db: Database) -> None:
    """The worker has looked for jobs since this began, and taken what it wanted."""
    await put_one(db, "marker")
    await soon(lambda: nobody_has(db, "marker"))


async def nobody_has(db: Database, kind: str) -> bool:
    return not await list_jobs(db, kind=kind)


async def soon(question: Callable[[], Awaitable[object]], *, seconds: float = 10) -> None:
    """Asks until the answer is yes, with a deadline."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not await question():
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"waited {seconds} s in vain")
        await asyncio.sleep(0.01)


async def take(on: Reader, kind: str) -> Job:
    """As a worker does, which is then slow, or gone."""
    row = await on.fetchrow(
        """
        SELECT id, kind, key, payload, attempts, most, claim, request_id
          FROM outbox.take(clock_timestamp(), $1, 1, '60 s')
        """,
        [kind],
    )
    assert row is not None
    return Job(*row.values())


async def lease_is_over(owner_db: Database) -> None:
    await owner_db.execute(
        "UPDATE outbox.job SET leased_until = clock_timestamp() - '1 s'::interval"
    )
