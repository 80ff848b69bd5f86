"""Periodic jobs: once each time, across all processes, whatever clocks and people do."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kassa import clock, outbox
from kassa.db import Database
from kassa.errors import Invalid
from kassa.outbox import Cron
from kassa.outbox.cron import following
from tests.conftest import Fresh, until
from tests.outbox.support import Clock, Diary, soon, the_job, working

BERLIN = ZoneInfo("Europe/Berlin")
DAILY = {"digest": "0 9 * * *"}  # Clock begins at 12:00


async def enrolled(db: Database, schedule: Mapping[str, str]) -> Cron:
    """As in a process that starts."""
    cron = Cron(db, schedule)
    await db.run(cron.enroll)
    return cron


async def due_at(db: Database) -> datetime:
    found = await db.fetchval("SELECT due_at FROM outbox.schedule")
    assert isinstance(found, datetime)
    return found


async def test_each_time_comes_once_however_many_processes_look(fresh: Fresh, db: Database) -> None:
    now = Clock()
    with clock.moved(now):
        async with Database(fresh.address()) as elsewhere:
            crons = [(each, await enrolled(each, DAILY)) for each in (db, elsewhere) * 3]
            for _ in range(3):
                now.go(days=1)
                turns = (each.run(cron.turn) for each, cron in crons)
                assert sum(await asyncio.gather(*turns)) == 1
        assert (await the_job(db)).kind == "digest"


async def test_it_is_put_by_itself_when_the_time_has_come(db: Database) -> None:
    digest, now = Diary(), Clock()
    with clock.moved(now):
        cron = asyncio.create_task(Cron(db, DAILY, poll=0.02).run())
        async with working(db, {"digest": digest}):
            await soon(lambda: db.fetchval("SELECT true FROM outbox.schedule"))
            for day in (1, 2):
                now.go(days=1)
                await until(lambda day=day: len(digest.jobs) == day)  # type: ignore[misc]
        cron.cancel()
        await asyncio.gather(cron, return_exceptions=True)
    assert [(job.kind, job.key, job.payload) for job in digest.jobs] == [
        ("digest", "cron:digest", {})
    ] * 2


async def test_what_was_missed_while_nobody_ran_is_made_up_for_once(db: Database) -> None:
    now = Clock()
    with clock.moved(now):
        await enrolled(db, DAILY)
        now.go(days=10)
        cron = await enrolled(db, DAILY)
        await db.run(cron.turn)
        assert (await the_job(db)).due_at == now()
        assert await db.run(cron.turn) == 0
        assert await due_at(db) == now() + timedelta(hours=21)


async def test_a_changed_expression_counts_from_now_and_an_unchanged_one_from_before(
    db: Database,
) -> None:
    now = Clock()
    with clock.moved(now):
        await enrolled(db, DAILY)
        first = await due_at(db)
        now.go(hours=1)
        await enrolled(db, DAILY)
        assert await due_at(db) == first
        await enrolled(db, {"digest": "30 * * * *"})
        assert await due_at(db) == now() + timedelta(minutes=30)
        assert await outbox.list_jobs(db) == []


async def test_what_is_not_on_the_schedule_any_more_is_left_alone(db: Database) -> None:
    now = Clock()
    with clock.moved(now):
        await enrolled(db, DAILY)
        now.go(days=2)
        other = await enrolled(db, {"other": "0 0 1 1 *"})
        assert await db.run(other.turn) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "daily",
        "* * *",
        "61 * * * *",
        "0 0 31 2 *",
        "0 9 * * mon-foo",
        "*/0 * * * *",
        "0 9 * *\0",
    ],
)
def test_a_wrong_expression_is_refused_before_anything_runs(wrong: str) -> None:
    database = Database("postgresql://nowhere")
    with pytest.raises(Invalid, match="is no cron expression that ever comes"):
        Cron(database, {"digest": wrong})


@pytest.mark.parametrize("name", ["", "a\nb", "x" * 200])
def test_a_wrong_name_is_refused_before_anything_runs(name: str) -> None:
    with pytest.raises(Invalid, match="1 to 200 printable"):
        Cron(Database("postgresql://nowhere"), {name: "0 9 * * *"})


@pytest.mark.parametrize(
    ("expression", "after", "comes"),
    [
        # 2026-03-29 has no 02:30 in Berlin: it comes when the clocks have sprung.
        ("30 2 * * *", "2026-03-28T12:00", ["2026-03-29T01:00", "2026-03-30T00:30"]),
        # 2026-10-25 has two: it comes with the first, and only then.
        ("30 2 * * *", "2026-10-24T12:00", ["2026-10-25T00:30", "2026-10-26T01:30"]),
        # 9 in the morning is 9 in the morning.
        ("0 9 * * *", "2026-03-28T06:00", ["2026-03-28T08:00", "2026-03-29T07:00"]),
        # Every half an hour is every half an hour.
        ("*/30 * * * *", "2026-10-25T00:10", ["2026-10-25T00:30", "2026-10-25T01:00"]),
        ("0 0 29 2 *", "2026-01-01T00:00", ["2028-02-28T23:00", "2032-02-28T23:00"]),
        ("59 23 31 * *", "2026-01-31T22:59", ["2026-03-31T21:59", "2026-05-31T21:59"]),
    ],
)
def test_expressions_keep_the_time_of_their_zone(
    expression: str, after: str, comes: list[str]
) -> None:
    at = datetime.fromisoformat(after).replace(tzinfo=UTC)
    for expected in comes:
        at = following(expression, at, BERLIN)
        assert at == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@given(
    at=st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)),  # noqa: DTZ001
    zone=st.sampled_from(["UTC", "Europe/Berlin", "Asia/Tashkent", "America/St_Johns"]),
    expression=st.sampled_from(
        ["* * * * *", "*/15 * * * *", "30 2 * * *", "0 9 * * 1", "0 0 1 * *"]
    ),
)
def test_the_next_time_is_always_after_now(at: datetime, zone: str, expression: str) -> None:
    now = at.replace(tzinfo=UTC)
    assert following(expression, now, ZoneInfo(zone)) > now
