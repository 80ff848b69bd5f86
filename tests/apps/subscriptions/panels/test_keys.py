"""Keys of a pool: each is one person's, and the operator hears before there are none."""

import asyncio
from dataclasses import replace

import pytest

from kassa import outbox
from kassa.apps.subscriptions.panels import Down
from kassa.apps.subscriptions.panels.keys import FEW, Keys, add
from kassa.db import Database, Tx
from kassa.texts import load
from tests.apps.subscriptions.panels.sides import gone, somebody
from tgsandbox import Sandbox


async def pool(db: Database, count: int, *, start: int = 0) -> None:
    contents = [f"key {number}" for number in range(start, start + count)]
    await db.run(lambda tx: add(tx, contents))


async def told(db: Database) -> list[str]:
    """What the operator is to hear, in words."""
    texts = load("kassa.apps.subscriptions")
    jobs = await outbox.list_jobs(db, kind="operator.tell")
    assert all(job.payload["app"] == "subscriptions" for job in jobs)
    for job in jobs:
        words = texts.say("en", f"operator-{job.payload['text']}", **job.payload["args"])
        assert "{" not in words
    return [job.payload["text"] for job in jobs]


async def heard(tx: Tx) -> None:
    jobs = await outbox.list_jobs(tx, kind="operator.tell")
    await outbox.drop(tx, ids=[job.id for job in jobs])


async def test_10_people_at_once_get_a_key_each_and_one_person_one(
    tg: Sandbox, db: Database
) -> None:
    await pool(db, 20)
    panel = Keys(db)
    everybody = [(await somebody(db, tg, f"Person {number}"))[0] for number in range(10)]
    found = await asyncio.gather(*(panel.ensure(each) for each in everybody for _ in range(3)))
    assert len({each.link for each in found}) == 10
    by_person = {each.username: each.link for each in found}
    assert all(each.link == by_person[each.username] for each in found)
    assert await db.fetchval("SELECT count(*) FROM subscriptions.key WHERE user_id IS NULL") == 10


async def test_the_same_key_is_in_the_pool_once(db: Database) -> None:
    assert await db.run(lambda tx: add(tx, ["a", "b", "a"])) == 2
    assert await db.run(lambda tx: add(tx, ["b", "c"])) == 1


async def test_when_there_are_none_left_the_operator_hears_it_once(
    tg: Sandbox, db: Database
) -> None:
    await pool(db, 1)
    panel = Keys(db)
    first, _ = await somebody(db, tg, "First")
    second, _ = await somebody(db, tg, "Second")
    await panel.ensure(first)
    for words in (["no-keys"], [], []):
        with pytest.raises(Down, match="no keys left"):
            await panel.ensure(second)
        assert await told(db) == words
        await db.run(heard)
    assert (await panel.ensure(first)).link == "key 0"

    await pool(db, 1, start=1)
    assert (await panel.ensure(second)).link == "key 1"
    third, _ = await somebody(db, tg, "Third")
    with pytest.raises(Down):
        await panel.ensure(third)
    assert await told(db) == ["no-keys"]


async def test_before_the_last_ones_are_gone_the_operator_hears_it(
    tg: Sandbox, db: Database
) -> None:
    await pool(db, FEW + 2)
    panel = Keys(db)
    for number in range(2):
        assert await told(db) == []
        await panel.ensure((await somebody(db, tg, f"Person {number}"))[0])
    assert await told(db) == ["few-keys"]


async def test_who_comes_back_gets_another_key_and_nobody_the_old_one(
    tg: Sandbox, db: Database
) -> None:
    await pool(db, 3)
    panel = Keys(db)
    wanted, _ = await somebody(db, tg)
    assert (await panel.ensure(wanted)).link == "key 0"
    await panel.ensure(gone(wanted))
    assert (await panel.ensure(wanted)).link == "key 1"
    other, _ = await somebody(db, tg, "Other")
    assert (await panel.ensure(other)).link == "key 2"


async def test_without_a_free_key_the_old_one_is_kept(tg: Sandbox, db: Database) -> None:
    await pool(db, 1)
    panel = Keys(db)
    wanted, _ = await somebody(db, tg)
    first = await panel.ensure(wanted)
    with pytest.raises(Down):
        await panel.new_link(wanted)
    assert await panel.ensure(replace(wanted, panel_id=first.panel_id)) == first


async def test_a_key_that_was_withdrawn_is_nobodys(tg: Sandbox, db: Database) -> None:
    await pool(db, 2)
    await db.execute("UPDATE subscriptions.key SET taken_back_at = now() WHERE content = 'key 0'")
    wanted, _ = await somebody(db, tg)
    assert (await Keys(db).ensure(wanted)).link == "key 1"
