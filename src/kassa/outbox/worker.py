"""Doing the jobs: claimed in batches under a lease, run side by side, tried again, or set aside.

A worker that dies loses its leases, and another takes the jobs over. One that is slow keeps
extending them. Whoever finishes must still hold the lease: `attempts` tells.
"""

import asyncio
import contextlib
import random
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from kassa import clock
from kassa.db import Database, lost_connection
from kassa.errors import KassaError, Unavailable
from kassa.log import bind, get
from kassa.outbox.models import GiveUp, Handler, Job, TryLater
from kassa.outbox.service import WAKE

if TYPE_CHECKING:
    from asyncpg import Record

_log = get(__name__)

_FIRST_DELAY = 1.0
_LONGEST_DELAY = 3600.0


def delay(attempt: int, chance: random.Random) -> timedelta:
    """1, 2, 4 … s up to an hour, a fifth more or less, so that they do not come back together."""
    seconds = min(_FIRST_DELAY * 2 ** (attempt - 1), _LONGEST_DELAY)
    return timedelta(seconds=seconds * chance.uniform(0.8, 1.2))


class Worker:
    """`await Worker(db, {"telegram.send": send}).run()`, and `stop()` to end it kindly."""

    def __init__(
        self,
        database: Database,
        handlers: Mapping[str, Handler],
        *,
        concurrency: int = 128,
        lease: timedelta = timedelta(seconds=60),
        poll: timedelta = timedelta(seconds=1),
        chance: random.Random | None = None,
    ) -> None:
        self._database = database
        self._handlers = dict(handlers)
        self._concurrency = concurrency
        self._lease = lease
        self._poll = poll.total_seconds()
        self._chance = chance or random.Random()  # noqa: S311 (spreads load, guards nothing)
        self._running: dict[int, tuple[Job, asyncio.Task[None]]] = {}
        self._done: list[Job] = []
        self._stopping = False
        self._changed = database.wake.event(WAKE)

    async def run(self) -> None:
        """Until `stop()`; then what runs is finished, or handed back after `grace` seconds."""
        keeping = asyncio.create_task(self._keep_leases())
        try:
            while not self._stopping:
                self._changed.clear()
                try:
                    claimed = await self._turn()
                except Exception as error:
                    if not isinstance(error, Unavailable) and not lost_connection(error):
                        raise
                    _log.warning("outbox.no_database", error=str(error))
                    await asyncio.sleep(self._poll)
                    continue
                if not claimed:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(self._poll):
                            await self._changed.wait()
        finally:
            keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeping

    async def stop(self, *, grace: float = 20) -> None:
        """Takes no more jobs; waits for those under way, then hands back what is left."""
        self._stopping = True
        self._changed.set()
        tasks = [task for _, task in self._running.values()]
        if tasks:
            await asyncio.wait(tasks, timeout=grace)
        left = list(self._running.values())
        for _, task in left:
            task.cancel()
        await asyncio.gather(*(task for _, task in left), return_exceptions=True)
        await self._finish()
        if left:
            await self._database.execute(
                """
                UPDATE outbox.job j SET leased_until = NULL, attempts = j.attempts - 1
                  FROM unnest($1::bigint[], $2::int[]) AS l (id, attempts)
                 WHERE (j.id, j.attempts) = (l.id, l.attempts)
                """,
                [job.id for job, _ in left],
                [job.attempt for job, _ in left],
            )

    async def _turn(self) -> int:
        """One round: says what is done, takes what is due."""
        await self._finish()
        free = self._concurrency - len(self._running)
        if free < max(1, self._concurrency // 4):
            return 0  # a job that ends wakes us
        jobs = await self._claim(free)
        for job in jobs:
            task = asyncio.create_task(self._do(job))
            self._running[job.id] = (job, task)
        return len(jobs)

    async def _claim(self, most: int) -> list[Job]:
        rows: list[Record] = await self._database.fetch(
            """
            WITH due AS (
                SELECT id FROM outbox.job
                 WHERE dead_at IS NULL AND due_at <= $1 AND kind = ANY ($2)
                   AND (leased_until IS NULL OR leased_until < clock_timestamp())
                 ORDER BY due_at, id LIMIT $3
                   FOR UPDATE SKIP LOCKED
            )
            UPDATE outbox.job j
               SET leased_until = clock_timestamp() + $4,
                   attempts = j.attempts + 1,
                   dead_at = CASE WHEN j.attempts >= j.most THEN $1 END,
                   last_error = CASE WHEN j.attempts >= j.most
                                     THEN coalesce(j.last_error, 'its worker died each time')
                                     ELSE j.last_error END
              FROM due
             WHERE j.id = due.id
            RETURNING j.id, j.kind, j.key, j.payload, j.attempts AS attempt, j.most, j.puts,
                      j.request_id
            """,
            clock.now(),
            list(self._handlers),
            most,
            self._lease,
        )
        return [Job(*row.values()) for row in rows if row["attempt"] <= row["most"]]

    async def _do(self, job: Job) -> None:
        try:
            with bind(request_id=job.request_id, job=job.id, kind=job.kind):
                try:
                    await self._handlers[job.kind](job)
                except TryLater as error:
                    await self._put_back(job, error.after, str(error), failed=False)
                except GiveUp as error:
                    _log.error("outbox.given_up", error=str(error))
                    await self._set_aside(job, str(error))
                except Exception as error:  # noqa: BLE001 (edge: job)
                    await self._failed(job, error)
                else:
                    self._done.append(job)
        except Exception as error:
            # The database is away: the lease runs out, and the job is taken again.
            if not isinstance(error, KassaError) and not lost_connection(error):
                raise
        finally:
            self._running.pop(job.id, None)
            self._changed.set()

    async def _failed(self, job: Job, error: Exception) -> None:
        said = f"{type(error).__name__}: {error}"[:2000].replace("\0", "")
        if job.attempt >= job.most:
            _log.error("outbox.dead", attempt=job.attempt, exc_info=error)
            await self._set_aside(job, said)
        else:
            after = delay(job.attempt, self._chance)
            _log.warning(
                "outbox.failed", attempt=job.attempt, error=said, again_in=after.total_seconds()
            )
            await self._put_back(job, after, said, failed=True)

    async def _put_back(self, job: Job, after: timedelta, said: str, *, failed: bool) -> None:
        await self._database.execute(
            """
            UPDATE outbox.job
               SET leased_until = NULL, due_at = $3, last_error = $4,
                   attempts = attempts - CASE WHEN $5 THEN 0 ELSE 1 END
             WHERE id = $1 AND attempts = $2
            """,
            *(job.id, job.attempt, clock.now() + after, said, failed),
        )

    async def _set_aside(self, job: Job, said: str) -> None:
        await self._database.execute(
            """
            UPDATE outbox.job
               SET leased_until = NULL, last_error = $3,
                   dead_at = CASE WHEN puts = $5 THEN $4::timestamptz END
             WHERE id = $1 AND attempts = $2
            """,
            *(job.id, job.attempt, said, clock.now(), job.puts),
        )

    async def _finish(self) -> None:
        """Those that are done go in one statement; one put again meanwhile runs again."""
        done, self._done = self._done, []
        if not done:
            return
        try:
            await self._database.execute(
                """
                WITH done AS (
                    SELECT * FROM unnest($1::bigint[], $2::int[], $3::int[])
                                  AS d (id, attempts, puts)
                ), renewed AS (
                    UPDATE outbox.job j SET leased_until = NULL, attempts = 0
                      FROM done d
                     WHERE (j.id, j.attempts) = (d.id, d.attempts) AND j.puts <> d.puts
                )
                DELETE FROM outbox.job j USING done d
                 WHERE (j.id, j.attempts, j.puts) = (d.id, d.attempts, d.puts)
                """,
                [job.id for job in done],
                [job.attempt for job in done],
                [job.puts for job in done],
            )
        except Exception:
            self._done = done + self._done
            raise

    async def _keep_leases(self) -> None:
        while True:
            await asyncio.sleep(self._lease.total_seconds() / 3)
            held = [job for job, _ in self._running.values()]
            if not held:
                continue
            try:
                await self._database.execute(
                    """
                    UPDATE outbox.job j SET leased_until = clock_timestamp() + $3
                      FROM unnest($1::bigint[], $2::int[]) AS h (id, attempts)
                     WHERE (j.id, j.attempts) = (h.id, h.attempts)
                    """,
                    [job.id for job in held],
                    [job.attempt for job in held],
                    self._lease,
                )
            except Exception as error:
                if not isinstance(error, Unavailable) and not lost_connection(error):
                    raise
