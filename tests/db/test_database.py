"""Transactions: time-outs, retries, savepoints, what happens after, and broken connections."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from kassa.db import (
    APP,
    OWNER,
    Address,
    CommitUnknown,
    Database,
    Tx,
    lost_connection,
    transaction_is_open,
)
from kassa.errors import Invalid, Unavailable
from tests.conftest import Fresh, until
from tests.db.proxy import Proxy


@pytest.fixture
async def table(owner_db: Database) -> Database:
    """A database with two rows in t(id, n)."""
    await owner_db.execute("CREATE SCHEMA s; CREATE TABLE s.t (id int PRIMARY KEY, n int)")
    await owner_db.execute("INSERT INTO s.t VALUES (1, 0), (2, 0)")
    return owner_db


async def numbers(db: Database) -> list[int]:
    return [row["n"] for row in await db.fetch("SELECT n FROM s.t ORDER BY id")]


def add(to: int, amount: int = 1) -> str:
    return f"UPDATE s.t SET n = n + {amount} WHERE id = {to}"


async def pid_of(connection: Tx | Database) -> int:
    return int(await connection.fetchval("SELECT pg_backend_pid()"))


async def terminate(db: Database, pid: int) -> None:
    """From another connection, and gone when this returns."""
    other = await db.connect()
    try:
        await other.execute(f"SELECT pg_terminate_backend({pid}, 5000)")
    finally:
        await other.close()


# -- time-outs ---------------------------------------------------------------------


async def test_every_session_has_our_time_outs(db: Database, owner_db: Database) -> None:
    for each in (db, owner_db):
        assert await each.fetchval("SHOW statement_timeout") == "15s"
        assert await each.fetchval("SHOW lock_timeout") == "5s"
        assert await each.fetchval("SHOW idle_in_transaction_session_timeout") == "30s"
        assert await each.fetchval("SHOW timezone") == "UTC"
        assert await each.fetchval("SHOW application_name") == "kassa"


async def test_a_statement_that_takes_too_long_is_ended(db: Database) -> None:
    async with db.transaction() as tx:
        await tx.execute("SET LOCAL statement_timeout = '20ms'")
        with pytest.raises(asyncpg.QueryCanceledError):
            async with tx.savepoint():
                await tx.execute("SELECT pg_sleep(10)")
    assert await db.fetchval("SHOW statement_timeout") == "15s"


async def test_a_lock_that_cannot_be_had_is_given_up_and_not_tried_again(table: Database) -> None:
    tries = 0

    async def impatient(tx: Tx) -> None:
        nonlocal tries
        tries += 1
        await tx.execute("SET LOCAL lock_timeout = '20ms'")
        await tx.execute(add(1))

    async with table.transaction() as holder:
        await holder.execute(add(1))
        with pytest.raises(asyncpg.LockNotAvailableError):
            await table.run(impatient)
    assert tries == 1
    assert await numbers(table) == [1, 0]


# -- commit and rollback -----------------------------------------------------------


async def test_what_raises_is_undone(table: Database) -> None:
    async def work(tx: Tx) -> None:
        await tx.execute(add(1))
        raise Invalid("no")

    reported: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, what: reported.append(what))
    with pytest.raises(Invalid, match="no"):
        await table.run(work)
    assert reported == []
    assert await numbers(table) == [0, 0]


async def test_a_failure_that_was_swallowed_does_not_pass_for_a_commit(table: Database) -> None:
    said: list[str] = []

    async def work(tx: Tx) -> None:
        tx.after_commit(lambda: said.append("committed"))
        await tx.execute(add(1))
        with suppress(asyncpg.DivisionByZeroError):
            await tx.execute("SELECT 1/0")

    with pytest.raises(asyncpg.InFailedSQLTransactionError, match="Nothing was committed"):
        await table.run(work)
    assert said == []
    assert await numbers(table) == [0, 0]


async def test_a_constraint_that_fails_at_commit_undoes_all(table: Database) -> None:
    await table.execute("CREATE TABLE s.child (t int REFERENCES s.t DEFERRABLE INITIALLY DEFERRED)")
    said: list[str] = []

    async def work(tx: Tx) -> None:
        tx.after_commit(lambda: said.append("committed"))
        await tx.execute(add(1))
        await tx.execute("INSERT INTO s.child VALUES (3)")

    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await table.run(work)
    assert said == []
    assert await numbers(table) == [0, 0]


async def test_a_snapshot_sees_one_moment_and_an_ordinary_transaction_what_is_there(
    table: Database,
) -> None:
    async with table.transaction(snapshot=True) as still, table.transaction() as moving:
        assert await still.fetchval("SELECT sum(n) FROM s.t") == 0
        assert await moving.fetchval("SELECT sum(n) FROM s.t") == 0
        await table.execute(add(1))
        row = await still.fetchrow("SELECT sum(n) AS n FROM s.t")
        assert row is not None
        assert row["n"] == 0
        assert [row["n"] for row in await moving.fetch("SELECT sum(n) AS n FROM s.t")] == [1]


async def test_json_goes_in_and_out_as_what_it_is(db: Database) -> None:
    value = {"текст": ["ў", 1, None], "n": {"deep": True}}
    assert await db.fetchval("SELECT $1::jsonb", value) == value
    assert "ў" in await db.fetchval("SELECT $1::jsonb::text", value)


# -- savepoints --------------------------------------------------------------------


async def part(tx: Tx, sql: str, *, then: Callable[[], object] = bool) -> None:
    """Something done in a savepoint."""
    async with tx.savepoint():
        tx.after_commit(then)
        await tx.execute(sql)


async def test_a_savepoint_undoes_its_part_and_forgets_its_callbacks(table: Database) -> None:
    said: list[str] = []
    async with table.transaction() as tx:
        tx.after_commit(lambda: said.append("outer"))
        await tx.execute(add(1))
        with pytest.raises(asyncpg.DivisionByZeroError):
            await part(tx, f"{add(1, 10)}; SELECT 1/0", then=lambda: said.append("undone"))
        await part(tx, add(2), then=lambda: said.append("kept"))
        assert said == []
    assert said == ["outer", "kept"]
    assert await numbers(table) == [1, 1]


async def test_savepoints_in_savepoints(table: Database) -> None:
    said: list[int] = []

    async def outer_fails(tx: Tx) -> None:
        async with tx.savepoint():
            await tx.execute(add(1, 1))
            await part(tx, add(1, 10), then=lambda: said.append(1))
            raise Invalid

    async def inner_fails(tx: Tx) -> None:
        async with tx.savepoint():
            await tx.execute(add(1, 100))
            with pytest.raises(asyncpg.DivisionByZeroError):
                await part(tx, f"{add(1, 1000)}; SELECT 1/0", then=lambda: said.append(2))
            tx.after_commit(lambda: said.append(3))

    async with table.transaction() as tx:
        with pytest.raises(Invalid):
            await outer_fails(tx)
        await inner_fails(tx)
    assert said == [3]
    assert await numbers(table) == [100, 0]


async def test_a_failure_swallowed_in_a_savepoint_raises_at_its_end(table: Database) -> None:
    async def careless(tx: Tx) -> None:
        async with tx.savepoint():
            await tx.execute(add(2))
            with suppress(asyncpg.DivisionByZeroError):
                await tx.execute("SELECT 1/0")

    async with table.transaction() as tx:
        await tx.execute(add(1))
        with pytest.raises(asyncpg.InFailedSQLTransactionError):
            await careless(tx)
    assert await numbers(table) == [1, 0]


async def test_time_running_out_in_a_savepoint_undoes_only_that(table: Database) -> None:
    async with table.transaction() as tx:
        await tx.execute(add(1))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(part(tx, f"{add(2)}; SELECT pg_sleep(10)"), 0.05)
    assert await numbers(table) == [1, 0]


# -- after the commit --------------------------------------------------------------


async def test_what_is_for_after_the_commit_sees_it_committed_and_no_transaction(
    table: Database,
) -> None:
    seen: list[tuple[bool, list[int]]] = []
    done = asyncio.Event()

    async def look() -> None:
        seen.append((transaction_is_open(), await numbers(table)))
        done.set()

    tasks: list[asyncio.Task[None]] = []
    async with table.transaction() as tx:
        tx.after_commit(lambda: tasks.append(asyncio.create_task(look())))
        await tx.execute(add(1))
        assert not tasks
    await asyncio.wait_for(done.wait(), 5)
    assert seen == [(False, [1, 0])]


async def test_nothing_happens_after_a_commit_that_was_none(table: Database) -> None:
    said: list[str] = []

    async def work(tx: Tx) -> None:
        tx.after_commit(lambda: said.append("committed"))
        raise Invalid

    with pytest.raises(Invalid):
        await table.run(work)
    assert said == []


async def test_a_callback_that_fails_neither_undoes_nor_repeats_nor_stops_the_others(
    table: Database,
) -> None:
    said: list[str] = []

    def fail() -> None:
        raise ConnectionResetError("as if the connection were lost")

    async def work(tx: Tx) -> str:
        await tx.execute(add(1))
        tx.after_commit(fail)
        tx.after_commit(lambda: said.append("the next"))
        return "done"

    assert await table.run(work) == "done"
    assert said == ["the next"]
    assert await numbers(table) == [1, 0]


async def test_what_fails_when_all_is_committed_does_not_repeat_it(
    table: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = asyncpg.Pool.release

    async def release_and_fail(*arguments: Any, **more: Any) -> None:
        monkeypatch.undo()
        await release(*arguments, **more)
        raise ConnectionResetError("when the connection was given back")

    monkeypatch.setattr(asyncpg.Pool, "release", release_and_fail)
    with pytest.raises(ConnectionResetError):
        await table.run(lambda tx: tx.execute(add(1)))
    assert await numbers(table) == [1, 0]


async def test_whoever_is_about_to_use_a_network_can_ask_for_an_open_transaction(
    db: Database,
) -> None:
    later = asyncio.Event()

    async def started_inside() -> tuple[bool, bool]:
        first = transaction_is_open()
        await later.wait()
        return first, transaction_is_open()

    assert not transaction_is_open()
    async with db.transaction():
        assert transaction_is_open()
        inside = asyncio.create_task(started_inside())
        async with db.transaction():
            assert transaction_is_open()
        assert transaction_is_open(), "the outer one is open still"
        await asyncio.sleep(0)
    assert not transaction_is_open()
    later.set()
    assert await inside == (True, False), "what was started inside lives on outside"
    with pytest.raises(Invalid):
        async with db.transaction():
            raise Invalid
    assert not transaction_is_open()


# -- again -------------------------------------------------------------------------


async def test_two_who_lock_in_opposite_order_both_succeed(table: Database) -> None:
    tries = 0
    both = asyncio.Barrier(2)

    def crossing(first: int, second: int) -> asyncio.Task[None]:
        met = False

        async def work(tx: Tx) -> None:
            nonlocal tries, met
            tries += 1
            await tx.execute(add(first))
            if not met:
                met = True
                await both.wait()
            await tx.execute(add(second))

        return asyncio.create_task(table.run(work))

    await asyncio.gather(crossing(1, 2), crossing(2, 1))
    assert tries == 3, "the deadlock's victim came again"
    assert await numbers(table) == [2, 2]


async def test_a_serialisation_failure_is_tried_again(table: Database) -> None:
    tries = 0
    both = asyncio.Barrier(2)

    async def read_and_write(tx: Tx) -> None:
        nonlocal tries
        tries += 1
        await tx.execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
        n = await tx.fetchval("SELECT sum(n) FROM s.t")
        if tries <= 2:
            await both.wait()
        await tx.execute(add(1, n + 1))

    await asyncio.gather(table.run(read_and_write), table.run(read_and_write))
    assert tries == 3
    assert await numbers(table) == [3, 0], "1, and then 1 + 1 more: one after the other"


async def test_a_connection_killed_before_the_commit_is_tried_again(table: Database) -> None:
    tries = 0

    async def work(tx: Tx) -> None:
        nonlocal tries
        tries += 1
        await tx.execute(add(1))
        if tries == 1:
            await terminate(table, await pid_of(tx))
        await tx.execute(add(2))

    await table.run(work)
    assert tries == 2
    assert await numbers(table) == [1, 1]


async def test_a_connection_known_to_be_dead_when_committing_is_tried_again(
    table: Database,
) -> None:
    tries = 0

    async def work(tx: Tx) -> None:
        nonlocal tries
        tries += 1
        await tx.execute(add(1))
        if tries == 1:
            await terminate(table, await pid_of(tx))
            await until(lambda: _is_gone(tx))

    await table.run(work)
    assert tries == 2
    assert await numbers(table) == [1, 0]


async def test_a_commit_that_the_client_could_not_send_is_tried_again(
    table: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's last words are being read: nothing was asked, so nothing is unknown."""
    tries = 0
    execute = Tx.execute

    async def in_its_way(tx: Tx, query: str, *args: object) -> str:
        nonlocal tries
        if query == "COMMIT":
            tries += 1
            if tries == 1:
                raise asyncpg.InternalClientError(
                    "cannot switch to state 15; another operation (2) is in progress"
                )
        return await execute(tx, query, *args)

    monkeypatch.setattr(Tx, "execute", in_its_way)
    await table.run(lambda tx: tx.execute(add(1)))
    assert tries == 2
    assert await numbers(table) == [1, 0]


