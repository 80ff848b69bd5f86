"""A sender in a test: bots of the sandbox, its limits, and a clock that does not make us wait."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kassa import clock
from kassa.botapi import BotApi
from kassa.db import Database
from kassa.secret import Secret
from kassa.telegram import Bot, Bots
from kassa.telegram.sender import Sender
from kassa.users import User, Who, see
from tgsandbox import BotAccess, Person, Sandbox


class Hurried:
    """The sandbox's clock: whoever sleeps moves it for all."""

    def __init__(self, tg: Sandbox) -> None:
        self._clock = tg.world.clock

    def time(self) -> float:
        return self._clock.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.004))  # what is on its way arrives before
        self._clock.move(seconds)


@dataclass
class Sending:
    tg: Sandbox
    db: Database
    bots: Bots
    sender: Sender
    accounts: Sequence[BotAccess]

    @property
    def bot(self) -> Bot:
        return self.bots.all[0]

    async def say(self, to: Any, text: str, *, urgent: bool = True, **more: Any) -> Any:
        """As a job would, to a person or a group."""
        bot = more.pop("bot", self.bot)
        return await self.sender.call(
            *(bot, "sendMessage", {"chat_id": to.id, "text": text}),
            chat=to.id,
            urgent=urgent,
            **more,
        )

    def people(self, count: int) -> list[Person]:
        """Who have written to all the bots."""
        found = [self.tg.user(f"Покупатель {number}") for number in range(count)]
        for each in found:
            for account in self.accounts:
                each.allow_writing(account)
        return found

    async def known(self, person: Person, *bots: Bot, language: str = "ru") -> User:
        """To us, and reached by these bots."""
        user = await self.db.run(lambda tx: see(tx, Who(person.id, language_code=language)))
        for bot in bots:
            await self.db.execute(
                "INSERT INTO telegram.reach (bot, user_id, since) VALUES ($1, $2, now())",
                *(bot.id, user.id),
            )
        return user

    async def gone(self, bot: Bot, user: User) -> bool:
        return bool(
            await self.db.fetchval(
                "SELECT gone_at IS NOT NULL FROM telegram.reach WHERE (bot, user_id) = ($1, $2)",
                *(bot.id, user.id),
            )
        )

    def heard(self, to: Any) -> list[str]:
        """What stands in the chats of a person with bots, or in a group."""
        chats = [
            chat
            for chat in self.tg.world.chats.values()
            if chat.id == to.id or (chat.private and to.id in self.tg.world.people_in(chat))
        ]
        return [each.text for chat in chats for each in chat.messages.values() if each.text]

    @property
    def refused(self) -> int:
        """How often Telegram said that it was too fast."""
        calls = (each for each in self.tg.world.events.since(0) if each.kind == "call")
        return sum(each.data["status"] == 429 for each in calls)


@asynccontextmanager
async def a_sending(
    db: Database,
    *,
    names: Sequence[str] = ("shop_bot",),
    per_second: float = 30,
    hurried: bool = True,
    limits: bool = True,
) -> AsyncIterator[Sending]:
    async with Sandbox(rate_limits=limits) as tg:
        accounts = [tg.bot(name) for name in names]
        bots = Bots(
            [Bot(a.id, a.username, BotApi(Secret(a.token), url=a.api), ()) for a in accounts]
        )
        with clock.moved(lambda: datetime.fromtimestamp(tg.world.clock.time(), UTC)):
            sender = Sender(db, bots, per_second=per_second, clock=Hurried(tg) if hurried else None)
            try:
                yield Sending(tg, db, bots, sender, accounts)
            finally:
                sender.close()
                await bots.close()
