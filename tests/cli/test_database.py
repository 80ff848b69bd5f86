"""`kassa db` and `kassa migrate`: what is dumped comes back whole, or nothing changes."""

import os
import signal
import subprocess
from pathlib import Path

import asyncpg
import pytest

from kassa.cli.database import Programs
from kassa.db import Database
from kassa.db.embedded import SUPERUSER
from kassa.errors import NotFound
from tests.cli.books import SELLER, opened, sell
from tests.cli.process import KASSA, environ, kassa, on
from tests.conftest import Fresh
from tests.outbox.support import soon

Done = subprocess.CompletedProcess[str]


def in_home(home: Path, *arguments: str | Path) -> Done:
    return kassa(*arguments, cwd=home, KASSA_HOME=str(home))


def refused(done: Done, words: str) -> None:
    assert (done.returncode, done.stdout) == (1, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
async def filled(own: Path) -> Path:
    async with opened(own) as db:
        for number in range(3):
            await sell(db, number)
    return own


async def test_what_is_dumped_comes_back_and_the_application_has_its_rights(filled: Path) -> None:
    file = filled / "kassa.dump"
    done = in_home(filled, "db", "dump", file)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Written: {file} (")
    assert file.stat().st_mode & 0o777 == 0o600, "it holds everything"
    assert [path.name for path in filled.glob("kassa.dump*")] == ["kassa.dump"]
    async with opened(filled) as db:
        await sell(db, 4)
    done = in_home(filled, "db", "restore", file, "--replace")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"Restored from {file}. kassa audit proves the books.\n"
    async with opened(filled) as db:
        assert await db.fetchval("SELECT count(*) FROM ledger.transfer") == 3
        await sell(db, 5)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await db.execute("UPDATE ledger.account SET posted = 0")
    done = in_home(filled, "audit")
    assert (done.returncode, done.stdout) == (0, "The books are right: 2 accounts, 4 transfers.\n")


async def test_a_dump_can_be_read_into_a_home_where_nothing_is(filled: Path, home: Path) -> None:
    in_home(filled, "db", "dump", filled / "kassa.dump")
    fresh = home / "fresh"
    done = in_home(filled, "db", "restore", filled / "kassa.dump")
    refused(done, "The database is not empty. Dump it first if you need it, then add --replace.")
    done = kassa("db", "restore", filled / "kassa.dump", cwd=home, KASSA_HOME=str(fresh))
    assert (done.returncode, done.stderr) == (0, "")
    done = kassa("books", str(SELLER.code), cwd=home, KASSA_HOME=str(fresh))
    assert "sale:2" in done.stdout


async def test_a_dump_never_replaces_a_file_nor_leaves_half_of_one(filled: Path) -> None:
    file = filled / "there"
    file.write_text("precious")
    refused(in_home(filled, "db", "dump", file), "exists already. Name a new file.")
    assert file.read_text() == "precious"
    refused(in_home(filled, "db", "dump", filled / "no/folder"), "cannot be written (No such file")
    refused(in_home(filled, "db", "dump", filled), "exists already")


@pytest.mark.parametrize("what", ["text", "cut", "bytes changed", "of something else"])
async def test_a_dump_that_cannot_be_read_changes_nothing(filled: Path, what: str) -> None:
    file = filled / "kassa.dump"
    if what == "of something else":
        async with opened(filled, SUPERUSER) as root:
            await root.execute("CREATE DATABASE other OWNER kassa_owner")
            environ = {"PGDATABASE": "other"}
        make_other(filled, file, environ)
    else:
        in_home(filled, "db", "dump", file)
        whole = file.read_bytes()
        file.write_bytes(
            {
                "text": b"DROP SCHEMA ledger CASCADE;\n",
                "cut": whole[: len(whole) * 4 // 5],
                "bytes changed": whole.replace(b"PGDMP", b"PGDMQ"),
            }[what]
        )
    done = in_home(filled, "db", "restore", file, "--replace")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith(f"{file} was not restored: see above. All is as it was.\n")
    assert "Traceback" not in done.stderr
    assert in_home(filled, "audit").stdout == "The books are right: 2 accounts, 3 transfers.\n"


def make_other(home: Path, file: Path, environ: dict[str, str]) -> None:
    from kassa.db import OWNER, EmbeddedServer

    server = EmbeddedServer(home)
    server.start()
    try:
        more = {**os.environ, **server.address(OWNER).environ(), **environ}
        psql, dump = (str(server.binaries / name) for name in ("psql", "pg_dump"))
        subprocess.run(
            [psql, "-qc", "CREATE SCHEMA other CREATE TABLE t (i int)"], env=more, check=True
        )
        subprocess.run([dump, "--format=custom", f"--file={file}"], env=more, check=True)
    finally:
        server.stop()


async def test_a_database_in_use_is_not_replaced(filled: Path) -> None:
    in_home(filled, "db", "dump", filled / "kassa.dump")
    async with opened(filled) as db:
        assert await db.fetchval("SELECT 1")
        done = in_home(filled, "db", "restore", filled / "kassa.dump", "--replace")
    refused(done, "1 connections use the database. Stop kassa run first.")
    refused(in_home(filled, "db", "restore", filled / "nowhere"), "There is no file")


async def test_a_database_of_your_own_is_dumped_and_restored_too(
    fresh: Fresh, tmp_path: Path
) -> None:
    settings = {**on(fresh), "PATH": f"{fresh.server.binaries}:{os.environ['PATH']}"}
    assert kassa("db", "dump", "file", cwd=tmp_path, **settings).returncode == 0
    done = kassa("db", "restore", "file", "--replace", cwd=tmp_path, **settings)
    assert (done.returncode, done.stderr) == (0, "")
    assert kassa("audit", cwd=tmp_path, **settings).returncode == 0
    done = kassa("db", "psql", "-Atc", "SELECT current_user", cwd=tmp_path, **settings)
    assert done.stdout == "kassa_app\n"
    done = kassa("db", "psql", "-c", "SELECT 1", cwd=tmp_path, **{**settings, "PATH": "/nowhere"})
    refused(done, "psql is not installed here. Try: apt install postgresql-client")


def test_psql_asks_as_the_application_or_as_the_owner(own: Path) -> None:
    done = in_home(own, "db", "psql", "-Atc", "SELECT current_user")
    assert (done.returncode, done.stdout, done.stderr) == (0, "kassa_app\n", "")
    done = in_home(own, "db", "psql", "--owner", "-c", "SELECT current_user")
    assert "kassa_owner" in done.stdout
    done = in_home(own, "db", "psql", "-c", "SELECT nothing")
    refused(done, "psql failed (exit 1): see above.")
    assert 'column "nothing" does not exist' in done.stderr


async def test_ctrl_c_is_for_psql_which_ends_the_query(
    fresh: Fresh, db: Database, tmp_path: Path
) -> None:
    settings = {**on(fresh), "PATH": f"{fresh.server.binaries}:{os.environ['PATH']}"}
    asleep = "SELECT true FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(30)'"
    with subprocess.Popen(
        [KASSA, "db", "psql", "-c", "SELECT pg_sleep(30)"],
        env=environ(**settings),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    ) as process:
        await soon(lambda: db.fetchval(asleep))
        os.killpg(process.pid, signal.SIGINT)
        told, complained = process.communicate(timeout=20)
    assert (process.returncode, told) == (1, "")
    assert complained.splitlines()[-2:] == [
        "ERROR:  canceling statement due to user request",
        "psql failed (exit 1): see above.",
    ]


def test_a_password_is_not_on_the_command_line() -> None:
    url = "postgresql://kassa:p%40ss%2Fword@db.example:5433/kassa?sslmode=require"
    programs = Programs(url, None)
    command = programs.command("psql")
    assert command[1:] == ["--dbname=postgresql://kassa@db.example:5433/kassa?sslmode=require"]
    assert programs.environ()["PGPASSWORD"] == "p@ss/word"
    with pytest.raises(NotFound, match="is not installed here"):
        programs.command("no-such-program")


def test_migrate_shows_what_is_applied(own: Path) -> None:
    done = in_home(own, "migrate")
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[:2] for line in done.stdout.splitlines()[-2:]] == [
        ["kassa.users", "0004_finding.sql"],
        ["kassa.users", "grants.sql"],
    ]
