"""All bots of a process: what they hear, what they say, and what runs beside them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

from kassa import outbox
from kassa.botapi import NotDone, NotKnown, Refused
from kassa.config import Settings
from kassa.db import Database
from kassa.log import get
from kassa.payments import Payments
from kassa.payments.arrivals import arrived
from kassa.payments.checkouts import Checkouts
from kassa.payments.notices import ENDED
from kassa.secret import Secret
from kassa.telegram import common, keeping, lazily, naming, showing, webhook
from kassa.telegram.bots import Bot, Bots
from kassa.telegram.carrying import Carrying
from kassa.telegram.face import FACE, Faces
from kassa.telegram.paying import Paying
from kassa.telegram.payment_buttons import CALL_OFF, calling_off
from kassa.telegram.polling import Poller
from kassa.telegram.routing import House, Shown
from kassa.telegram.sender import Sender
from kassa.telegram.updates import Updates

_SIDE_BY_SIDE = 256  # jobs that speak; most of them wait for Telegram
_AGAIN_SECONDS = 30.0  # before Telegram is tried again that did not answer
_LOOK_SECONDS = 3600.0  # between two looks at the webhook

_log = get(__name__)

Work = Callable[[], Awaitable[None]]


class Telegram:
    """`given` is what handlers get beside the update, by name."""

    def __init__(
        self,
        settings: Settings,
        *,
        key: Secret,
        database: Database,
        payments: Payments,
        bots: Bots,
        sender: Sender,
        apps: Sequence[Shown],
        given: Mapping[str, Any],
    ) -> None:
        lazily.build()
        self.bots = bots
        self._payments = payments
        self._settings = settings
        self._key = key
        by_name = {app.name: app for app in apps}
        first, last = common.first(settings, payments, secret=key), common.last(settings)
        houses = {
            bot.id: House(
                bot, [by_name[name] for name in bot.apps if name in by_name], first=first, last=last
            )
            for bot in bots.all
        }
        self._faces = Faces(database, houses, base=showing.base(settings))
        paying = Paying(payments, sender, bots)
        carrying = Carrying(
            database,
            bots,
            sender,
            paying,
            texts={app.name: app.texts for app in apps},
            operator=settings.operator_chat_id or None,
            base=showing.base(settings),
        )
        self.worker = outbox.Worker(
            database,
            {
                **carrying.handlers(),
                FACE: self._faces.show,
                CALL_OFF: calling_off(payments, bots, sender),
                ENDED: paying.ended,
            },
            concurrency=_SIDE_BY_SIDE,
        )

        self.updates = Updates(
            database,
            bots,
            houses,
            worker=self.worker,
            checkouts=Checkouts(payments, key),
            arrived=lambda tx, bot, update: arrived(tx, payments, bot, update),
            given=given,
        )

    @property
    def _by_webhook(self) -> bool:
        return bool(self._settings.telegram_webhook_url)

    @property
    def led(self) -> dict[str, Work]:
        """What one process does for all."""
        work: dict[str, Work] = {
            "telegram.present": self._present,
            "telegram.sweep": lambda: keeping.sweep(self.updates),
            "telegram.prune": lambda: keeping.prune(self.updates.database),
        }
        if not self._by_webhook:
            for bot in self.bots.all:
                work[f"telegram.poll:{bot.id}"] = Poller(self.updates, bot).run
        return work

    @property
    def beside(self) -> dict[str, Work]:
        """What every process does."""
        return {"telegram.worker": self.worker.run, "telegram.introduce": self._introduce}

    async def close(self) -> None:
        await self.updates.close()
        await self.bots.close()

    async def _introduce(self) -> None:
        """Each bot's own name, by which commands in groups are told from those of others."""
        await asyncio.gather(*(self._introduced(bot) for bot in self.bots.all))

    async def _introduced(self, bot: Bot) -> None:
        aiogram = self.updates.aiogram[bot.id]
        done = False
        while not done:
            done = await self._try(partial(naming.introduce, bot.api, aiogram))
            await asyncio.sleep(0 if done else _AGAIN_SECONDS)
        self._payments.home[str(bot.id)] = f"https://t.me/{naming.username(aiogram)}"

    async def _present(self) -> None:
        """What Telegram shows of the bots, and where it brings updates."""
        await self._faces.look()
        fresh = set(self.bots.all)  # the secret may be another than the one that Telegram has
        while True:
            for bot in self.bots.all:
                tell = webhook.register if bot in fresh and self._by_webhook else webhook.ensure
                if await self._try(partial(tell, self._settings, self._key, bot)):
                    fresh.discard(bot)
            await asyncio.sleep(_AGAIN_SECONDS if fresh else _LOOK_SECONDS)

    async def _try(self, work: Callable[[], Awaitable[None]]) -> bool:
        try:
            await work()
        except (Refused, NotDone, NotKnown) as error:
            _log.warning("telegram.not_told", error=str(error))
            return False
        return True
