"""Putting: a job belongs to the transaction that puts it, and a key makes it one."""

import contextlib
from datetime import datetime, timedelta
from typing import Any

import pytest

from kassa import clock, log, outbox
from kassa.db import Database, Tx
from kassa.errors import Invalid
from kassa.outbox import GiveUp, Job, NewJob, TryLater
from tests.conftest import until
from tests.outbox.support import (
    START,
    Clock,
    Diary,
    Slow,
    a_round,
    nobody_waits,
    put_one,
    soon,
    the_job,
    working,
)


async def put_and_break(tx: Tx) -> None:
    await outbox.put(tx, "greet", {"name": "Olim"})
    raise ZeroDivisionError


async def test_what_is_rolled_back_was_never_put(db: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        await db.run(put_and_break)
    assert await outbox.list_jobs(db) == []


async def test_what_is_committed_is_done_once_and_gone(db: Database) -> None:
    greet = Diary()
    async with working(db, {"greet": greet}):
        await put_one(db, "greet", {"name": "Олим"})
        await soon(lambda: nobody_waits(db))
    assert greet.payloads == [{"name": "Олим"}]


async def test_a_savepoint_that_is_undone_takes_its_jobs_along(db: Database) -> None:
    async with db.transaction() as tx:
        await outbox.put(tx, "kept")
        with contextlib.suppress(ZeroDivisionError):
            async with tx.savepoint():
                await put_and_break(tx)
    assert (await the_job(db)).kind == "kept"


async def test_a_job_is_not_seen_before_its_transaction_commits(db: Database) -> None:
    greet = Diary()
    async with working(db, {"greet": greet}):
        async with db.transaction() as tx:
            await outbox.put(tx, "greet")
            await a_round(db)
            assert greet.jobs == []
        await until(lambda: len(greet.jobs) == 1)


async def test_a_delayed_job_runs_when_it_is_due_and_not_before(db: Database) -> None:
    greet, now = Diary(), Clock()
    with clock.moved(now):
        async with working(db, {"greet": greet}):
            await put_one(db, "greet", {"n": 1}, after=timedelta(minutes=10))
            await put_one(db, "greet", {"n": 2}, after=START + timedelta(minutes=20))
            now.go(minutes=9, seconds=59)
            await a_round(db)
            assert greet.jobs == []
            now.go(seconds=1)
            await until(lambda: greet.payloads == [{"n": 1}])
            now.go(minutes=10)
            await until(lambda: greet.payloads == [{"n": 1}, {"n": 2}])


async def test_a_key_makes_it_one_job_with_the_last_payload_and_the_first_time(
    db: Database,
) -> None:
    with clock.moved(Clock()):
        for minutes, name in [(5, "a"), (1, "b"), (9, "c")]:
            await put_one(db, "greet", {"name": name}, key="k", after=timedelta(minutes=minutes))
        job = await the_job(db)
        assert job.payload == {"name": "c"}
        assert job.due_at == START + timedelta(minutes=1)


async def test_keys_of_different_kinds_have_nothing_to_do_with_each_other(db: Database) -> None:
    await put_one(db, "greet", key="user:1")
    await put_one(db, "remind", key="user:1")
    assert [job.kind for job in await outbox.list_jobs(db)] == ["greet", "remind"]


async def test_of_two_jobs_with_one_key_in_one_call_the_last_wins(db: Database) -> None:
    async with db.transaction() as tx:
        await outbox.put_many(
            tx,
            [
                NewJob("greet", {"n": 1}, key="k"),
                NewJob("greet", {"n": 2}),
                NewJob("greet", {"n": 3}, key="k"),
                NewJob("greet", {"n": 4}),
            ],
        )
        await outbox.put_many(tx, [])
    assert sorted(job.payload["n"] for job in await outbox.list_jobs(db)) == [2, 3, 4]


async def test_put_again_while_it_runs_it_runs_once_more_after(db: Database) -> None:
    greet = Slow()
    async with working(db, {"greet": greet}):
        await put_one(db, "greet", {"n": 1}, key="k")
        await until(lambda: len(greet.jobs) == 1)
        for n in (2, 3):
            await put_one(db, "greet", {"n": n}, key="k")
        await a_round(db)
        assert len(greet.jobs) == 1, "one job does not run twice at the same time"
        greet.may_end.set()
        await soon(lambda: nobody_waits(db))
    assert greet.payloads == [{"n": 1}, {"n": 3}]
    assert [job.attempt for job in greet.jobs] == [1, 1]


async def test_put_again_for_later_by_itself_it_waits_for_that_time(db: Database) -> None:
    """A job that puts itself again in an hour must not run at once, for ever."""
    now = Clock()

    async def every_hour(job: Job) -> None:
        runs.append(job.payload["n"])
        again = {"n": job.payload["n"] + 1}
        await put_one(db, "hourly", again, key="k", after=timedelta(hours=1))

    async def waits() -> bool:
        job = await the_job(db)
        return (job.due_at, job.running) == (now() + timedelta(hours=1), False)

    runs: list[int] = []
    with clock.moved(now):
        async with working(db, {"hourly": every_hour}):
            await put_one(db, "hourly", {"n": 1}, key="k")
            for n in (1, 2, 3):
                await soon(waits)
                await a_round(db)
                assert runs == list(range(1, n + 1))
                now.go(hours=1)


async def test_put_again_while_it_fails_for_good_it_runs_again(db: Database) -> None:
    greet = Slow()

    async def refuse_the_first(job: Job) -> None:
        await greet(job)
        if job.payload["n"] == 1:
            raise GiveUp("no such person")

    async with working(db, {"greet": refuse_the_first}):
        await put_one(db, "greet", {"n": 1}, key="k", most=1)
        await until(lambda: len(greet.jobs) == 1)
        await put_one(db, "greet", {"n": 2}, key="k", most=1)
        greet.may_end.set()
        await soon(lambda: nobody_waits(db))
    assert greet.payloads == [{"n": 1}, {"n": 2}]


async def test_put_again_while_it_fails_it_does_not_wait_for_the_next_try(db: Database) -> None:
    greet = Slow()

    async def refuse_the_first(job: Job) -> None:
        await greet(job)
        if job.payload["n"] == 1:
            raise TryLater(timedelta(days=1))

    async with working(db, {"greet": refuse_the_first}):
        await put_one(db, "greet", {"n": 1}, key="k")
        await until(lambda: len(greet.jobs) == 1)
        await put_one(db, "greet", {"n": 2}, key="k")
        greet.may_end.set()
        await soon(lambda: nobody_waits(db))
    assert greet.payloads == [{"n": 1}, {"n": 2}]


async def test_put_on_the_key_of_a_dead_job_it_lives_again(db: Database) -> None:
    given: list[Job] = []

    async def refuse_the_first(job: Job) -> None:
        given.append(job)
        if job.payload["n"] == 1:
            raise GiveUp("no such person")

    async def is_dead() -> bool:
        return (await the_job(db)).dead_at is not None

    async with working(db, {"greet": refuse_the_first}):
        await put_one(db, "greet", {"n": 1}, key="k")
        await soon(is_dead)
        await put_one(db, "greet", {"n": 2}, key="k")
        await soon(lambda: nobody_waits(db))
    assert [(job.payload["n"], job.attempt) for job in given] == [(1, 1), (2, 1)]


async def test_a_job_carries_the_request_id_of_what_put_it_into_its_own_lines(
    db: Database,
) -> None:
    seen: list[tuple[str, str | None]] = []

    async def first(job: Job) -> None:
        seen.append((job.kind, log.request_id()))
        await put_one(db, "second")

    async def second(job: Job) -> None:
        seen.append((job.kind, log.request_id()))

    with log.bind(request_id="req-of-a-person"):
        await put_one(db, "first")
    async with working(db, {"first": first, "second": second}):
        await until(lambda: len(seen) == 2)
        assert seen == [("first", "req-of-a-person"), ("second", "req-of-a-person")]
        await put_one(db, "first")
        await until(lambda: len(seen) == 4)
    ids = {request_id for _, request_id in seen[2:]}
    assert len(ids) == 1, "what nobody asked for has an id too, and keeps it"
    assert ids.isdisjoint({None, "req-of-a-person"})


GOOD_PAYLOADS: list[dict[str, Any]] = [
    {},
    {"text": 'кавычки " и \\ и \\u0000 буквами', "list": [1, None, True, {"a": []}]},
    {"big": 10**40, "small": -0.125, "": "empty key"},
]


async def test_payloads_come_back_as_they_were_put(db: Database) -> None:
    async with db.transaction() as tx:
        await outbox.put_many(tx, [NewJob("greet", payload) for payload in GOOD_PAYLOADS])
    assert [job.payload for job in await outbox.list_jobs(db)] == GOOD_PAYLOADS


BAD: list[tuple[dict[str, Any], str]] = [
    ({"kind": ""}, "kind is 1 to 200"),
    ({"kind": "x" * 201}, "kind is 1 to 200"),
    ({"kind": "a\nb"}, "kind is 1 to 200"),
    ({"key": ""}, "key is 1 to 200"),
    ({"key": "x" * 201}, "key is 1 to 200"),
    ({"key": "a\0b"}, "key is 1 to 200"),
    ({"key": "\ud800"}, "key is 1 to 200"),
    ({"payload": {"at": START}}, "payload of greet is not JSON"),
    ({"payload": {"n": float("nan")}}, "payload of greet is not JSON"),
    ({"payload": {"text": "half \ud800"}}, "payload of greet is not JSON"),
    ({"payload": {"text": "\0"}}, "payload of greet holds a NUL"),
    ({"payload": {"text": "\\\0"}}, "payload of greet holds a NUL"),
    ({"payload": [1, 2]}, "payload of greet is not a dict"),
    ({"after": datetime(2026, 1, 1)}, "needs a time zone"),  # noqa: DTZ001
    ({"after": timedelta.max}, "so far away"),
    ({"most": 0}, "tried 1 to 1000 times"),
    ({"most": 2**40}, "tried 1 to 1000 times"),
]


async def test_a_wrong_job_is_refused_in_words_and_the_transaction_goes_on(db: Database) -> None:
    async with db.transaction() as tx:
        for wrong, words in BAD:
            with pytest.raises(Invalid, match=words):
                await outbox.put_many(tx, [NewJob("greet"), NewJob(**{"kind": "greet", **wrong})])
        await outbox.put(tx, "good")
    assert (await the_job(db)).kind == "good"
