"""Every panel with whoever stands behind it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from aiogram.types import ChatJoinRequest

from kassa import clock
from kassa.apps.subscriptions.panels import Access, Panel, Wanted
from kassa.apps.subscriptions.panels.channel import Channel, approve
from kassa.apps.subscriptions.panels.keys import Keys, add
from kassa.apps.subscriptions.panels.remnawave import Remnawave
from kassa.botapi import BotApi
from kassa.db import Database
from kassa.secret import Secret
from kassa.telegram.bots import Bot, Bots
from kassa.telegram.sender import Sender
from kassa.telegram.session import aiogram_bot
from kassa.users import service as people
from kassa.users.service import Who
from tgsandbox import Sandbox
from tgsandbox.people import Person
from tgsandbox.providers.remnawave import Remnawave as FakePanel

DAY = timedelta(days=1)


def gone(wanted: Wanted) -> Wanted:
    return replace(wanted, until=clock.now() - DAY)


class Side:
    """Who stands behind a panel: what people find there, and how it fails."""

    async def enters(self, wanted: Wanted, link: str) -> bool:
        """They open the link, and are inside."""
        raise NotImplementedError

    async def known(self) -> list[str]:
        """Whom it lets in, by their usernames."""
        raise NotImplementedError

    def fails(self) -> None:
        """Until it is mended."""
        raise NotImplementedError

    def loses_an_answer(self) -> None:
        raise NotImplementedError

    def mend(self) -> None:
        raise NotImplementedError


@dataclass
class Bench:
    panel: Panel
    side: Side
    wanted: Wanted

    async def is_in(self, access: Access) -> bool:
        return await self.side.enters(self.wanted, access.link)


@dataclass
class AtRemnawave(Side):
    fake: FakePanel

    async def enters(self, wanted: Wanted, link: str) -> bool:
        user = self.fake.by_link(link.rpartition("/")[2])
        return user is not None and self.fake.connect(user.username, "own")

    async def known(self) -> list[str]:
        return [each for each in self.fake.users if self.fake.status(each) == "ACTIVE"]

    def fails(self) -> None:
        self.fake.fault("*", "down", times=None)

    def loses_an_answer(self) -> None:
        self.fake.fault("*", "timeout_after")
        self.fake.fault("*", "timeout_after")

    def mend(self) -> None:
        self.fake.mend()


@dataclass
class InThePool(Side):
    db: Database

    async def enters(self, wanted: Wanted, link: str) -> bool:
        return (
            await self.db.fetchval(
                "SELECT true FROM subscriptions.key "
                "WHERE content = $1 AND user_id = $2 AND taken_back_at IS NULL",
                *(link, wanted.user),
            )
            is not None
        )

    async def known(self) -> list[str]:
        rows = await self.db.fetch(
            "SELECT s.username FROM subscriptions.key JOIN subscriptions.subscription s "
            "USING (user_id) WHERE taken_back_at IS NULL"
        )
        return [row["username"] for row in rows]


@dataclass
class AtTheChannel(Side):
    tg: Sandbox
    api: BotApi
    group: Any
    persons: dict[int, Person]
    until: Callable[[Wanted], datetime]

    async def enters(self, wanted: Wanted, link: str) -> bool:
        person = self.persons[wanted.telegram_id]
        if not link:
            return False
        if person.is_in(self.group):
            return True
        await person.ask_to_join(link)
        bot = aiogram_bot(self.api)
        updates = await self.api.call("getUpdates")
        await self.api.call("getUpdates", {"offset": updates[-1]["update_id"] + 1})
        asked = updates[-1]["chat_join_request"]
        request = ChatJoinRequest.model_validate(asked, context={"bot": bot})
        await bot(approve(request, self.until(wanted)))
        return person.is_in(self.group)

    async def known(self) -> list[str]:
        return [each for each in self.group.members if each not in ("Owner", "door_bot")]

    def fails(self) -> None:
        self.tg.fault(error=(500, "Internal Server Error"))

    def loses_an_answer(self) -> None:
        self.tg.fault("createChatInviteLink", lose_answer=True, times=1)

    def mend(self) -> None:
        self.tg.mend()


async def somebody(db: Database, tg: Sandbox, name: str = "Karim") -> tuple[Wanted, Person]:
    """With a subscription in the books, and 30 days."""
    person = tg.user(name)
    user = await db.run(lambda tx: people.see(tx, Who(person.id, name)))
    username = f"kassa_{user.uid.hex[:16]}"
    await db.execute(
        """
        INSERT INTO subscriptions.subscription
               (user_id, username, tier, rate, devices, traffic, created_at)
        VALUES ($1, $2, 'standard', 100, 3, 0, $3) ON CONFLICT DO NOTHING
        """,
        *(user.id, username, clock.now()),
    )
    until = clock.now() + 30 * DAY
    return Wanted(user.id, username, person.id, until, 3, 10**9, "standard"), person


Opened = Callable[[Sandbox, Database, Wanted, Person], Awaitable[tuple[Panel, Side]]]


def fake(tg: Sandbox) -> FakePanel:
    found = tg.bank.shop("remnawave")
    assert isinstance(found, FakePanel)
    return found


def adapter(behind: FakePanel, **more: Any) -> Remnawave:
    return Remnawave(behind.base_url, behind.credentials["token"], **more)


async def remnawave(tg: Sandbox, db: Database, _: Wanted, __: Person) -> tuple[Panel, Side]:
    return adapter(fake(tg)), AtRemnawave(fake(tg))


async def older(tg: Sandbox, db: Database, _: Wanted, __: Person) -> tuple[Panel, Side]:
    fake(tg).version = 2
    return adapter(fake(tg)), AtRemnawave(fake(tg))


async def keys(tg: Sandbox, db: Database, _: Wanted, __: Person) -> tuple[Panel, Side]:
    contents = [f"vless://key-{number}" for number in range(20)]
    assert await db.run(lambda tx: add(tx, contents)) == 20
    return Keys(db), InThePool(db)


async def channel(tg: Sandbox, db: Database, wanted: Wanted, person: Person) -> tuple[Panel, Side]:
    bot = tg.bot("door_bot")
    group = tg.channel("Club", tg.user("Owner"), bot)
    api = BotApi(Secret(bot.token), url=tg.url)
    ours = Bot(api.id, "door", api, ("subscriptions",))
    sender = Sender(db, Bots([ours]), per_second=30)
    until = {wanted.user: wanted.until}
    side = AtTheChannel(tg, api, group, {person.id: person}, lambda each: until[each.user])
    return Channel(db, sender, ours, group.id), side


KINDS: dict[str, Opened] = {
    "remnawave": remnawave,
    "remnawave 2": older,
    "keys": keys,
    "channel": channel,
}


@asynccontextmanager
async def benches(kind: str, tg: Sandbox, db: Database) -> AsyncIterator[Bench]:
    wanted, person = await somebody(db, tg)
    panel, side = await KINDS[kind](tg, db, wanted, person)
    try:
        yield Bench(panel, side, wanted)
    finally:
        await panel.close()
        if isinstance(side, AtTheChannel):
            await side.api.close()
