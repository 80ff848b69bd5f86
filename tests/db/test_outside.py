"""A PostgreSQL of your own: it works without a superuser, or is refused in words."""

import asyncio
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from kassa.config import Settings, load
from kassa.db import Database, outside
from kassa.db.leader import Leader
from kassa.db.migrate import MigrationError
from kassa.errors import Unavailable
from kassa.runtime import open_database
from tests.conftest import new_home
from tests.db.outside import Cluster, cluster, database, free_port, pgbouncer


@pytest.fixture(scope="module")
def sixteen() -> Iterator[Cluster]:
    with new_home() as home, cluster(home, 16) as made:
        yield made


@pytest.fixture(scope="module")
def eighteen() -> Iterator[Cluster]:
    with new_home() as home, cluster(home, 18) as made:
        yield made


@pytest.fixture(params=[16, 18])
def any_version(request: pytest.FixtureRequest) -> Cluster:
    made: Cluster = request.getfixturevalue({16: "sixteen", 18: "eighteen"}[request.param])
    return made


def settings(url: str, tmp_path: Path, *, owner: str = "") -> Settings:
    return load({"DATABASE_URL": url, "DATABASE_OWNER_URL": owner}, tmp_path)


# -- it works ----------------------------------------------------------------------


async def test_it_opens_and_migrates_an_ordinary_database(
    any_version: Cluster, tmp_path: Path
) -> None:
    bought = await database(any_version)
    for _ in range(2):
        async with open_database(settings(bought.url, tmp_path)) as opened:
            assert opened.server is None
            db = opened.database
            assert await db.fetchval("SELECT count(*) FROM kassa.migration") == len(opened.steps)
            assert await db.fetchval("SHOW is_superuser") == "off"
            assert await db.fetchval("SHOW statement_timeout") == "15s"
            assert await db.fetchval("SHOW lock_timeout") == "5s"
            assert await db.fetchval("SHOW idle_in_transaction_session_timeout") == "30s"
            assert await db.fetchval("SHOW timezone") == "UTC"


async def test_four_processes_of_it_may_start_at_once(eighteen: Cluster, tmp_path: Path) -> None:
    bought = await database(eighteen)

    async def start() -> int:
        async with open_database(settings(bought.url, tmp_path)) as opened:
            return int(await opened.database.fetchval("SELECT count(*) FROM kassa.migration"))

    assert len(set(await asyncio.gather(*(start() for _ in range(4))))) == 1


async def test_with_a_role_of_its_own_the_application_cannot_write_the_books(
    any_version: Cluster, tmp_path: Path
) -> None:
    bought = await database(any_version)
    app = f"{bought.role}_app"
    await any_version.execute(
        f"CREATE ROLE {app} LOGIN PASSWORD 'app'",
        f"REVOKE ALL ON DATABASE {bought.name} FROM PUBLIC",
        f"GRANT CONNECT ON DATABASE {bought.name} TO {app}",
    )
    url = any_version.url(app, bought.name, password="app")
    async with open_database(settings(url, tmp_path, owner=bought.url)) as opened:
        assert await opened.database.fetchval("SELECT current_user") == app
        for sql in (
            "INSERT INTO ledger.account DEFAULT VALUES",
            "DELETE FROM ledger.account",
            "CREATE TABLE public.t ()",
            "DELETE FROM kassa.migration",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await opened.database.execute(sql)
        assert await opened.database.fetchval("SELECT count(*) FROM ledger.account") == 0


async def test_an_owner_of_another_database_is_refused_in_words(
    eighteen: Cluster, tmp_path: Path
) -> None:
    one, other = await database(eighteen), await database(eighteen)
    with pytest.raises(Unavailable, match="name different databases"):
        async with open_database(settings(one.url, tmp_path, owner=other.url)):
            pass


async def test_a_server_that_comes_a_moment_later_is_waited_for(
    sixteen: Cluster, home: Path
) -> None:
    bought = await database(sixteen)
    late = free_port()
    opening = asyncio.create_task(outside.check(sixteen.url(bought.role, bought.name, port=late)))
    await asyncio.sleep(0.2)
    assert not opening.done()
    with pgbouncer(bought, home, "session", port=late):
        await asyncio.wait_for(opening, 10)


# -- it is refused in words --------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'", "Its encoding is LATIN1; UTF8"),
        ("TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'", "Its encoding is SQL_ASCII; UTF8"),
        ("TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'", "knows ASCII only.*CREATE DATABASE"),
    ],
    ids=["LATIN1", "SQL_ASCII", "ctype C"],
)
async def test_a_database_that_cannot_hold_every_language_is_refused(
    any_version: Cluster, tmp_path: Path, options: str, words: str
) -> None:
    bought = await database(any_version, options)
    with pytest.raises(Unavailable, match=words):
        await open_database(settings(bought.url, tmp_path)).__aenter__()


