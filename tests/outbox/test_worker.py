"""Doing: tried again with growing pauses, set aside in the end, never by two at once."""

import asyncio
import random
from collections.abc import MutableMapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kassa import clock, outbox
from kassa.db import Database
from kassa.outbox import GiveUp, Job, TryLater, Waiting, Worker
from kassa.outbox.worker import delay
from tests.conftest import until
from tests.outbox.support import (
    START,
    Clock,
    Diary,
    Slow,
    a_round,
    lease_is_over,
    nobody_waits,
    put_one,
    soon,
    the_job,
    working,
)

Said = list[MutableMapping[str, Any]]


async def test_a_job_that_fails_comes_back_after_1_2_and_4_seconds_and_is_dead_after_its_last_try(
    db: Database, said: Said
) -> None:
    now, tries = Clock(), Diary()

    async def refuse(job: Job) -> None:
        await tries(job)
        raise ConnectionError(f"try {job.attempt}")

    async def tried(times: int) -> bool:
        job = await the_job(db)
        return not job.running and job.last_error == f"ConnectionError: try {times}"

    with clock.moved(now):
        async with working(db, {"call": refuse}):
            await put_one(db, "call", most=4)
            for times, pause in [(1, 1), (2, 2), (3, 4)]:
                await soon(lambda times=times: tried(times))  # type: ignore[misc]
                waits = ((await the_job(db)).due_at - now()).total_seconds()
                assert pause * 0.8 <= waits <= pause * 1.2
                now.go(seconds=waits - 0.001)
                await a_round(db)
                assert len(tries.jobs) == times, "not before it is due"
                now.go(seconds=0.001)
            await soon(lambda: tried(4))
            dead = await the_job(db)
            assert (dead.dead_at, dead.attempts) == (now(), 4)
            now.go(days=30)
            await a_round(db)
    assert [job.attempt for job in tries.jobs] == [1, 2, 3, 4]
    assert [line["event"] for line in said] == ["outbox.failed"] * 3 + ["outbox.dead"]
    assert {(line["kind"], line["job"]) for line in said} == {("call", dead.id)}
    assert {line["request_id"] for line in said} == {tries.jobs[0].request_id}


@given(attempt=st.integers(1, 1000), seed=st.integers())
def test_pauses_double_up_to_an_hour_a_fifth_more_or_less(attempt: int, seed: int) -> None:
    seconds = delay(attempt, random.Random(seed)).total_seconds()
    exact = min(2 ** (attempt - 1), 3600)
    assert 0.8 * exact <= seconds <= 1.2 * exact


async def test_try_later_waits_as_told_and_counts_as_no_failure(db: Database) -> None:
    now, tries = Clock(), Diary()

    async def too_many_requests(job: Job) -> None:
        await tries(job)
        if len(tries.jobs) < 6:
            raise TryLater(timedelta(seconds=30), "429")

    async def put_off() -> bool:
        job = await the_job(db)
        return job.due_at == now() + timedelta(seconds=30)

    with clock.moved(now):
        async with working(db, {"call": too_many_requests}):
            await put_one(db, "call", most=1)
            for _ in range(5):
                await soon(put_off)
                job = await the_job(db)
                assert (job.attempts, job.last_error, job.dead_at) == (0, "429", None)
                now.go(seconds=30)
            await soon(lambda: nobody_waits(db))
    assert [job.attempt for job in tries.jobs] == [1] * 6


async def test_give_up_sets_the_job_aside_at_once(db: Database) -> None:
    async def refuse(job: Job) -> None:
        raise GiveUp("the bot was blocked")

    async with working(db, {"call": refuse}):
        await put_one(db, "call")
        await soon(lambda: dead(db))
    job = await the_job(db)
    assert (job.attempts, job.last_error, job.running) == (1, "the bot was blocked", False)


async def dead(db: Database) -> bool:
    return (await the_job(db)).dead_at is not None


@pytest.mark.parametrize("words", ["NUL \0 in it", "half a pair \ud800", "x" * 100_000])
async def test_whatever_an_error_says_it_is_written_down(db: Database, words: str) -> None:
    async def refuse(job: Job) -> None:
        raise ValueError(words)

    async with working(db, {"call": refuse}):
        await put_one(db, "call", most=1)
        await soon(lambda: dead(db))
    job = await the_job(db)
    assert job.last_error is not None
    assert job.last_error.startswith("ValueError: " + words[:4])
    assert len(job.last_error) < 2100


async def test_jobs_of_kinds_that_nobody_knows_here_stay_as_they_are(db: Database) -> None:
    greet = Diary()
    await put_one(db, "of-another-version")
    async with working(db, {"greet": greet}):
        await put_one(db, "greet")
        await until(lambda: len(greet.jobs) == 1)
        await a_round(db)
    job = await the_job(db)
    assert (job.kind, job.attempts, job.running) == ("of-another-version", 0, False)


async def test_a_job_whose_worker_dies_every_time_is_dead_in_the_end(
    db: Database, owner_db: Database, said: Said
) -> None:
    hang = Slow()
    await put_one(db, "hang", most=2)
    for deaths in (1, 2):
        worker = asyncio.create_task(Worker(db, {"hang": hang}).run())
        await until(lambda: len(hang.jobs) == deaths)  # noqa: B023
        worker.cancel()  # as a kill: nothing is handed back
        await asyncio.gather(worker, return_exceptions=True)
        assert (await the_job(db)).running
        await lease_is_over(owner_db)
    async with working(db, {"hang": hang}):
        await soon(lambda: dead(db))
    job = await the_job(db)
    assert (job.attempts, job.last_error) == (2, "its worker died each time")
    assert [line["event"] for line in said] == ["outbox.dead"]
    assert not job.running, "so that a person can drop it or try it again"
    assert len(hang.jobs) == 2


