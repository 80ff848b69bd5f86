"""Updates, from the sandbox to a handler and back, with nothing of the house but what they need:
the first room of tests/telegram. What is to be said is said without limits."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiogram import Router

from kassa import outbox
from kassa.botapi import BotApi, Refused
from kassa.db import Database
from kassa.secret import Secret
from kassa.telegram import Bot, Bots, MenuItem
from kassa.telegram.polling import Poller
from kassa.telegram.routing import House
from kassa.telegram.updates import CARRY_OUT, Updates
from kassa.telegram.webhook import register, routes
from kassa.texts import Texts
from kassa.web import create_app
from tests.conftest import Fresh
from tgsandbox import BotAccess, Sandbox
from tgsandbox.server import Listener

KEY = Secret("a key of tests that is long enough for anybody")
WORDS = {"ru": "hello = Привет, { $name }!", "uz": "hello = Salom, { $name }!", "en": "hello = Hi!"}


@dataclass
class Shown:
    """An app of a test."""

    name: str = "test"
    bot: Router | None = None
    texts: Texts = field(default_factory=lambda: Texts("test", WORDS))
    menu: Sequence[MenuItem] = ()
    menu_button: MenuItem | None = None
    free_text: bool = False
    asks_terms: bool = False


@dataclass
class Core:
    tg: Sandbox
    db: Database
    updates: Updates
    worker: outbox.Worker
    accounts: list[BotAccess]
    address: str = ""

    @property
    def bot(self) -> BotAccess:
        return self.accounts[0]

    async def count(self, query: str = "SELECT count(*) FROM effects") -> int:
        return int(await self.db.fetchval(query))


@dataclass(frozen=True)
class Where:
    """As much of the settings as a webhook's registration wants."""

    telegram_webhook_url: str
    bots: tuple[Any, ...]


@asynccontextmanager
async def a_core(
    fresh: Fresh,
    app: Router,
    *,
    names: Sequence[str] = ("shop_bot",),
    webhook: bool = False,
    polling: bool = False,
    tg: Sandbox | None = None,
    **more: Any,
) -> AsyncIterator[Core]:
    """Several processes share a sandbox that is given."""
    if tg is None:
        ways = {"names": names, "webhook": webhook, "polling": polling, **more}
        async with Sandbox() as own, a_core(fresh, app, tg=own, **ways) as core:
            yield core
        return
    accounts = [tg.bot(name) for name in names]
    bots = Bots(
        [Bot(a.id, a.username, BotApi(Secret(a.token), url=a.api), ("test",)) for a in accounts]
    )
    async with Database(fresh.address()) as db:

        async def carry_out(job: outbox.Job) -> None:
            for call in job.payload["calls"]:
                try:
                    await bots[job.payload["bot"]].api.call(call["method"], call["params"])
                except Refused as error:
                    print(error)

        worker = outbox.Worker(db, {CARRY_OUT: carry_out})
        houses = {
            bot.id: House(bot, [Shown(bot=app)], first=Router(), last=Router()) for bot in bots.all
        }
        updates = Updates(db, bots, houses, worker=worker, **more)
        core = Core(tg, db, updates, worker, accounts)
        tasks = [asyncio.create_task(worker.run()), asyncio.create_task(db.wake.run())]
        listener = None
        if webhook:
            served = create_app(None, routes=routes)  # type: ignore[arg-type]
            served.state.updates, served.state.secret_key = updates, KEY
            listener = Listener(served)
            await listener.start()
            core.address = f"http://127.0.0.1:{listener.port}/telegram/webhook/"
            for bot in bots.all:
                where: Any = Where(core.address, tuple(accounts))
                await register(where, KEY, bot)
        if polling:
            tasks += [asyncio.create_task(Poller(updates, bot).run()) for bot in bots.all]
        try:
            yield core
        finally:
            await worker.stop(grace=2)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if listener is not None:
                await listener.stop()
            await updates.close()
            await bots.close()


async def a_table(owner_db: Database) -> None:
    await owner_db.execute(
        "CREATE TABLE effects (n bigint GENERATED ALWAYS AS IDENTITY, bot bigint, person bigint,"
        " said text); GRANT SELECT, INSERT ON effects TO kassa_app"
    )