async def test_what_the_words_advise_makes_a_database_that_is_accepted(
    any_version: Cluster, tmp_path: Path
) -> None:
    bad = await database(any_version, "TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'")
    with pytest.raises(Unavailable) as error:
        await outside.check(bad.url)
    advice = str(error.value).partition("CREATE DATABASE kassa ")[2].rstrip(";")
    await outside.check((await database(any_version, advice)).url)


async def test_a_version_too_old_is_refused_with_all_else_that_is_wrong(
    sixteen: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outside, "_OLDEST", 17)
    bought = await database(sixteen, "TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    with pytest.raises(Unavailable) as error:
        await open_database(settings(bought.url, tmp_path)).__aenter__()
    assert "It is PostgreSQL 16; 17 or newer is needed." in str(error.value)
    assert "LATIN1" in str(error.value)


async def test_a_standby_is_refused(home: Path) -> None:
    with (
        cluster(home, 18, standby=True) as standby,
        pytest.raises(Unavailable, match="It is a standby"),
    ):
        await outside.check(standby.url("postgres", "postgres"))


async def test_whoever_is_refused_is_told_at_once(eighteen: Cluster, tmp_path: Path) -> None:
    bought = await database(eighteen)
    for url, words in (
        (eighteen.url(bought.role, bought.name, password="wrong-one"), "password authentication"),
        (eighteen.url("stranger", bought.name), "password authentication"),
        (eighteen.url(bought.role, "nowhere"), 'database "nowhere" does not exist'),
    ):
        started = time.monotonic()
        with pytest.raises(Unavailable, match=f"refuses to let us in: .*{words}") as error:
            await open_database(settings(url, tmp_path)).__aenter__()
        assert time.monotonic() - started < 2
        assert "wrong-one" not in str(error.value)


async def test_nothing_there_is_waited_for_a_little_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert outside._SECONDS <= 5
    monkeypatch.setattr(outside, "_SECONDS", 0.3)
    for url in (
        f"postgresql://anna:secret@127.0.0.1:{free_port()}/kassa",
        "postgresql://anna:secret@no-such-host.invalid/kassa",
    ):
        with pytest.raises(Unavailable, match=r"The database cannot be reached: .+") as error:
            await open_database(settings(url, tmp_path)).__aenter__()
        assert "secret" not in str(error.value)


async def test_a_server_that_accepts_and_says_nothing_is_told_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outside, "_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(Unavailable, match="cannot be reached: no answer"):
            await outside.check(f"postgresql://anna@127.0.0.1:{port}/kassa")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://anna:half/secret@localhost/kassa",
        "postgresql://anna:half@localhost:secret/kassa",
        "postgresql://anna:half@localhost/kassa?secret",
    ],
)
async def test_a_url_that_cannot_be_read_is_told_without_the_password(url: str) -> None:
    with pytest.raises(Unavailable, match="cannot be understood") as error:
        await outside.check(url)
    assert "secret" not in str(error.value)
    assert "half" not in str(error.value)
    assert error.value.__cause__ is None


async def test_a_setting_in_the_url_that_does_not_exist_is_told() -> None:
    with pytest.raises(Unavailable, match="`sslmode` parameter must be one of"):
        await outside.check("postgresql://anna@localhost/kassa?sslmode=perhaps")