async def test_a_worker_that_is_alive_keeps_its_long_jobs(db: Database) -> None:
    long, other = Slow(), Diary()

    async def lease() -> float:
        query = "SELECT extract(epoch FROM leased_until)::float8 FROM outbox.job"
        return float(await db.fetchval(query))

    async with working(db, {"long": long}, lease=0.6):
        await put_one(db, "long")
        await until(lambda: len(long.jobs) == 1)
        first = await lease()

        async def outlived() -> bool:
            return await lease() > first + 0.6

        async with working(db, {"long": other}, lease=0.6):
            await soon(outlived)
        long.may_end.set()
        await soon(lambda: nobody_waits(db))
    assert (len(long.jobs), len(other.jobs)) == (1, 0)


async def test_as_many_at_once_as_allowed_and_no_more(db: Database) -> None:
    slow = Slow()
    async with db.transaction() as tx:
        await outbox.put_many(tx, [outbox.NewJob("slow") for _ in range(9)])
    async with working(db, {"slow": slow}, concurrency=4):
        await until(lambda: len(slow.jobs) == 4)
        waiting = [job for job in await outbox.list_jobs(db) if not job.running]
        assert len(waiting) == 5, "the others are free for other workers"
        slow.may_end.set()
        await soon(lambda: nobody_waits(db))
    assert len(slow.jobs) == 9


async def test_the_oldest_come_first(db: Database) -> None:
    order = Diary()
    with clock.moved(Clock()):
        for n in (3, 1, 2):
            await put_one(db, "n", {"n": n}, after=START + timedelta(seconds=n))
    async with working(db, {"n": order}, concurrency=1):
        await soon(lambda: nobody_waits(db))
    assert order.payloads == [{"n": 1}, {"n": 2}, {"n": 3}]


async def test_stop_finishes_what_runs_and_hands_back_what_takes_too_long(db: Database) -> None:
    quick, hanging, late = Slow(), Slow(), Diary()
    worker = Worker(db, {"quick": quick, "hanging": hanging, "late": late})
    running = asyncio.create_task(worker.run())
    await put_one(db, "quick")
    await put_one(db, "hanging")
    await until(lambda: len(quick.jobs) == len(hanging.jobs) == 1)
    stopping = asyncio.create_task(worker.stop(grace=0.5))
    await asyncio.sleep(0)
    await put_one(db, "late")
    quick.may_end.set()
    await stopping
    await running
    assert (quick.ended, hanging.ended, late.jobs) == (1, 0, [])
    assert [(job.kind, job.running, job.attempts) for job in await outbox.list_jobs(db)] == [
        ("hanging", False, 0),
        ("late", False, 0),
    ]
    again = Diary()
    async with working(db, {"hanging": again, "late": again}):
        await until(lambda: len(again.jobs) == 2)


async def test_stop_waits_for_jobs_that_are_just_being_taken(
    db: Database, owner_db: Database
) -> None:
    greet = Diary()
    worker = Worker(db, {"greet": greet})
    await put_one(db, "greet")
    async with owner_db.transaction() as tx:
        await tx.execute("LOCK TABLE outbox.job IN ACCESS EXCLUSIVE MODE")
        running = asyncio.create_task(worker.run())
        await soon(lambda: waits_for_a_lock(owner_db))
        stopping = asyncio.create_task(worker.stop())
        await asyncio.sleep(0)
        assert not stopping.done()
    await stopping
    assert len(greet.jobs) == 1
    assert await nobody_waits(db)
    await running


async def waits_for_a_lock(owner_db: Database) -> bool:
    query = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"
    return bool(await owner_db.fetchval(query))


async def test_stop_before_the_start_is_the_end(db: Database) -> None:
    worker = Worker(db, {"greet": Diary()})
    await worker.stop()
    await worker.run()


async def test_a_handler_that_will_not_be_cancelled_does_not_hold_up_the_stop(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kassa.outbox.worker._LAST_WORDS", 0.2)
    began, may_end = asyncio.Event(), asyncio.Event()

    async def stubborn(job: Job) -> None:
        began.set()
        while not may_end.is_set():
            try:
                await may_end.wait()
            except asyncio.CancelledError:
                continue

    worker = Worker(db, {"stubborn": stubborn})
    running = asyncio.create_task(worker.run())
    await put_one(db, "stubborn")
    await began.wait()
    await worker.stop(grace=0)
    await running
    may_end.set()
    job: Waiting = await the_job(db)
    assert (job.running, job.attempts) == (False, 0)


async def test_a_backlog_does_not_slow_the_taking(db: Database) -> None:
    """Where nothing is known of the table yet, the planner would read and sort all that waits."""
    async with db.transaction() as tx:
        await outbox.put_many(tx, [outbox.NewJob("n", {"n": n}) for n in range(20_000)])
    async with db.transaction() as tx:
        for _ in range(7):  # after the fifth, PostgreSQL may choose a plan for all times
            taken = await tx.fetch(
                "SELECT FROM outbox.take(clock_timestamp(), '{n}', 100, '1 min')"
            )
            assert len(taken) == 100
        read = await tx.fetchval(
            "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables"
            " WHERE schemaname = 'outbox' AND relname = 'job'"
        )
    assert read < 7 * 100 * 10
