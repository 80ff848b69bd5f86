"""Doing the jobs: claimed in batches under a lease, run side by side, tried again, or set aside.

A worker that dies loses its leases, and another takes the jobs over. One that is slow keeps
extending them. Whoever ends a job must still hold it: the number of its claim tells. A row
that somebody else has locked is passed over and comes next time, so that a transaction which
is stuck holds up one job and not all of them.
"""

import asyncio
import random
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from kassa import clock
from kassa.db import Database, lost_connection
from kassa.errors import KassaError, Unavailable
from kassa.log import bind, get
from kassa.outbox.models import GiveUp, Handler, Job, LeaseLost, TryLater
from kassa.outbox.service import WAKE, ending

if TYPE_CHECKING:
    from asyncpg import Record

_log = get(__name__)

_FIRST_DELAY = 1.0
_LONGEST_DELAY = 3600.0
_LAST_WORDS = 5.0  # seconds, at the end, for the database to hear what became of the jobs

# Tells which of them somebody else has locked.
_END = ending(
    """
    SELECT claim FROM outbox.job
     WHERE id = ANY ($1) AND claim = ANY ($2) AND claim NOT IN (SELECT claim FROM ours)
    """,
    locked="SKIP LOCKED",
)


def delay(attempt: int, chance: random.Random) -> timedelta:
    """1, 2, 4 … s up to an hour, a fifth more or less, so that they do not come back together."""
    seconds = min(_FIRST_DELAY * 2 ** min(attempt - 1, 20), _LONGEST_DELAY)
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
        self._running: dict[int, tuple[Job, asyncio.Task[None]]] = {}  # by claim
        self._done: list[Job] = []
        self._given: set[int] = set()  # claims of jobs that were not fetched
        self._finishing: asyncio.Task[None] | None = None
        self._changed = database.wake.event(WAKE)
        self._grace = 0.0
        self._stop = asyncio.Event()
        self._ended = asyncio.Event()
        self._ended.set()

    async def run(self) -> None:
        """Until `stop()`, and then until what runs has ended. No failure ends it sooner."""
        self._ended.clear()
        keeping = asyncio.create_task(self._keep_leases())
        try:
            while not self._stop.is_set():
                self._changed.clear()
                try:
                    claimed = await self._turn()
                except Exception as error:  # noqa: BLE001 (edge: job)
                    _tell("outbox.turn_failed", error)
                    await _within(self._poll, self._stop)
                    continue
                if not claimed:
                    await _within(self._poll, self._changed)
            await self._wind_up()
        finally:
            keeping.cancel()
            for _, task in self._running.values():
                task.cancel()
            self._ended.set()

    async def stop(self, *, grace: float = 20) -> None:
        """Takes no more jobs, waits for those under way, and hands back what is left."""
        self._grace = grace
        self._stop.set()
        self._changed.set()
        await self._ended.wait()

    @property
    def has_room(self) -> bool:
        """Whether it would do one more at once. Of those that are given to it, it takes more
        than it fetches: whoever waits for an answer comes first."""
        return not self._stop.is_set() and len(self._running) < 4 * self._concurrency

    @property
    def lease(self) -> timedelta:
        return self._lease

    def give(self, job: Job) -> None:
        """A job that was put as taken already (outbox.put_taken), and is committed now."""
        if self.has_room:  # else its lease runs out, and it comes by itself
            self._given.add(job.claim)
            self._running[job.claim] = (job, asyncio.create_task(self._do(job)))

    def _finish_soon(self) -> None:
        """That a given job is done is no reason to look for others."""
        if self._finishing is None:
            self._finishing = asyncio.create_task(self._finish_given())

    async def _finish_given(self) -> None:
        try:
            await self._finish()
        except Exception as error:  # noqa: BLE001 (edge: job; the next round may do)
            _tell("outbox.not_finished", error)
        finally:
            self._finishing = None
            if self._done:
                self._changed.set()

    async def _wind_up(self) -> None:
        if self._running:
            await asyncio.wait([task for _, task in self._running.values()], timeout=self._grace)
        left = list(self._running.values())
        for _, task in left:
            task.cancel()
        if left:
            await asyncio.wait([task for _, task in left], timeout=_LAST_WORDS)
        try:
            async with asyncio.timeout(_LAST_WORDS):
                if self._finishing is not None:
                    await self._finishing
                await self._finish()
                await self._hand_back([job for job, _ in left])
        except Exception as error:  # noqa: BLE001 (edge: job; the leases run out by themselves)
            _tell("outbox.not_handed_back", error)

    # -- a round -------------------------------------------------------------------

    async def _turn(self) -> int:
        """One round: says what is done, takes what is due."""
        await self._finish()
        free = self._concurrency - len(self._running)
        if free < max(1, self._concurrency // 4):
            return 0  # a job that ends wakes us
        jobs = await self._claim(free)
        for job in jobs:
            self._running[job.claim] = (job, asyncio.create_task(self._do(job)))
        return len(jobs)

    async def _claim(self, most: int) -> list[Job]:
        """Jobs to do now. One whose tries are used up, its worker having died, is set aside."""
        rows: list[Record] = await self._database.fetch(
            """
            SELECT id, kind, key, payload, attempts AS attempt, most, claim, request_id,
                   dead_at IS NOT NULL AS dead
              FROM outbox.take($1, $2, $3, $4)
            """,
            clock.now(),
            list(self._handlers),
            most,
            self._lease,
        )
        jobs = []
        for *fields, dead in (row.values() for row in rows):
            job = Job(*fields)
            if dead:
                _log.error("outbox.dead", job=job.id, kind=job.kind, error="its worker died")
            else:
                jobs.append(job)
        return jobs

    async def _finish(self) -> None:
        """Those that are done go in one statement; the ones that are locked go next time."""
        done, self._done = self._done, []
        if not done:
            return
        try:
            rows: list[Record] = await self._database.fetch(
                _END,
                [job.id for job in done],
                [job.claim for job in done],
            )
        except BaseException:
            self._done = done + self._done
            raise
        locked = {row["claim"] for row in rows}
        self._done += [job for job in done if job.claim in locked]

    async def _keep_leases(self) -> None:
        while True:
            await asyncio.sleep(self._lease.total_seconds() / 3)
            held = [*(job for job, _ in self._running.values()), *self._done]
            try:
                await self._database.execute(
                    """
                    UPDATE outbox.job SET leased_until = clock_timestamp() + $3
                     WHERE id = ANY (ARRAY(
                               SELECT id FROM outbox.job
                                WHERE id = ANY ($1) AND claim = ANY ($2)
                                  FOR UPDATE SKIP LOCKED))
                    """,
                    [job.id for job in held],
                    [job.claim for job in held],
                    self._lease,
                )
            except Exception as error:  # noqa: BLE001 (edge: job; the next time may do)
                _tell("outbox.leases_not_kept", error)

    # -- a job ---------------------------------------------------------------------

    async def _do(self, job: Job) -> None:
        with bind(request_id=job.request_id, job=job.id, kind=job.kind):
            try:
                await self._handle(job)
            except Exception as error:  # noqa: BLE001 (edge: job; the lease runs out by itself)
                _tell("outbox.not_recorded", error)
            finally:
                self._running.pop(job.claim, None)
                given = job.claim in self._given
                self._given.discard(job.claim)
                if given and self._done and len(self._running) < self._concurrency // 2:
                    self._finish_soon()
                else:
                    self._changed.set()

    async def _handle(self, job: Job) -> None:
        try:
            await self._handlers[job.kind](job)
        except TryLater as error:
            await self._put_back(job, error.after, _said(error), failed=False)
        except GiveUp as error:
            _log.error("outbox.given_up", error=str(error))
            await self._set_aside(job, _said(error))
        except LeaseLost as error:
            _log.warning("outbox.lease_lost", error=str(error))
        except Exception as error:  # noqa: BLE001 (edge: job)
            await self._failed(job, error)
        else:
            self._done.append(job)

    async def _failed(self, job: Job, error: Exception) -> None:
        said = f"{type(error).__name__}: {_said(error)}"
        if job.attempt >= job.most:
            _log.error("outbox.dead", attempt=job.attempt, exc_info=error)
            await self._set_aside(job, said)
        else:
            after = delay(job.attempt, self._chance)
            _log.warning(
                "outbox.failed",
                attempt=job.attempt,
                error=said,
                again_in=round(after.total_seconds(), 1),
                exc_info=None if isinstance(error, KassaError) else error,
            )
            await self._put_back(job, after, said, failed=True)

    async def _put_back(self, job: Job, after: timedelta, said: str, *, failed: bool) -> None:
        await self._database.execute(
            """
            UPDATE outbox.job
               SET due_at = least($3, again_at), again_at = NULL,
                   leased_until = NULL, claim = NULL, last_error = $4,
                   attempts = attempts - CASE WHEN $5 THEN 0 ELSE 1 END
             WHERE id = $1 AND claim = $2
            """,
            *(job.id, job.claim, clock.now() + after, said, failed),
        )

    async def _set_aside(self, job: Job, said: str) -> None:
        """Dead; but if it was put again meanwhile, that is another matter and runs."""
        await self._database.execute(
            """
            UPDATE outbox.job
               SET leased_until = NULL, claim = NULL, last_error = $3,
                   dead_at = CASE WHEN again_at IS NULL THEN $4::timestamptz END,
                   attempts = CASE WHEN again_at IS NULL THEN attempts ELSE 0 END,
                   due_at = coalesce(again_at, due_at), again_at = NULL
             WHERE id = $1 AND claim = $2
            """,
            *(job.id, job.claim, said, clock.now()),
        )

    async def _hand_back(self, jobs: Sequence[Job]) -> None:
        """As if they had never been taken."""
        if jobs:
            await self._database.execute(
                """
                UPDATE outbox.job SET leased_until = NULL, claim = NULL, attempts = attempts - 1
                 WHERE id = ANY ($1) AND claim = ANY ($2)
                """,
                [job.id for job in jobs],
                [job.claim for job in jobs],
            )


def _said(error: Exception) -> str:
    """The error's words, as a database can keep them."""
    return str(error)[:2000].replace("\0", "").encode(errors="replace").decode()


def _tell(event: str, error: Exception) -> None:
    if isinstance(error, Unavailable | TimeoutError) or lost_connection(error):
        _log.warning(event, error=str(error) or type(error).__name__)
    else:
        _log.error(event, exc_info=error)


async def _within(seconds: float, event: asyncio.Event) -> None:
    """Until the event, or for so long."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