def _is_gone(tx: Tx) -> bool:
    try:
        return tx.connection.is_closed()
    except asyncpg.InterfaceError:
        return True


async def test_a_connection_killed_in_the_middle_of_a_statement_is_tried_again(
    table: Database,
) -> None:
    tries = 0

    async def work(tx: Tx) -> None:
        nonlocal tries
        tries += 1
        await tx.execute(add(1))
        if tries == 1:
            killing = asyncio.create_task(terminate(table, await pid_of(tx)))
            try:
                await tx.execute("SELECT pg_sleep(10)")
            finally:
                await killing

    await table.run(work)
    assert await numbers(table) == [1, 0]


async def test_it_is_given_up_after_some_attempts(db: Database) -> None:
    tries = 0

    async def always(tx: Tx) -> None:
        nonlocal tries
        tries += 1
        await tx.execute("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'deadlock_detected'; END $$")

    with pytest.raises(asyncpg.DeadlockDetectedError):
        await db.run(always, attempts=3)
    assert tries == 3


async def test_what_is_wrong_is_not_tried_again(db: Database) -> None:
    tries = 0

    async def wrong(tx: Tx) -> None:
        nonlocal tries
        tries += 1
        raise FileNotFoundError("an app's own file")

    with pytest.raises(FileNotFoundError):
        await db.run(wrong)
    assert tries == 1