async def test_a_role_that_may_not_migrate_is_told_what_it_needs(
    eighteen: Cluster, tmp_path: Path
) -> None:
    bought = await database(eighteen)
    await eighteen.execute(f"ALTER DATABASE {bought.name} OWNER TO postgres")
    opening = open_database(settings(bought.url, tmp_path))
    with pytest.raises(MigrationError, match="GRANT CREATE ON DATABASE"):
        await opening.__aenter__()
    await eighteen.execute(f"GRANT CREATE ON DATABASE {bought.name} TO {bought.role}")
    async with open_database(settings(bought.url, tmp_path)) as opened:
        assert await opened.database.fetchval("SELECT count(*) FROM ledger.account") == 0


# -- a pooler in between -----------------------------------------------------------


async def test_a_pooler_of_sessions_works_with_our_time_outs(
    sixteen: Cluster, home: Path, tmp_path: Path
) -> None:
    bought = await database(sixteen)
    with pgbouncer(bought, home, "session") as url:
        async with open_database(settings(url, tmp_path)) as opened:
            db = opened.database
            pids = await asyncio.gather(
                *(db.fetchval("SELECT pg_backend_pid() FROM pg_sleep(0.05)") for _ in range(4))
            )
            assert len(set(pids)) == 4
            for _ in range(4):
                assert await db.fetchval("SHOW statement_timeout") == "15s"
                assert await db.fetchval("SHOW lock_timeout") == "5s"
            await db.run(lambda tx: tx.execute("SELECT 1"))
            listening = asyncio.create_task(db.wake.run())
            async with Database(bought.url) as direct:
                event = db.wake.event("jobs")
                beside = asyncio.create_task(direct.wake.run())
                async with asyncio.timeout(10):
                    while not event.is_set():
                        direct.wake.wake("jobs")
                        await asyncio.sleep(0.02)
                beside.cancel()
            done = asyncio.Event()

            async def work() -> None:
                done.set()

            leading = asyncio.create_task(Leader(db, {"work": work}).run())
            await asyncio.wait_for(done.wait(), 5)
            for task in (listening, leading):
                task.cancel()
            await asyncio.gather(listening, leading, beside, return_exceptions=True)
        # The next client of the pooler finds a clean session, whatever ours had set.
        stranger = await asyncpg.connect(url)
        assert await stranger.fetchval("SHOW statement_timeout") == "0"
        await stranger.close()


@pytest.mark.parametrize("mode", ["transaction", "statement"])
async def test_a_pooler_of_transactions_is_refused_in_words(
    sixteen: Cluster, home: Path, tmp_path: Path, mode: str
) -> None:
    bought = await database(sixteen)
    with pgbouncer(bought, home, mode) as url:
        for _ in range(3):
            with pytest.raises(Unavailable, match=r"behind a pooler.*pool_mode = session"):
                await open_database(settings(url, tmp_path)).__aenter__()
        # ... also when others are busy with it at the same time.
        busy = [asyncio.create_task(_keep_busy(url)) for _ in range(6)]
        for _ in range(5):
            with pytest.raises(Unavailable, match="behind a pooler"):
                await outside.check(url)
        for task in busy:
            task.cancel()
        await asyncio.gather(*busy, return_exceptions=True)


async def _keep_busy(url: str) -> None:
    connection = await asyncpg.connect(url, statement_cache_size=0)
    try:
        while True:
            await connection.execute("SELECT pg_sleep(random() * 0.002)")
    finally:
        connection.terminate()


async def test_what_a_pooler_refuses_is_told_in_words(
    sixteen: Cluster, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outside, "_SECONDS", 1)
    bought = await database(sixteen)
    with pgbouncer(bought, home, "session") as url:
        wrong = url.replace(bought.role, "stranger", 1)
        with pytest.raises(Unavailable, match="authentication failed"):
            await outside.check(wrong)


async def test_a_connection_that_breaks_is_made_anew(eighteen: Cluster, tmp_path: Path) -> None:
    bought = await database(eighteen)
    async with open_database(settings(bought.url, tmp_path)) as opened:
        db = opened.database
        await eighteen.execute(
            f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            f"WHERE usename = '{bought.role}'"
        )
        assert await db.run(lambda tx: tx.fetchval("SELECT 7")) == 7
