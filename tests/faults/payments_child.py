"""A real process of ours, to be killed with signal 9: takes callbacks, settles, looks, and sells.

    python -m tests.faults.payments_child HOME DATABASE PORT CLOCK SETTINGS SEED SELLS

The clock is eight bytes of a file: by how much time was moved.
"""

import asyncio
import contextlib
import json
import mmap
import random
import signal
import struct
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import uvloop

from kassa import clock, log
from kassa.config import Settings
from kassa.db import APP, Database, EmbeddedServer
from kassa.money import Money
from kassa.payments import Inbox, Looking, Payer, Payments, api, starting
from kassa.payments.providers import configured
from kassa.web import create_app
from tests.faults.payments_world import Goods, passing, selling
from tests.payments.rig import KINDS
from tgsandbox.server import Listener

CUSTOMERS = 8


async def customer(payments: Payments, chance: random.Random) -> None:
    """Buys one thing after the other, and gives some of them back."""
    while True:
        with contextlib.suppress(Exception):  # it breaks off, as people do; kills hide nothing
            await buy(payments, chance)
        await asyncio.sleep(0.01)


async def buy(payments: Payments, chance: random.Random) -> None:
    kind = chance.choice(list(KINDS.values()))
    user = chance.randint(1, 40)
    payment = await payments.database.run(
        lambda tx: payments.create(
            tx,
            user=user,
            amount=kind.price,
            purpose=chance.choice(("test.goods", "test.late", "wallet.topup")),
            description="A thing",
            payer=Payer(telegram_id=100_000 + user, email="buyer@example.com"),
            return_url="https://shop.example.com/success",
            cancel_url="https://shop.example.com/cancel",
        )
    )
    for _ in range(2):
        await payments.start(payment.id, provider=kind.name, method=kind.method)
    for _ in range(chance.randint(1, 12)):
        await asyncio.sleep(0.05)
        payment = await payments.get(payments.database, payment.id)
        if payment.paid_at is not None and chance.random() < 0.6:
            part = Money(chance.randint(1, payment.amount.amount), payment.amount.currency)
            amount = chance.choice((None, part))
            await payments.refund(payment.id, amount, key=str(chance.random()))
        elif chance.random() < 0.2:
            await payments.check(payment.id)


async def for_ever(runs: Inbox | Looking) -> None:
    while True:
        try:
            await runs.run()
        except Exception as error:
            if not passing(error):
                raise
        await asyncio.sleep(0.05)


async def main(arguments: Sequence[str]) -> None:
    home, name, port, moved, settings, seed, sells = arguments
    log.configure("json", "critical")
    starting.PATIENCE = 0.5
    chance = random.Random(seed)
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    with Path(moved).open("rb") as file:
        by = mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ)

        def now() -> datetime:
            return datetime.fromtimestamp(time.time() + struct.unpack("d", by[:8])[0], UTC)

        server = EmbeddedServer(Path(home))
        with clock.moved(now):
            async with Database(server.address(APP, name)) as database:
                goods = Goods()
                goods.fails = 0.1 if sells == "1" else 0.0
                payments = Payments(
                    database,
                    providers=configured(Settings(**json.loads(settings))),
                    purposes=selling(goods),
                )
                inbox, looking = Inbox(payments, poll=0.05), Looking(payments, poll=0.05)
                app = create_app(None, routes=api.routes)  # type: ignore[arg-type]
                app.state.inbox, app.state.settings = inbox, None
                listener = Listener(app, port=int(port))
                await listener.start()
                work = [for_ever(inbox), for_ever(looking)]
                if sells == "1":
                    work += [
                        customer(payments, random.Random(chance.random())) for _ in range(CUSTOMERS)
                    ]
                tasks = [asyncio.create_task(each) for each in work]
                ended = asyncio.create_task(stopping.wait())
                await asyncio.wait([*tasks, ended], return_when=asyncio.FIRST_COMPLETED)
                for task in tasks:
                    if task.done():
                        task.result()
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                await listener.stop()
                await payments.close()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1:]))