# -- nobody knows ------------------------------------------------------------------


@pytest.fixture
async def proxy(fresh: Fresh, home: Path) -> AsyncIterator[Proxy]:
    async with Proxy(fresh.address(OWNER), home) as between:
        yield between


@pytest.mark.parametrize("reached", [True, False], ids=["it was committed", "it was not"])
async def test_a_commit_whose_answer_is_lost_is_unknown_and_not_repeated(
    table: Database, proxy: Proxy, *, reached: bool
) -> None:
    tries = 0
    said: list[str] = []

    async def work(tx: Tx) -> None:
        nonlocal tries
        tries += 1
        await tx.execute(add(1))
        tx.after_commit(lambda: said.append("committed"))
        proxy.break_at(b"COMMIT", after=reached)

    async with Database(proxy.address) as db:
        with pytest.raises(CommitUnknown):
            await db.run(work)
        assert tries == 1
        assert said == []
        await until(lambda: not proxy.armed)
        assert await db.fetchval("SELECT 1") == 1
    assert await numbers(table) == [1 if reached else 0, 0]


async def test_a_begin_whose_answer_is_lost_is_tried_again(table: Database, proxy: Proxy) -> None:
    async with Database(proxy.address) as db:
        proxy.break_at(b"BEGIN", after=True)
        await db.run(lambda tx: tx.execute(add(1)))
    assert await numbers(table) == [1, 0]


