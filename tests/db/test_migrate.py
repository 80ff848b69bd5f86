"""Migrations: each file once, in order, whole, and never a changed one."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from kassa.db import APP, OWNER, Database, lost_connection
from kassa.db.database import connect
from kassa.db.migrate import MigrationError, Step, migrate, pending, steps
from kassa.runtime import PACKAGES
from tests.conftest import Fresh
from tests.db.support import environ


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator["Package"]:
    """An app of somebody else's with migrations of its own."""
    made = Package(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    made.write("0001_orders.sql", "CREATE SCHEMA orders; CREATE TABLE orders.t (n int);")
    made.write("grants.sql", "GRANT USAGE ON SCHEMA orders TO {app};")
    yield made
    sys.modules.pop(made.name, None)


class Package:
    name = "an_app_of_somebody_else"

    def __init__(self, folder: Path) -> None:
        self.sql = folder / self.name / "sql"
        self.sql.mkdir(parents=True)
        (self.sql.parent / "__init__.py").touch()

    def write(self, file: str, text: str) -> None:
        (self.sql / file).write_text(text)

    def steps(self, app: str = APP) -> list[Step]:
        return [step for step in steps([self.name], app=app) if step.package == self.name]


@pytest.fixture
async def owner(fresh: Fresh) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
    connection = await connect(fresh.address(OWNER))
    yield connection
    await connection.close()


async def applied(owner: "asyncpg.Connection[asyncpg.Record]") -> dict[str, str]:
    rows = await owner.fetch(
        "SELECT file, checksum FROM kassa.migration WHERE package = $1", Package.name
    )
    return {row["file"]: row["checksum"] for row in rows}


async def test_the_packages_of_kassa_are_all_applied(db: Database) -> None:
    assert await pending(db, steps(PACKAGES, app=APP)) == []


async def test_files_are_applied_in_their_order_and_once(
    app: Package, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    app.write("0010_third.sql", "INSERT INTO orders.t SELECT max(n) * 10 FROM orders.t;")
    app.write("0002_second.sql", "INSERT INTO orders.t VALUES (7);")
    app.write("notes.txt", "not SQL")
    done = await migrate(owner, app.steps())
    assert [step.file for step in done] == [
        "0001_orders.sql",
        "0002_second.sql",
        "0010_third.sql",
        "grants.sql",
    ]
    assert [row["n"] for row in await owner.fetch("SELECT n FROM orders.t")] == [7, 70]
    assert await migrate(owner, app.steps()) == []


def test_packages_come_in_the_order_given_and_each_ends_with_its_grants() -> None:
    found = steps(["kassa.outbox", "kassa.ledger"], app=APP)
    packages = [step.package for step in found]
    assert packages == sorted(packages, key=["kassa.outbox", "kassa.ledger", "kassa.db"].index)
    for package in set(packages):
        files = [step.file for step in found if step.package == package]
        assert files == sorted(files)
        assert files[-1] == "grants.sql"


FOUR = """
import asyncio, sys
from pathlib import Path
from kassa.db import Address
from kassa.db.database import connect
from kassa.db.migrate import migrate, steps
async def main():
    connection = await connect(Address(Path(sys.argv[1]), "kassa_owner", sys.argv[2]))
    print("ready", flush=True)
    sys.stdin.readline()
    print(len(await migrate(connection, steps([sys.argv[3]], app="kassa_app"))), flush=True)
    await connection.close()
asyncio.run(main())
"""


async def test_four_processes_at_once_apply_each_file_once(
    app: Package, fresh: Fresh, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    for n in range(2, 6):
        app.write(f"000{n}_slow.sql", "INSERT INTO orders.t SELECT 1 FROM pg_sleep(0.02);")
    await owner.execute("DROP SCHEMA kassa CASCADE")  # as in a new database
    address = fresh.address(OWNER)
    command = [sys.executable, "-c", FOUR, str(address.socket), address.database, app.name]
    four = [
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environ(app.sql.parent.parent),
        )
        for _ in range(4)
    ]
    for each in four:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    said = await asyncio.gather(*(asyncio.to_thread(each.communicate, "go\n") for each in four))
    assert sorted(int(out) for out, _ in said) == [0, 0, 0, 7]
    assert await owner.fetchval("SELECT count(*) FROM orders.t") == 4


async def test_a_changed_file_is_refused_by_name(
    app: Package, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await migrate(owner, app.steps())
    before = await applied(owner)
    app.write("0001_orders.sql", "CREATE SCHEMA orders; CREATE TABLE orders.t (n bigint);")
    app.write("0002_more.sql", "INSERT INTO orders.t VALUES (1);")
    with pytest.raises(MigrationError, match=rf"{app.name}/0001_orders\.sql was changed after"):
        await migrate(owner, app.steps())
    assert await applied(owner) == before


async def test_a_file_that_comes_late_with_a_lower_number_is_refused(
    app: Package, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    app.write("0003_third.sql", "SELECT 1;")
    await migrate(owner, app.steps())
    app.write("0002_late.sql", "SELECT 1;")
    with pytest.raises(MigrationError, match=r"0002_late\.sql comes before 0003_third\.sql"):
        await migrate(owner, app.steps())


async def test_a_database_of_a_newer_kassa_is_refused(
    app: Package, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    app.write("0002_new.sql", "SELECT 1;")
    await migrate(owner, app.steps())
    (app.sql / "0002_new.sql").unlink()
    with pytest.raises(MigrationError, match=r"0002_new\.sql, which this Kassa does not know"):
        await migrate(owner, app.steps())


async def test_an_app_that_is_gone_does_not_matter(
    app: Package, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await migrate(owner, app.steps())
    assert await pending(owner, steps(PACKAGES, app=APP)) == []


async def test_grants_are_given_anew_when_they_change(
    app: Package, fresh: Fresh, db: Database, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await migrate(owner, app.steps())
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await db.fetch("SELECT n FROM orders.t")
    app.write(
        "grants.sql", "GRANT USAGE ON SCHEMA orders TO {app}; GRANT SELECT ON orders.t TO {app};"
    )
    assert [step.file for step in await pending(db, app.steps())] == ["grants.sql"]
    await migrate(owner, app.steps())
    assert await db.fetch("SELECT n FROM orders.t") == []
    assert await migrate(owner, app.steps()) == []


async def test_what_a_new_file_makes_gets_its_grants_too(
    app: Package, owner: "asyncpg.Connection[asyncpg.Record]", db: Database
) -> None:
    app.write(
        "grants.sql",
        "GRANT USAGE ON SCHEMA orders TO {app}; "
        "GRANT SELECT ON ALL TABLES IN SCHEMA orders TO {app};",
    )
    await migrate(owner, app.steps())
    app.write("0002_more.sql", "CREATE TABLE orders.more AS SELECT 5 AS n;")
    done = await migrate(owner, app.steps())
    assert [step.file for step in done] == ["0002_more.sql", "grants.sql"]
    assert await db.fetchval("SELECT n FROM orders.more") == 5


async def test_another_role_of_the_application_gets_its_own_grants(
    app: Package, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await migrate(owner, app.steps())
    odd = app.steps(app='the "other" role')
    assert [step.file for step in await pending(owner, odd)] == ["grants.sql"]
    with pytest.raises(MigrationError, match=r'grants\.sql.*role "the "other" role" does not'):
        await migrate(owner, odd)


async def test_a_file_that_fails_leaves_nothing_of_itself_and_is_named(
    app: Package, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    app.write("0002_bad.sql", "INSERT INTO orders.t VALUES (1); SELECT 1/0;")
    app.write("0003_good.sql", "INSERT INTO orders.t VALUES (3);")
    with pytest.raises(MigrationError, match=r"0002_bad\.sql cannot be applied: division by zero"):
        await migrate(owner, app.steps())
    assert list(await applied(owner)) == ["0001_orders.sql"]
    assert await owner.fetchval("SELECT count(*) FROM orders.t") == 0
    app.write("0002_bad.sql", "INSERT INTO orders.t VALUES (2);")
    done = await migrate(owner, app.steps())
    assert [step.file for step in done] == ["0002_bad.sql", "0003_good.sql", "grants.sql"]
    assert await owner.fetchval("SELECT sum(n) FROM orders.t") == 5


async def test_a_file_that_cannot_be_noted_down_is_undone(
    app: Package, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    unheard_of = Step(app.name, "0002_\0.sql", "INSERT INTO orders.t VALUES (1);")
    with pytest.raises(MigrationError):
        await migrate(owner, [*app.steps()[:1], unheard_of])
    assert await owner.fetchval("SELECT count(*) FROM orders.t") == 0


async def test_a_connection_killed_in_a_file_leaves_nothing_of_it_and_no_lock(
    app: Package, fresh: Fresh, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    app.write("0002_slow.sql", "INSERT INTO orders.t VALUES (1); SELECT pg_sleep(10);")
    killed = await connect(fresh.address(OWNER))
    migrating = asyncio.create_task(migrate(killed, app.steps()))
    busy = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND pid = $1"
    while not await owner.fetchval(busy, killed.get_server_pid()):
        await asyncio.sleep(0.01)
    await owner.execute(f"SELECT pg_terminate_backend({killed.get_server_pid()}, 5000)")
    with pytest.raises(Exception, match="closed") as error:
        await migrating
    assert lost_connection(error.value)
    app.write("0002_slow.sql", "INSERT INTO orders.t VALUES (2);")
    await migrate(owner, app.steps())
    assert await owner.fetchval("SELECT sum(n) FROM orders.t") == 2


async def test_a_migration_may_take_longer_than_a_statement_of_the_application(
    app: Package, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    app.write("0002_slow.sql", "INSERT INTO orders.t SELECT 1 FROM pg_sleep(0.05);")
    await owner.execute("SET statement_timeout = '20ms'; SET lock_timeout = '20ms'")
    await migrate(owner, app.steps())
    assert await owner.fetchval("SHOW statement_timeout") == "0"


async def test_a_role_that_may_not_migrate_is_told_so(app: Package, fresh: Fresh) -> None:
    stranger = await connect(fresh.address(APP))
    try:
        with pytest.raises(MigrationError, match=r"permission denied.*GRANT CREATE ON DATABASE"):
            await migrate(stranger, app.steps())
    finally:
        await stranger.close()
