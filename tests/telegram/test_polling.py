"""Asking for updates: what is acknowledged is on the disk, chats go side by side."""

import asyncio
import json
from typing import Any

import pytest
from aiogram import F, Router
from aiogram.types import Message

from kassa.db import Database, Tx
from kassa.db.leader import Leader
from kassa.telegram.keeping import list_dead, replay, sweep
from kassa.telegram.polling import Poller
from kassa.users import User
from tests.conftest import Fresh
from tests.telegram.core import a_core, a_table
from tests.telegram.test_updates import an_update, effect, router


async def until(condition: Any, seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.02)


async def test_a_chat_keeps_its_order_and_holds_up_no_other(
    fresh: Fresh, owner_db: Database
) -> None:
    await a_table(owner_db)
    slow, begun = Router(), asyncio.Event()
    go = asyncio.Event()

    @slow.message(F.text)
    async def echo(message: Message, user: User, tx: Tx) -> None:
        if message.text == "медленно":
            begun.set()
            await go.wait()
        await effect(tx, user, message.text or "")

    async with a_core(fresh, slow, polling=True) as core:
        one, other = core.tg.user("Один"), core.tg.user("Другая")
        await one.send(core.bot, "медленно")
        await begun.wait()
        for n in range(5):
            await one.send(core.bot, f"потом {n}")
        await other.send(core.bot, "рядом")
        await until(lambda: _count(core.db, 1))
        go.set()
        await until(lambda: _count(core.db, 7))
        rows = await core.db.fetch("SELECT said FROM effects ORDER BY n")
        said = [row["said"] for row in rows]
        assert sorted(said)[-1] == "рядом"
        said.remove("рядом")
        assert said == ["медленно", *(f"потом {n}" for n in range(5))]


async def test_what_was_stored_is_done_by_whoever_comes_next(
    fresh: Fresh, owner_db: Database
) -> None:
    await a_table(owner_db)
    stuck = Router()

    @stuck.message(F.text)
    async def never(message: Message) -> None:
        await asyncio.Event().wait()

    async with a_core(fresh, stuck) as dying:
        polling = asyncio.create_task(Poller(dying.updates, dying.updates.bots.all[0]).run())
        person = dying.tg.user("Человек")
        for n in range(3):
            await person.send(dying.bot, f"слово {n}")
        await until(lambda: _stored(dying.db, 3))
        polling.cancel()  # it dies, its updates acknowledged
        async with a_core(fresh, router(), polling=True, tg=dying.tg) as core:
            said = {(await person.reply("слово")).text for _ in range(3)}
            assert said == {f"слово {n}" for n in range(3)}
            rows = await core.db.fetch("SELECT said FROM effects ORDER BY n")
            assert [row["said"] for row in rows] == [f"слово {n}" for n in range(3)]


async def test_a_webhook_that_is_in_the_way_is_deleted(fresh: Fresh, owner_db: Database) -> None:
    await a_table(owner_db)
    async with a_core(fresh, router()) as core:
        await core.bot.call("setWebhook", url="http://127.0.0.1:1/")
        task = asyncio.create_task(Poller(core.updates, core.updates.bots.all[0]).run())
        person = core.tg.user("Человек")
        await person.send(core.bot, "слово")
        await person.reply("слово")
        task.cancel()


