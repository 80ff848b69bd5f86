"""Wake-ups: heard in every process, many are one, and again after a broken connection."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from kassa.db import Database
from tests.conftest import Fresh, until
from tests.db.proxy import Proxy


@asynccontextmanager
async def listening(db: Database) -> AsyncIterator[None]:
    """`wake.run` beside the block, and already heard."""
    running = asyncio.create_task(db.wake.run())
    event = db.wake.event("listening")
    async with asyncio.timeout(10):
        await event.wait()
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.fixture
async def here(fresh: Fresh) -> AsyncIterator[Database]:
    async with Database(fresh.address()) as db, listening(db):
        yield db


@pytest.fixture
async def there(fresh: Fresh) -> AsyncIterator[Database]:
    async with Database(fresh.address()) as db, listening(db):
        yield db


async def listeners(db: Database) -> list[int]:
    rows = await db.fetch(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
        "AND query ~ '^LISTEN|pg_notify' AND pid <> pg_backend_pid()"
    )
    return [row["pid"] for row in rows]


async def heard(event: asyncio.Event, *, again: Callable[[], object] = bool) -> None:
    """Waits for the event; `again` is done in between, as whoever polls would."""
    async with asyncio.timeout(10):
        while not event.is_set():
            again()
            await asyncio.sleep(0.02)


async def test_a_wake_up_is_heard_here_at_once_and_elsewhere_soon(
    here: Database, there: Database
) -> None:
    own, second = here.wake.event("jobs"), here.wake.event("jobs")
    far, another = there.wake.event("jobs"), there.wake.event("another")
    here.wake.wake("jobs")
    assert own.is_set()
    own.clear()
    assert second.is_set(), "each has an event of his own"
    await heard(far)
    assert not another.is_set()


async def test_whoever_wakes_does_not_hear_himself_a_second_time(
    here: Database, there: Database
) -> None:
    own, back = here.wake.event("jobs"), here.wake.event("back")
    far = there.wake.event("jobs")
    here.wake.wake("jobs")
    own.clear()
    await heard(far)
    there.wake.wake("back")
    await heard(back)
    assert not own.is_set()


async def test_many_wake_ups_of_one_moment_are_one(here: Database, there: Database) -> None:
    notices: list[str] = []
    ear = await there.connect()
    await ear.add_listener("kassa", lambda *said: notices.append(str(said[3])))
    for _ in range(1000):
        here.wake.wake("jobs")
    here.wake.wake("the last")
    await until(lambda: "the last" in notices and "jobs" in notices)
    assert len(notices) <= 3
    await ear.close()


async def test_wake_ups_that_follow_each_other_closely_go_together(
    here: Database, there: Database
) -> None:
    notices: list[str] = []
    ear = await there.connect()
    await ear.add_listener("kassa", lambda *said: notices.append(str(said[3])))
    loop = asyncio.get_running_loop()
    started = loop.time()
    for _ in range(100):
        here.wake.wake("jobs")
        await asyncio.sleep(0.001)
    here.wake.wake("the last")
    await until(lambda: "the last" in notices)
    assert len(notices) <= 3 + (loop.time() - started) / 0.002
    await ear.close()


async def test_it_hears_and_is_heard_again_after_the_connection_was_killed(
    here: Database, there: Database
) -> None:
    for pid in await listeners(here):
        await here.execute(f"SELECT pg_terminate_backend({pid}, 5000)")
    event = there.wake.event("jobs")
    await heard(event, again=lambda: here.wake.wake("jobs"))
    event.clear()
    back = here.wake.event("back")
    await heard(back, again=lambda: there.wake.wake("back"))


async def test_what_is_known_is_set_when_it_listens_again(here: Database) -> None:
    event = here.wake.event("jobs")
    for pid in await listeners(here):
        await here.execute(f"SELECT pg_terminate_backend({pid}, 5000)")
    await heard(event)


async def test_a_wake_up_that_could_not_be_sent_is_sent_later(
    fresh: Fresh, there: Database
) -> None:
    async with Database(fresh.address()) as db:
        event = there.wake.event("jobs")
        db.wake.wake("jobs")
        assert not event.is_set()
        async with listening(db):
            await heard(event)


async def test_a_wake_up_whose_sending_fails_is_sent_again(
    fresh: Fresh, there: Database, home: Path
) -> None:
    async with (
        Proxy(fresh.address(), home) as proxy,
        Database(proxy.address) as db,
        listening(db),
    ):
        event = there.wake.event("jobs")
        proxy.break_at(b"pg_notify", after=False)
        db.wake.wake("jobs")
        await heard(event)
        assert not proxy.armed


async def test_a_connection_that_is_dead_without_a_word_is_noticed(
    fresh: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Database(fresh.address()) as db, listening(db):
        (pid,) = await listeners(db)
        monkeypatch.setattr("kassa.db.wake._IDLE_SECONDS", 0.02)
        db.wake.wake("jobs")  # it rests no more for as long as it had begun to
        asked = "SELECT query = 'SELECT 1' FROM pg_stat_activity WHERE pid = $1"
        async with asyncio.timeout(5):
            while not await db.fetchval(asked, pid):
                await asyncio.sleep(0.01)


async def test_without_a_database_it_waits_and_says_nothing(fresh: Fresh) -> None:
    from kassa.db.wake import Wake
    from kassa.errors import Unavailable

    tried = asyncio.Event()

    def refuse() -> Awaitable[object]:
        tried.set()
        raise Unavailable("not now")

    running = asyncio.create_task(Wake(refuse).run())  # type: ignore[arg-type]
    await asyncio.wait_for(tried.wait(), 5)
    assert not running.done()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