async def test_a_connection_that_breaks_before_it_can_be_used_is_made_anew(
    proxy: Proxy,
) -> None:
    proxy.break_at(b"SET application_name", after=False)
    async with Database(proxy.address) as db:
        assert not proxy.armed
        assert await db.fetchval("SHOW application_name") == "kassa"


# -- cancelled ---------------------------------------------------------------------


@pytest.mark.parametrize("times", [1, 2])
async def test_whoever_is_cancelled_anywhere_in_a_transaction_leaves_no_trace(
    fresh: Fresh, table: Database, times: int
) -> None:
    async with Database(fresh.address(OWNER), connections=1) as db:
        await db.fetchval("SELECT 1")

        async def work(tx: Tx) -> None:
            await tx.execute(add(1))
            await tx.execute("SELECT pg_sleep(0.002)")
            async with tx.savepoint():
                await tx.execute(add(2))

        committed = 0
        for step in range(100):
            task = asyncio.create_task(db.run(work))
            for _ in range(step**2 // 4):  # turns of the loop
                await asyncio.sleep(0)
            for _ in range(times):
                task.cancel()
                for _ in range(step % 7):  # the second time while the first is being undone
                    await asyncio.sleep(0)
            with suppress(asyncio.CancelledError):
                await task
                committed += 1
            # The only connection there is can be used, and in no transaction left open. (One
            # that was broken off stays in the list until the server has noticed.)
            state = (
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE datname = current_database() AND state LIKE 'idle in trans%'"
            )
            async with asyncio.timeout(10):
                while await db.fetchval(state):
                    await asyncio.sleep(0.01)
            one, two = await numbers(db)
            assert one == two >= committed
            await db.execute("SELECT 1")
        assert committed, "the last ones were let through"


async def test_whoever_is_cancelled_anywhere_in_a_savepoint_undoes_all_of_it(
    table: Database,
) -> None:
    for turns in range(60):
        before = await numbers(table)
        kept = False

        async def work(tx: Tx, turns: int = turns) -> None:
            nonlocal kept
            async with tx.savepoint():
                await tx.execute(add(1))
                doing = asyncio.create_task(part(tx, add(2)))
                for _ in range(turns * 3):
                    await asyncio.sleep(0)
                doing.cancel()
                kept = not (await asyncio.gather(doing, return_exceptions=True))[0]

        await table.run(work)
        assert await numbers(table) == [before[0] + 1, before[1] + kept]


async def test_cancelled_while_it_waits_for_a_lock(table: Database) -> None:
    async with table.transaction() as holder:
        await holder.execute(add(1))
        waiting = asyncio.create_task(table.run(lambda tx: tx.execute(add(1, 10))))
        locks = (
            "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) "
            "WHERE datname = current_database() AND NOT granted"
        )
        while not await table.fetchval(locks):
            await asyncio.sleep(0.01)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert await table.fetchval(locks) == 0
    assert await numbers(table) == [1, 0]


# -- the pool ----------------------------------------------------------------------


async def test_who_finds_no_free_connection_waits(fresh: Fresh) -> None:
    async with Database(fresh.address(), connections=2) as db:
        most = 0
        open_ = 0

        async def work(tx: Tx) -> int:
            nonlocal most, open_
            open_ += 1
            most = max(most, open_)
            await tx.execute("SELECT pg_sleep(0.005)")
            open_ -= 1
            return 1

        assert sum(await asyncio.gather(*(db.run(work) for _ in range(40)))) == 40
        assert most == 2


async def test_a_database_that_is_not_open_says_so(fresh: Fresh) -> None:
    db = Database(fresh.address())
    with pytest.raises(Unavailable, match="not open"):
        await db.fetchval("SELECT 1")
    async with db:
        assert await db.fetchval("SELECT 1") == 1
    with pytest.raises(Unavailable, match="not open"):
        await db.fetchval("SELECT 1")


async def test_closing_waits_for_what_is_under_way_but_not_forever(
    fresh: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kassa.db.database._CLOSE_SECONDS", 0.2)
    async with Database(fresh.address()) as db:
        quick = asyncio.create_task(db.fetchval("SELECT 7 FROM pg_sleep(0.05)"))
        slow = asyncio.create_task(db.fetchval("SELECT 7 FROM pg_sleep(10)"))
        await until(lambda: db.pool.get_size() - db.pool.get_idle_size() == 2)
    assert await quick == 7
    with pytest.raises(Exception, match="closed") as error:
        await slow
    assert lost_connection(error.value)


async def test_it_opens_in_words_or_not_at_all(fresh: Fresh, home: Path) -> None:
    nowhere = Address(fresh.address().socket, APP, "nowhere")
    with pytest.raises(Unavailable, match='database "nowhere" does not exist'):
        await Database(nowhere).__aenter__()
    nobody = Address(fresh.address().socket, "stranger", fresh.name)
    with pytest.raises(Unavailable, match="refuses to let us in"):
        await Database(nobody).__aenter__()
    empty = Address(home, APP, fresh.name)
    with pytest.raises(Unavailable, match=r"cannot be reached.*No such file"):
        await Database(empty, connect_seconds=0.1).__aenter__()
