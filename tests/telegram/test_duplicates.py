"""Updates as Telegram may bring them: twice, late, in any order, at once."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest

from kassa import clock
from kassa.db import Database
from kassa.telegram import keeping
from tests.conftest import Fresh
from tests.faults.updates_app import TABLE
from tests.faults.updates_people import invoice_of
from tests.telegram.whole import Whole, a_whole
from tgsandbox import Person
from tgsandbox.events import Event
from tgsandbox.telegram.updates import shown

FLOW = ["bought 1", "delivered 1", "done 1", "done 2", "pressed 1", "told 3=one+two"]


@pytest.fixture
async def database(fresh: Fresh, owner_db: Database) -> Database:
    await owner_db.execute(TABLE)
    return Database(fresh.address())


@contextmanager
def captured(whole: Whole) -> Iterator[list[dict[str, Any]]]:
    """All updates there are."""
    found: list[dict[str, Any]] = []

    def hear(event: Event) -> None:
        if event.kind == "update":
            found.append(shown(event.data["update"]))

    whole.tg.world.events.listeners.append(hear)
    yield found
    whole.tg.world.events.listeners.remove(hear)


class Bringer:
    """Brings updates as Telegram does."""

    def __init__(self, whole: Whole, http: httpx.AsyncClient) -> None:
        self._whole = whole
        self._http = http
        self.codes: list[int] = []

    async def bring(self, update: dict[str, Any]) -> None:
        answer = await self._http.post(
            self._whole.address,
            json=update,
            headers={"X-Telegram-Bot-Api-Secret-Token": self._whole.secret},
        )
        self.codes.append(answer.status_code)


@asynccontextmanager
async def bringing(whole: Whole) -> AsyncIterator[Bringer]:
    async with httpx.AsyncClient(timeout=30) as http:
        yield Bringer(whole, http)


async def flow(whole: Whole, buyer: Person) -> None:
    bot = whole.bot
    await buyer.send(bot, "/do 1")
    await buyer.sees("done 1.")
    await buyer.press("more 1")
    await buyer.sees("pressed 1.")
    await buyer.send(bot, "/buy 1")
    await buyer.pay()
    await buyer.sees("thanks 1.")
    await buyer.send(bot, "/ask 3")
    await buyer.sees("first 3?")
    await buyer.send(bot, "one")
    await buyer.sees("second 3?")
    await buyer.send(bot, "two")
    await buyer.sees("told 3.")
    await buyer.send(bot, "/do 2")
    await buyer.sees("done 2.")


async def quiet(db: Database) -> None:
    async with asyncio.timeout(20):
        while await db.fetchval(
            "SELECT EXISTS (SELECT FROM outbox.job) OR EXISTS (SELECT FROM payments.inbox"
            " WHERE due_at IS NOT NULL)"
        ):
            await asyncio.sleep(0.02)


async def test_a_whole_flow_that_comes_again_in_any_order_changes_nothing(
    database: Database,
) -> None:
    chance = random.Random(20261120)
    async with a_whole(database) as whole, bringing(whole) as telegram:
        buyer = whole.tg.user("Покупатель", stars=500)
        with captured(whole) as updates:
            await flow(whole, buyer)
        assert await whole.effects() == FLOW
        await quiet(whole.db)
        said = len(whole.bot.calls("sendMessage"))
        kinds = {kind for update in updates for kind in update}
        assert kinds > {"message", "callback_query", "pre_checkout_query"}

        for _ in range(5):
            again = updates * 3
            chance.shuffle(again)
            await asyncio.gather(*(telegram.bring(each) for each in again))
        await quiet(whole.db)
        assert set(telegram.codes) == {200}
        assert len(telegram.codes) == 15 * len(updates)
        assert await whole.effects() == FLOW
        assert len(whole.bot.calls("sendMessage")) == said
        assert len(whole.bot.calls("answerPreCheckoutQuery")) == 1
        assert (buyer.stars, whole.bot.stars) == (450, 50)

        later = clock.now() + timedelta(days=2)
        with clock.moved(lambda: later):
            pruning = asyncio.create_task(keeping.prune(whole.db))
            await asyncio.gather(*(telegram.bring(each) for each in updates))
            pruning.cancel()
        await quiet(whole.db)
        assert await whole.effects() == FLOW
        assert await whole.is_right()


@pytest.mark.parametrize("seed", range(3))
async def test_updates_that_overtake_each_other_twice_and_late(
    database: Database, seed: int
) -> None:
    """Five people at once; what was brought comes once more at any time later."""
    chance = random.Random(seed)
    async with a_whole(database, webhook=False) as whole, bringing(whole) as telegram:
        brought: list[dict[str, Any]] = []
        tasks: set[asyncio.Task[None]] = set()

        async def carry(update: dict[str, Any]) -> None:
            if "pre_checkout_query" not in update:
                await asyncio.sleep(chance.uniform(0, 0.05))
            copies = [update] * chance.randint(1, 3)
            brought.append(update)
            copies += chance.sample(brought, min(2, len(brought)))  # old ones, once more
            await asyncio.gather(*(telegram.bring(each) for each in copies))

        def hear(event: Event) -> None:
            if event.kind == "update":
                task = asyncio.create_task(carry(shown(event.data["update"])))
                tasks.add(task)
                task.add_done_callback(tasks.discard)

        whole.tg.world.events.listeners.append(hear)
        people = [whole.tg.user(f"Person {n}", stars=1000) for n in range(5)]

        async def live(n: int, person: Person) -> None:
            act = f"{n}"
            await person.send(whole.bot, f"/buy {act}")
            await person.send(whole.bot, f"/do {act}")
            await person.send(whole.bot, f"/do {act}b")
            await person.sees(f"done {act}.")
            await person.press(f"more {act}")
            await person.pay(await invoice_of(whole.tg, person, act))
            await person.send(whole.bot, f"/do {act}c")
            for text in ("thanks", "pressed", "done"):
                await person.sees(f"{text} {act}.", timeout=10)

        await asyncio.gather(*(live(n, person) for n, person in enumerate(people)))
        while tasks:
            await asyncio.gather(*tasks)
        await quiet(whole.db)
        acts = [str(n) for n in range(5)]
        wanted = [f"{what} {act}" for what in ("bought", "delivered", "pressed") for act in acts]
        wanted += [f"done {act}{more}" for act in acts for more in ("", "b", "c")]
        assert sorted(await whole.effects()) == sorted(wanted)
        assert set(telegram.codes) == {200}
        assert whole.bot.stars == 5 * 50
        assert await whole.is_right()
