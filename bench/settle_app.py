"""What bench/settle.py calls: Kassa as `kassa run` serves it, with an app that sells.

The app tells when a delivery has committed, by the clock that all processes of a machine share.
"""

import asyncio
import cProfile
import os
import signal
import struct
import time
from functools import partial
from typing import TYPE_CHECKING

from kassa import log
from kassa.cli.running import serve
from kassa.config import load
from kassa.db import Tx
from kassa.ledger import Leg, revenue, wallet
from kassa.outbox import Job
from kassa.payments import Delivered, Message, Payment, Purpose, notices
from kassa.runtime import application

if TYPE_CHECKING:
    from fastapi import FastAPI

COMMITTED, SAID, PROFILE = "BENCH_COMMITTED", "BENCH_SAID", "BENCH_PROFILE"  # files
RECORD = struct.Struct("<qd")  # a payment, and when
PER_SECOND = 30  # messages, as many as Telegram takes


class Goods:
    def __init__(self) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        self._committed = os.open(os.environ[COMMITTED], flags)
        self._said = os.open(os.environ[SAID], flags)
        self._pace = asyncio.Lock()

    async def on_paid(self, tx: Tx, payment: Payment) -> Delivered:
        await tx.execute("INSERT INTO bench.sold (payment_id) VALUES ($1)", payment.id)
        tx.after_commit(partial(self._note, self._committed, payment.id))
        price = payment.amount
        of, to = wallet(payment.user, price.currency), revenue("bench", price.currency)
        return Delivered([Leg(of, to, price)], [Message("bench-sold", {"payment": payment.id})])

    async def say(self, job: Job) -> None:
        async with self._pace:
            await asyncio.sleep(1 / PER_SECOND)
        self._note(self._said, job.payload["args"]["payment"])

    def _note(self, file: int, payment: int) -> None:
        os.write(file, RECORD.pack(payment, time.monotonic()))


def asgi() -> "FastAPI":
    found = load()
    log.configure(found.log, found.log_level)
    goods = Goods()
    if PROFILE in os.environ:
        _profile(os.environ[PROFILE])
    return application(
        found,
        purposes=[Purpose("bench.goods", goods.on_paid)],
        handlers={notices.TO_PERSON: goods.say},
    )


def _profile(file: str) -> None:
    """From the first signal USR1 on; at the second one it is written down."""
    profile = cProfile.Profile()

    def end(*_: object) -> None:
        profile.disable()
        profile.dump_stats(file)

    def begin(*_: object) -> None:
        signal.signal(signal.SIGUSR1, end)
        profile.enable()

    signal.signal(signal.SIGUSR1, begin)


if __name__ == "__main__":
    serve(load(), "bench.settle_app:asgi")
