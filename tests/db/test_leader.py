"""One process of many leads, another takes over, and never two at once."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from kassa.db import Database
from kassa.db.leader import Leader
from tests.conftest import Fresh, until
from tests.db.support import environ

SECONDS = 0.2


class Work:
    """Remembers who does it, and that there were never two."""

    def __init__(self) -> None:
        self.by: list[str] = []
        self.terms: list[str] = []
        self.most = 0

    def of(self, name: str) -> "Doing":
        return Doing(self, name)


class Doing:
    def __init__(self, work: Work, name: str) -> None:
        self._work = work
        self._name = name

    async def __call__(self) -> None:
        self._work.by.append(self._name)
        self._work.terms.append(self._name)
        self._work.most = max(self._work.most, len(self._work.by))
        try:
            await asyncio.sleep(3600)
        finally:
            self._work.by.remove(self._name)


@asynccontextmanager
async def candidate(fresh: Fresh, work: Work, name: str) -> AsyncIterator[Leader]:
    async with Database(fresh.address()) as db:
        leader = Leader(db, {"fold": work.of(name)}, seconds=SECONDS)
        running = asyncio.create_task(leader.run())
        try:
            yield leader
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


HOLDER = """
    SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


async def holder(db: Database) -> int:
    return int(await db.fetchval(HOLDER))


async def test_one_of_three_leads_and_the_others_wait(fresh: Fresh) -> None:
    work = Work()
    async with (
        candidate(fresh, work, "a") as a,
        candidate(fresh, work, "b") as b,
        candidate(fresh, work, "c") as c,
    ):
        await until(lambda: work.by)
        await asyncio.sleep(3 * SECONDS)  # it is the absence of something that is proved
        assert work.most == len(work.terms) == 1
        assert sum(bool(each.leading) for each in (a, b, c)) == 1


async def test_when_the_leader_goes_the_next_one_leads(fresh: Fresh) -> None:
    work = Work()
    async with candidate(fresh, work, "a"):
        await until(lambda: work.by == ["a"])
        async with candidate(fresh, work, "b") as b:
            await asyncio.sleep(0)
            first = work.by
            assert first == ["a"]
            # leaves with its context below
            await until(lambda: not b.leading)
    assert work.by == []
    async with candidate(fresh, work, "b"):
        await until(lambda: work.by == ["b"])
    assert work.most == 1


async def test_a_leader_whose_connection_is_killed_stops_and_another_takes_over(
    fresh: Fresh, db: Database
) -> None:
    work = Work()
    async with candidate(fresh, work, "a"), candidate(fresh, work, "b"):
        for term in range(1, 9):
            await until(lambda term=term: len(work.terms) == term and work.by, seconds=5)  # type: ignore[misc]
            await db.execute(f"SELECT pg_terminate_backend({await holder(db)}, 5000)")
        await until(lambda: len(work.terms) == 9)
    assert work.most == 1, "never two at once"


async def test_whoever_takes_over_gives_the_one_before_a_moment_to_notice(
    fresh: Fresh, db: Database
) -> None:
    before = await db.connect()
    await before.execute("SELECT pg_advisory_lock(hashtextextended('fold', 1))")
    work = Work()
    async with Database(fresh.address()) as other:
        running = asyncio.create_task(Leader(other, {"fold": work.of("b")}, seconds=1).run())
        asked = (
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND query = 'SELECT 1'"
        )
        while not await db.fetchval(asked):  # it has tried once
            await asyncio.sleep(0.01)
        await before.close()
        while not await db.fetchval(HOLDER):
            await asyncio.sleep(0.01)
        assert not work.by
        await until(lambda: work.by)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


OTHER = """
import asyncio, sys
from pathlib import Path
from kassa.db import Address, Database
from kassa.db.leader import Leader
async def work():
    print("leads", flush=True)
    await asyncio.sleep(3600)
async def main():
    async with Database(Address(Path(sys.argv[1]), "kassa_app", sys.argv[2])) as db:
        await Leader(db, {"fold": work}, seconds=0.2).run()
asyncio.run(main())
"""


async def test_a_leading_process_killed_is_followed_by_one_of_another_process(
    fresh: Fresh,
) -> None:
    work = Work()
    address = fresh.address()
    with subprocess.Popen(
        [sys.executable, "-c", OTHER, str(address.socket), address.database],
        env=environ(),
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None
        assert await asyncio.to_thread(other.stdout.readline) == b"leads\n"
        async with candidate(fresh, work, "here") as leader:
            await asyncio.sleep(2 * SECONDS)
            assert not work.by
            other.kill()
            await until(lambda: work.by == ["here"], seconds=5)
            assert leader.leading == {"fold"}


async def test_each_piece_of_work_is_led_on_its_own(fresh: Fresh) -> None:
    fold, sweep = Work(), Work()
    async with Database(fresh.address()) as one, Database(fresh.address()) as other:
        leaders = [
            Leader(one, {"fold": fold.of("one")}, seconds=SECONDS),
            Leader(other, {"fold": fold.of("other"), "sweep": sweep.of("other")}, seconds=SECONDS),
        ]
        running = [asyncio.create_task(leaders[0].run())]
        await until(lambda: fold.by == ["one"])
        running.append(asyncio.create_task(leaders[1].run()))
        await until(lambda: sweep.by == ["other"])
        assert fold.by == ["one"]
        running[0].cancel()
        await until(lambda: fold.by == ["other"], seconds=5)
        assert leaders[1].leading == {"fold", "sweep"}
        running[1].cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def test_work_that_raises_or_ends_is_done_again(db: Database) -> None:
    done = 0

    async def work() -> None:
        nonlocal done
        done += 1
        if done % 2:
            raise ValueError("today it does not work")

    running = asyncio.create_task(Leader(db, {"work": work}, seconds=0.02).run())
    await until(lambda: done >= 4)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    now = done
    await asyncio.sleep(0.1)
    assert done == now, "who does not lead any more does not work any more"


async def test_a_server_that_does_not_answer_ends_the_leading(
    fresh: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lock is only as good as the connection: silence must count as its loss."""
    import os
    import signal

    monkeypatch.setattr("kassa.db.leader._ANSWER_SECONDS", 0.2)
    work = Work()
    async with candidate(fresh, work, "a") as leader, Database(fresh.address()) as db:
        await until(lambda: work.by == ["a"])
        pid = await holder(db)
        os.kill(pid, signal.SIGSTOP)
        try:
            await until(lambda: not work.by and not leader.leading, seconds=5)
        finally:
            os.kill(pid, signal.SIGCONT)
        await until(lambda: len(work.terms) == 2, seconds=5)
    assert work.most == 1


async def test_without_a_database_it_waits_for_one(
    fresh: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kassa.errors import Unavailable

    work = Work()
    tries = 0
    async with Database(fresh.address()) as db:
        real = db.connect

        async def sometimes() -> object:
            nonlocal tries
            tries += 1
            if tries == 1:
                raise Unavailable("not now")
            return await real()

        monkeypatch.setattr(db, "connect", sometimes)
        running = asyncio.create_task(Leader(db, {"fold": work.of("a")}, seconds=0.02).run())
        await until(lambda: work.by)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert tries == 2
