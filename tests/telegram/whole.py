"""The whole runtime beside a sandbox, in this process: bots, payments, jobs; a webhook or not."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from kassa import ledger
from kassa.apps import App, Kassa
from kassa.config import BotSettings, Settings
from kassa.db import Database
from kassa.payments import Payments
from kassa.payments.providers import configured
from kassa.runtime import Runtime
from kassa.secret import Secret
from kassa.telegram.service import Telegram
from kassa.telegram.webhook import routes, secret_of
from kassa.web import create_app
from tests.faults.updates_app import APP
from tests.telegram.core import KEY
from tgsandbox import BotAccess, Sandbox
from tgsandbox.server import Listener


@dataclass
class Whole:
    tg: Sandbox
    db: Database
    payments: Payments
    telegram: Telegram
    bots: list[BotAccess]
    address: str  # of the webhook, which is there even where Telegram does not use it

    @property
    def bot(self) -> BotAccess:
        return self.bots[0]

    @property
    def secret(self) -> str:
        """What Telegram proves itself with, for the first bot."""
        return secret_of(KEY, self.bot.id)

    async def effects(self) -> list[str]:
        rows = await self.db.fetch("SELECT what, act FROM public.effects ORDER BY what, act")
        return [f"{row['what']} {row['act']}" for row in rows]

    async def is_right(self) -> bool:
        """The books, the payments and the updates."""
        assert await ledger.audit(self.db) == []
        assert await self.db.fetch("SELECT * FROM payments.audit()") == []
        dead = "SELECT error FROM telegram.update WHERE dead_at IS NOT NULL"
        assert await self.db.fetch(dead) == []
        return True


@asynccontextmanager
async def a_whole(
    database: Database,
    *,
    names: Sequence[str] = ("whole_bot",),
    apps: Sequence[App] = (APP,),
    webhook: bool = True,
    polling: bool = False,
    cards: bool = False,
    **changes: Any,
) -> AsyncIterator[Whole]:
    """`changes` are to the settings. Neither way: whoever tests brings the updates."""
    served: Any = create_app(None, routes=routes)  # type: ignore[arg-type]
    listener = Listener(served)
    address = f"http://127.0.0.1:{listener.port}/telegram/webhook/"
    async with Sandbox() as tg, database:
        accounts = [tg.bot(name) for name in names]
        if not polling:
            changes["telegram_webhook_url"] = address
        settings = Settings(
            debug=True,
            secret_key=KEY,
            telegram_api_url=tg.url,
            telegram_messages_per_second=1000,
            bots=tuple(
                BotSettings(
                    token=Secret(each.token),
                    apps=tuple(app.name for app in apps),
                    name=each.username,
                    provider_tokens={"USD": Secret(each.provider_token)} if cards else {},
                )
                for each in accounts
            ),
            **changes,
        )
        purposes = [purpose for app in apps for purpose in app.purposes]
        payments = Payments(database, providers=configured(settings), purposes=purposes)
        kassa = Kassa.of(settings, database, payments)
        telegram = Telegram(
            settings,
            key=KEY,
            database=database,
            payments=payments,
            bots=kassa.bots,
            sender=kassa.sender,
            apps=apps,
            given={"kassa": kassa, "payments": payments},
        )
        served.state.updates, served.state.secret_key = telegram.updates, KEY
        await listener.start()
        runtime = Runtime(database, payments=payments, telegram=telegram)
        if not webhook and not polling:
            for name in ("telegram.present", "telegram.sweep"):
                del runtime.leader._work[name]
        try:
            async with runtime.running():
                whole = Whole(tg, database, payments, telegram, accounts, address)
                if not polling and webhook:
                    await _heard_of(whole)
                yield whole
        finally:
            await listener.stop()


async def _heard_of(whole: Whole) -> None:
    """Telegram knows where to bring updates."""
    async with asyncio.timeout(20):
        while not all(each.record.webhook for each in whole.bots):
            await asyncio.sleep(0.01)