async def test_one_polls_and_another_takes_over(fresh: Fresh, owner_db: Database) -> None:
    await a_table(owner_db)
    async with a_core(fresh, router()) as one, a_core(fresh, router(), tg=one.tg) as two:
        leaders = [
            Leader(each.db, {"poll": Poller(each.updates, each.updates.bots.all[0]).run})
            for each in (one, two)
        ]
        tasks = [asyncio.create_task(leader.run()) for leader in leaders]
        person = one.tg.user("Человек")
        await person.send(one.bot, "раз")
        await person.reply("раз")
        first = next(n for n, leader in enumerate(leaders) if leader.leading)
        assert not leaders[1 - first].leading
        tasks[first].cancel()
        await person.send(one.bot, "два")
        await person.reply("два", timeout=10)
        rows = await one.db.fetch("SELECT said FROM effects ORDER BY n")
        assert [row["said"] for row in rows] == ["раз", "два"]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_what_was_set_aside_is_replayed(fresh: Fresh, owner_db: Database) -> None:
    await a_table(owner_db)
    broken = Router()
    fails = True

    @broken.message(F.text)
    async def echo(message: Message, user: User, tx: Tx) -> None:
        if fails:
            raise RuntimeError("not today")
        await effect(tx, user, message.text or "")

    async with a_core(fresh, broken, polling=True) as core:
        person = core.tg.user("Человек")
        await person.send(core.bot, "слово")
        await person.reply(timeout=15)
        (dead,) = await list_dead(core.db)
        assert (dead.tries, dead.error) == (3, "RuntimeError: not today")
        fails = False
        assert await core.db.run(lambda tx: replay(tx, bot=dead.bot, number=dead.id)) == 1
        task = asyncio.create_task(sweep(core.updates))
        await until(lambda: _count(core.db, 1))
        task.cancel()
        assert await list_dead(core.db) == []


async def test_what_is_left_over_keeps_the_order_of_its_chat(
    fresh: Fresh, owner_db: Database
) -> None:
    """And that of a bot that is gone stands in nobody's way."""
    await a_table(owner_db)
    failing = Router()
    fails = True

    @failing.message(F.text)
    async def echo(message: Message, *, user: User, tx: Tx) -> None:
        if fails and message.text == "раз":
            raise RuntimeError("not yet")
        await effect(tx, user, message.text or "")

    async with a_core(fresh, failing) as core:
        person = core.tg.user("Человек")
        bot = core.updates.bots.all[0].id
        rows = [(bot + 1, number, b"{}") for number in range(150)]
        for number, text in enumerate(("раз", "два")):
            update = an_update(number, text, person=person.id)
            rows.append((bot, update["update_id"], json.dumps(update).encode()))
        await core.db.execute(
            """
            INSERT INTO telegram.update (bot, id, chat, body, received_at)
            SELECT *, now() - interval '1 hour'
              FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bytea[])
            """,
            [bot for bot, _, _ in rows],
            [number for _, number, _ in rows],
            [person.id for _ in rows],
            [body for _, _, body in rows],
        )
        task = asyncio.create_task(sweep(core.updates))
        await until(lambda: _tried(core.db))
        assert await core.count() == 0
        fails = False
        task.cancel()
        task = asyncio.create_task(sweep(core.updates))
        await until(lambda: _count(core.db, 2))
        task.cancel()
        said = [row["said"] for row in await core.db.fetch("SELECT said FROM effects ORDER BY n")]
        assert said == ["раз", "два"]


async def test_more_than_memory_holds_waits_on_the_disk(
    fresh: Fresh, owner_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In order; and what is fetched meanwhile is heard of."""
    monkeypatch.setattr("kassa.telegram.polling._MOST", 4)
    await a_table(owner_db)
    async with a_core(fresh, router(), polling=True) as core:
        people = [core.tg.user(f"Человек {n}") for n in range(3)]
        for turn in range(10):
            for person in people:
                await person.send(core.bot, f"{turn}")
        await until(lambda: _count(core.db, 30), 20)
        rows = await core.db.fetch("SELECT person, said FROM effects ORDER BY n")
        for number in {row["person"] for row in rows}:
            said = [row["said"] for row in rows if row["person"] == number]
            assert said == [f"{turn}" for turn in range(10)]


async def _tried(db: Database) -> bool:
    return bool(await db.fetchval("SELECT count(*) > 0 FROM telegram.update WHERE tries > 0"))


async def _count(db: Database, wanted: int) -> bool:
    return bool(await db.fetchval("SELECT count(*) = $1 FROM effects", wanted))


async def _stored(db: Database, wanted: int) -> bool:
    return bool(await db.fetchval("SELECT count(*) = $1 FROM telegram.update", wanted))
