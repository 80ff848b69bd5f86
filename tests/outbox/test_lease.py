"""Who holds a job, and that nobody else can end it."""

from collections.abc import MutableMapping
from datetime import timedelta
from typing import Any

import pytest

from kassa import outbox
from kassa.db import Database, Tx
from kassa.outbox import GiveUp, Job, LeaseLost, TryLater
from tests.conftest import until
from tests.outbox.support import (
    Diary,
    Slow,
    lease_is_over,
    nobody_waits,
    put_one,
    soon,
    take,
    the_job,
    working,
)

Said = list[MutableMapping[str, Any]]


@pytest.fixture
async def effects(owner_db: Database) -> Database:
    await owner_db.execute(
        "CREATE TABLE public.effect (job bigint); GRANT ALL ON public.effect TO kassa_app"
    )
    return owner_db


async def pay(tx: Tx, job: Job) -> None:
    await tx.execute("INSERT INTO public.effect VALUES ($1)", job.id)
    await outbox.finish(tx, job)


async def count(effects: Database) -> int:
    return int(await effects.fetchval("SELECT count(*) FROM public.effect"))


async def test_an_effect_and_the_end_of_its_job_are_one(db: Database, effects: Database) -> None:
    await put_one(db, "pay")
    job = await take(db, "pay")
    await db.run(lambda tx: pay(tx, job))
    assert (await nobody_waits(db), await count(effects)) == (True, 1)
    with pytest.raises(LeaseLost):
        await db.run(lambda tx: pay(tx, job))
    assert await count(effects) == 1


async def test_a_handler_that_finished_its_job_itself_is_done(
    db: Database, effects: Database
) -> None:
    async def handler(job: Job) -> None:
        await db.run(lambda tx: pay(tx, job))

    async with working(db, {"pay": handler}):
        for key in (None, "k"):
            await put_one(db, "pay", key=key)
        await soon(lambda: nobody_waits(db))
    assert await count(effects) == 2


async def test_put_again_in_the_transaction_that_finishes_it_runs_again(
    db: Database, effects: Database
) -> None:
    async def handler(job: Job) -> None:
        async with db.transaction() as tx:
            if await tx.fetchval("SELECT count(*) FROM public.effect") < 3:
                await outbox.put(tx, "pay", key="k")
            await pay(tx, job)

    async with working(db, {"pay": handler}):
        await put_one(db, "pay", key="k")
        await soon(lambda: nobody_waits(db))
    assert await count(effects) == 4


async def test_two_that_look_at_the_same_moment_take_different_jobs(db: Database) -> None:
    for _ in range(2):
        await put_one(db, "pay")
    async with db.transaction() as tx:
        first = await take(tx, "pay")
        second = await take(db, "pay")
    assert first.id != second.id


async def test_of_two_that_hold_the_same_job_the_first_is_too_late(
    db: Database, effects: Database
) -> None:
    await put_one(db, "pay")
    slow = await take(db, "pay")
    await lease_is_over(effects)
    quick = await take(db, "pay")
    assert (quick.id, quick.attempt) == (slow.id, 2)
    with pytest.raises(LeaseLost):
        await db.run(lambda tx: pay(tx, slow))
    await db.run(lambda tx: pay(tx, quick))
    assert (await nobody_waits(db), await count(effects)) == (True, 1)


async def test_too_late_is_too_late_even_when_the_tries_are_counted_anew(
    db: Database, effects: Database
) -> None:
    await put_one(db, "pay", key="k")
    slow = await take(db, "pay")
    await lease_is_over(effects)
    quick = await take(db, "pay")
    await put_one(db, "pay", key="k")
    await db.run(lambda tx: pay(tx, quick))
    third = await take(db, "pay")
    assert (third.id, third.attempt) == (slow.id, slow.attempt)
    with pytest.raises(LeaseLost):
        await db.run(lambda tx: pay(tx, slow))
    await db.run(lambda tx: pay(tx, third))
    assert (await nobody_waits(db), await count(effects)) == (True, 2)


async def test_too_late_is_too_late_even_when_the_table_was_emptied_and_numbers_come_again(
    db: Database, effects: Database
) -> None:
    await put_one(db, "pay")
    slow = await take(db, "pay")
    await effects.execute("TRUNCATE outbox.job RESTART IDENTITY")
    await put_one(db, "pay")
    other = await take(db, "pay")
    assert (other.id, other.attempt) == (slow.id, slow.attempt)
    with pytest.raises(LeaseLost):
        await db.run(lambda tx: pay(tx, slow))
    await db.run(lambda tx: pay(tx, other))
    assert await count(effects) == 1


@pytest.mark.parametrize(
    "says",
    [None, ValueError("broken"), TryLater(timedelta(hours=1)), GiveUp("never"), LeaseLost("gone")],
    ids=["done", "failed", "try later", "give up", "lost"],
)
async def test_whatever_a_slow_worker_says_of_a_job_it_lost_is_not_heard(
    db: Database, owner_db: Database, says: Exception | None, said: Said
) -> None:
    slow = Slow()

    async def handler(job: Job) -> None:
        await slow(job)
        if says is not None:
            raise says

    async with working(db, {"call": handler}, concurrency=1):  # so that it takes no other
        await put_one(db, "call")
        await until(lambda: len(slow.jobs) == 1)
        await lease_is_over(owner_db)
        quick = await take(db, "call")
        before = await the_job(db)
        slow.may_end.set()
        await until(lambda: slow.ended == 1)
    assert await the_job(db) == before
    if isinstance(says, LeaseLost):
        assert [line["event"] for line in said] == ["outbox.lease_lost"]
    await db.run(lambda tx: outbox.finish(tx, quick))
    assert await nobody_waits(db)


async def test_a_job_that_is_lost_and_found_runs_to_its_end(
    db: Database, owner_db: Database
) -> None:
    await put_one(db, "call")
    await take(db, "call")
    found = Diary()
    async with working(db, {"call": found}):
        await lease_is_over(owner_db)
        await soon(lambda: nobody_waits(db))
    assert [job.attempt for job in found.jobs] == [2]


async def test_what_was_put_again_while_its_worker_died_runs_once_for_both(
    db: Database, owner_db: Database
) -> None:
    await put_one(db, "call", {"n": 1}, key="k")
    await take(db, "call")
    await put_one(db, "call", {"n": 2}, key="k")
    await lease_is_over(owner_db)
    found = Diary()
    async with working(db, {"call": found}):
        await soon(lambda: nobody_waits(db))
    assert found.payloads == [{"n": 2}]


async def test_a_transaction_that_is_stuck_on_one_job_holds_up_no_other(db: Database) -> None:
    slow, others = Slow(), Diary()
    async with working(db, {"slow": slow, "other": others}):
        await put_one(db, "slow", key="k")
        await until(lambda: len(slow.jobs) == 1)
        async with db.transaction() as stuck:
            await outbox.put(stuck, "slow", key="k")
            slow.may_end.set()
            await until(lambda: slow.ended == 1)
            for n in range(3):
                await put_one(db, "other")
                await until(lambda n=n: len(others.jobs) == n + 1)  # type: ignore[misc]
        await soon(lambda: nobody_waits(db))
    assert slow.ended == 2, "it was put again before it ended"
