"""What every bot says, heard by people in the sandbox: a house with our own routers, and apps."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from kassa import outbox
from kassa.botapi import BotApi
from kassa.config import BotSettings, Settings
from kassa.db import Database
from kassa.money import Money
from kassa.payments import Payment, Payments, wallet
from kassa.secret import Secret
from kassa.telegram import Bot, Bots, common, naming, payment_buttons, showing
from kassa.telegram.face import FACE, Faces
from kassa.telegram.polling import Poller
from kassa.telegram.routing import House
from kassa.telegram.sender import Sender
from kassa.telegram.updates import CARRY_OUT, Updates
from tests.conftest import Fresh
from tests.telegram.core import KEY, Shown
from tgsandbox import BotAccess, Person, Sandbox


@dataclass
class Talk:
    tg: Sandbox
    db: Database
    bot: BotAccess
    payments: Payments
    faces: Faces
    house: House
    worker: outbox.Worker
    wishes: list[dict[str, Any]] = field(default_factory=list)  # to pay and to check

    async def user_id(self, person: Person) -> int:
        found = await self.db.fetchval(
            "SELECT id FROM users.person WHERE telegram_id = $1", person.user.id
        )
        return int(found)

    async def known(self, person: Person, columns: str) -> tuple[Any, ...]:
        row = await self.db.fetchrow(
            f"SELECT {columns} FROM users.person WHERE telegram_id = $1", person.user.id
        )
        assert row is not None
        return tuple(row)

    async def bill(self, person: Person, what: str = "VPN", cents: int = 500) -> Payment:
        user = await self.user_id(person)
        return await self.db.run(
            lambda tx: self.payments.create(
                tx,
                user=user,
                amount=Money(cents, "USD"),
                purpose=wallet.TOPUP.name,
                description=what,
                bot=str(self.bot.id),
            )
        )

    async def show(self, chat: Person | int, text: str, data: str) -> None:
        """A message with one button, which reads "x"."""
        keyboard = {"inline_keyboard": [[{"text": "x", "callback_data": data}]]}
        number = chat if isinstance(chat, int) else chat.user.id
        await self.bot.call("sendMessage", chat_id=number, text=text, reply_markup=keyboard)


@asynccontextmanager
async def a_talk(
    fresh: Fresh, apps: Sequence[Shown] = (), *, named: bool = True, **changes: Any
) -> AsyncIterator[Talk]:
    """`changes` are to the settings."""
    async with Sandbox() as tg, Database(fresh.address()) as db:
        access = tg.bot("shop_bot")
        settings = Settings(
            debug=True,
            telegram_api_url=access.api,
            bots=(BotSettings(token=Secret(access.token), apps=("test",), name="shop"),),
            **changes,
        )
        bot = Bot(access.id, "shop", BotApi(Secret(access.token), url=access.api), ("test",))
        bots = Bots([bot])
        payments = Payments(db, providers={}, purposes=[wallet.TOPUP])
        house = House(
            bot,
            apps or [Shown()],
            first=common.first(settings, payments, secret=KEY),
            last=common.last(settings),
        )
        sender = Sender(db, bots, per_second=1000)
        wishes: list[dict[str, Any]] = []

        async def carry_out(job: outbox.Job) -> None:
            for call in job.payload["calls"]:
                if "method" in call:
                    await bot.api.call(call["method"], call["params"])
                else:
                    wishes.append(call)

        faces = Faces(db, {bot.id: house}, base=showing.base(settings))
        handlers = {
            CARRY_OUT: carry_out,
            FACE: faces.show,
            payment_buttons.CALL_OFF: payment_buttons.calling_off(payments, bots, sender),
        }
        worker = outbox.Worker(db, handlers)
        updates = Updates(db, bots, {bot.id: house}, worker=worker)
        if named:
            await naming.introduce(bot.api, updates.aiogram[bot.id])
        tasks = [
            asyncio.create_task(each.run()) for each in (worker, db.wake, Poller(updates, bot))
        ]
        try:
            yield Talk(tg, db, access, payments, faces, house, worker, wishes)
        finally:
            await worker.stop(grace=2)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await updates.close()
            sender.close()
            await bots.close()
