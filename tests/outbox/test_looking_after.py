"""A person looks at jobs: lists them, tries dead ones again, drops them, and sees how it stands."""

from datetime import timedelta

import pytest

from kassa import clock, outbox
from kassa.db import Database
from kassa.errors import Invalid
from kassa.outbox import GiveUp, Job, NewJob
from tests.outbox.support import (
    Clock,
    Diary,
    lease_is_over,
    nobody_waits,
    put_one,
    soon,
    take,
    working,
)


async def all_dead(db: Database) -> bool:
    return all(job.dead_at for job in await outbox.list_jobs(db))


async def some_die(db: Database, *kinds: str) -> list[int]:
    async def refuse(job: Job) -> None:
        raise GiveUp("no")

    for kind in kinds:
        await put_one(db, kind)
    async with working(db, dict.fromkeys(kinds, refuse)):
        await soon(lambda: all_dead(db))
    return [job.id for job in await outbox.list_jobs(db)]


async def test_pages_of_jobs_by_kind_and_state(db: Database) -> None:
    (dead,) = await some_die(db, "a")
    async with db.transaction() as tx:
        await outbox.put_many(tx, [NewJob("a"), NewJob("b"), NewJob("a")])
    every = await outbox.list_jobs(db)
    assert [job.kind for job in every] == ["a", "a", "b", "a"]
    assert [job.id for job in await outbox.list_jobs(db, dead=True)] == [dead]
    assert [job.kind for job in await outbox.list_jobs(db, dead=False)] == ["a", "b", "a"]
    first = await outbox.list_jobs(db, kind="a", most=2)
    then = await outbox.list_jobs(db, kind="a", most=2, after=first[-1].id)
    assert [*first, *then] == [job for job in every if job.kind == "a"]


async def test_dead_jobs_are_tried_again_by_number_or_kind(db: Database) -> None:
    a, b, c = await some_die(db, "a", "b", "b")
    await put_one(db, "a")
    assert await db.run(lambda tx: outbox.retry(tx, ids=[a, 10**12])) == 1
    assert await db.run(lambda tx: outbox.retry(tx, kind="b")) == 2
    assert await db.run(lambda tx: outbox.retry(tx, ids=[a], kind="b")) == 0, "none is dead now"
    diary = Diary()
    async with working(db, {"a": diary, "b": diary}):
        await soon(lambda: nobody_waits(db))
    again = [job for job in diary.jobs if job.id in (a, b, c)]
    assert [(job.id, job.attempt) for job in again] == [(a, 1), (b, 1), (c, 1)]


async def test_a_job_that_somebody_does_is_not_dropped(db: Database, owner_db: Database) -> None:
    await put_one(db, "a")
    job = await take(db, "a")
    assert await db.run(lambda tx: outbox.drop(tx, ids=[job.id])) == 0
    await lease_is_over(owner_db)
    assert await db.run(lambda tx: outbox.drop(tx, ids=[job.id, 10**12])) == 1
    assert await nobody_waits(db)


async def test_a_wrong_kind_is_refused(db: Database) -> None:
    for wrong in ("a\0", "\udcff", ""):
        with pytest.raises(Invalid):
            await outbox.list_jobs(db, kind=wrong)
        with pytest.raises(Invalid):
            await db.run(lambda tx, wrong=wrong: outbox.retry(tx, kind=wrong))  # type: ignore[misc]


async def test_lag_counts_what_is_due_and_not_taken(db: Database, owner_db: Database) -> None:
    now = Clock()
    with clock.moved(now):
        assert await outbox.lag(db) == {"due": 0, "oldest_seconds": 0, "dead": 0}
        await some_die(db, "dead")
        await put_one(db, "a")
        now.go(seconds=90)
        await put_one(db, "b")
        await put_one(db, "later", after=timedelta(seconds=1))
        assert await outbox.lag(db) == {"due": 2, "oldest_seconds": 90, "dead": 1}
        await db.fetch("SELECT FROM outbox.take($1, '{a}', 1, '60 s')", now())
        assert await outbox.lag(db) == {"due": 1, "oldest_seconds": 0, "dead": 1}
        await lease_is_over(owner_db)  # whoever took it is gone
        assert (await outbox.lag(db))["oldest_seconds"] == 90
