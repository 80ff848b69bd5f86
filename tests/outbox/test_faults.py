"""What goes wrong in the world: processes killed, wake-ups lost, tables emptied, servers gone."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from kassa import outbox
from kassa.db import APP, OWNER, Database, EmbeddedServer
from kassa.db.database import connect
from kassa.db.migrate import migrate, steps
from kassa.outbox import Job, NewJob, Worker
from kassa.runtime import PACKAGES
from tests.conftest import Fresh, until
from tests.outbox.support import (
    Diary,
    Slow,
    a_round,
    nobody_waits,
    put_one,
    soon,
    working,
)


@pytest.fixture
async def effects(owner_db: Database) -> Database:
    await owner_db.execute(
        "CREATE TABLE public.effect (job bigint); GRANT ALL ON public.effect TO kassa_app"
    )
    return owner_db


@contextmanager
def worker_process(fresh: Fresh) -> Iterator["subprocess.Popen[str]"]:
    where = fresh.address()
    command = [sys.executable, "-m", "tests.outbox.worker_process", str(where.socket), fresh.name]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


async def line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return (await asyncio.to_thread(process.stdout.readline)).strip()


@pytest.mark.parametrize("when", ["before the commit", "after the commit"])
async def test_a_worker_killed_in_the_middle_of_a_job_leaves_one_effect(
    fresh: Fresh, db: Database, effects: Database, when: str
) -> None:
    await put_one(db, "pay", {"hang": when})
    with worker_process(fresh) as first:
        assert await line(first) == "ready"
        assert await line(first) == when
        first.send_signal(signal.SIGKILL)
    with worker_process(fresh) as second:
        assert await line(second) == "ready"
        await soon(lambda: nobody_waits(db))
    assert await effects.fetchval("SELECT count(*) FROM public.effect") == 1


async def test_four_processes_do_500_jobs_once_each_though_one_of_them_is_killed(
    fresh: Fresh, db: Database, effects: Database
) -> None:
    async with db.transaction() as tx:
        await outbox.put_many(tx, [NewJob("pay") for _ in range(500)])
    with ExitStack() as stack:
        processes = [stack.enter_context(worker_process(fresh)) for _ in range(4)]

        async def half_done() -> bool:
            return int(await effects.fetchval("SELECT count(*) FROM public.effect")) > 100

        await soon(half_done)
        processes[0].send_signal(signal.SIGKILL)
        await soon(lambda: nobody_waits(db), seconds=20)
    done = await effects.fetchrow("SELECT count(*), count(DISTINCT job) FROM public.effect")
    assert done is not None
    assert tuple(done) == (500, 500)


async def test_a_lost_wake_up_is_made_up_for_by_asking(fresh: Fresh, db: Database) -> None:
    """Nobody here sends or hears wake-ups."""
    greet = Diary()
    async with working(db, {"greet": greet}, poll=0.2), Database(fresh.address()) as elsewhere:
        await a_round(db)
        await put_one(elsewhere, "greet")
        await until(lambda: len(greet.jobs) == 1)


async def test_a_wake_up_from_another_process_comes_long_before_the_next_question(
    fresh: Fresh, db: Database
) -> None:
    greet = Diary()

    async def both_listen() -> bool:
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND query LIKE 'LISTEN%'"
        return bool(await db.fetchval(query, fresh.name) == 2)

    async with Database(fresh.address()) as elsewhere:
        waking = [asyncio.create_task(each.wake.run()) for each in (db, elsewhere)]
        await soon(both_listen)
        async with working(db, {"greet": greet}, poll=60):
            for n in range(1, 4):
                await put_one(elsewhere, "greet")
                await until(lambda n=n: len(greet.jobs) == n, seconds=5)  # type: ignore[misc]
        for task in waking:
            task.cancel()
        await asyncio.gather(*waking, return_exceptions=True)


async def test_a_table_emptied_under_a_worker_does_not_stop_it(
    db: Database, owner_db: Database
) -> None:
    slow, greet = Slow(), Diary()
    async with working(db, {"slow": slow, "greet": greet}):
        await put_one(db, "slow")
        await until(lambda: len(slow.jobs) == 1)
        await owner_db.execute("TRUNCATE outbox.job RESTART IDENTITY")
        for _ in range(2):
            await put_one(db, "slow")  # its number is that of the first one
        await until(lambda: len(slow.jobs) == 3)
        slow.may_end.set()
        await put_one(db, "greet")
        await soon(lambda: nobody_waits(db))
    assert (slow.ended, len(greet.jobs)) == (3, 1)
    assert slow.jobs[0].id == slow.jobs[1].id


@asynccontextmanager
async def served(home: Path) -> AsyncIterator[EmbeddedServer]:
    """A server of one test, to be killed."""
    server = EmbeddedServer(home, settings={"fsync": "off"})
    await asyncio.to_thread(server.start)
    try:
        owner = await connect(server.address(OWNER))
        await migrate(owner, steps(PACKAGES, app=APP))
        await owner.close()
        yield server
    finally:
        await asyncio.to_thread(server.stop)


def kill(server: EmbeddedServer) -> None:
    pid = int((server.place.data / "postmaster.pid").read_text().split()[0])
    backends = psutil.Process(pid).children()
    for each in (pid, *(process.pid for process in backends)):
        os.kill(each, signal.SIGKILL)
    psutil.wait_procs(backends, timeout=10)


async def test_a_server_killed_again_and_again_under_a_worker_loses_no_job(home: Path) -> None:
    done: set[int] = set()

    async def note(job: Job) -> None:
        done.add(job.payload["n"])

    async def use_database(job: Job) -> None:
        await db.fetchval("SELECT 1")
        await note(job)

    async with served(home) as server, Database(server.address(APP), server=server) as db:
        kinds = {"note": note, "use": use_database}
        async with working(db, kinds, lease=1, poll=0.1):
            for turn in range(2):
                async with db.transaction() as tx:
                    for n in range(40):
                        kind = "use" if n % 2 else "note"
                        await outbox.put(tx, kind, {"n": turn * 40 + n})
                kill(server)
                await until(lambda turn=turn: len(done) == 40 * (turn + 1), seconds=20)  # type: ignore[misc]
            await soon(lambda: nobody_waits(db), seconds=20)


async def test_stop_does_not_wait_for_a_server_that_is_gone(home: Path) -> None:
    slow = Slow()
    async with served(home) as server:
        async with Database(server.address(APP), connect_seconds=0.5) as db:
            worker = Worker(db, {"slow": slow}, poll=timedelta(seconds=0.1))
            running = asyncio.create_task(worker.run())
            await put_one(db, "slow")
            await until(lambda: len(slow.jobs) == 1)
            kill(server)
            slow.may_end.set()
            async with asyncio.timeout(10):
                await worker.stop(grace=1)
                await running
        await asyncio.to_thread(server.start)
        async with (
            Database(server.address(APP)) as db,
            working(db, {"slow": slow}) as _,
        ):
            await owner_ends_leases(server)
            await soon(lambda: nobody_waits(db))
    assert slow.ended == 2, "nobody could be told that it was done"


async def owner_ends_leases(server: EmbeddedServer) -> None:
    owner = await connect(server.address(OWNER))
    await owner.execute("UPDATE outbox.job SET leased_until = clock_timestamp()")
    await owner.close()
