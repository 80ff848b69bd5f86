"""Many callers, few trips: transfers posted at the same time go to the database together.

A batch leaves when the one before it is back, so that nobody waits for company who has none.
A transfer that breaks a rule fails alone. A batch whose answer was lost is sent again: its
keys make it one.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from datetime import datetime

from kassa.db import Database
from kassa.errors import Unavailable
from kassa.ledger.batch import Batch, check_transfer
from kassa.ledger.models import LedgerError, Leg, Posted, Transfer
from kassa.ledger.service import send, worth_repeating

_MOST = 512  # transfers of a batch
_LANES = 2  # batches under way at once


class Poster:
    """`async with Poster(db) as poster: await poster.post(key=..., legs=[...])`."""

    def __init__(self, database: Database, *, lanes: int = _LANES, most: int = _MOST) -> None:
        self._database = database
        self._most = most
        self._lanes = lanes
        self._waiting: deque[tuple[Transfer, asyncio.Future[Posted]]] = deque()
        self._work = asyncio.Event()
        self._closing = False
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "Poster":
        self._tasks = [asyncio.create_task(self._lane()) for _ in range(self._lanes)]
        return self

    async def __aexit__(self, *_: object) -> None:
        """What was asked for is posted before it closes."""
        self._closing = True
        self._work.set()
        await asyncio.gather(*self._tasks)

    async def post(
        self, *, key: str, legs: Sequence[Leg], kind: str = "", at: datetime | None = None
    ) -> Posted:
        """As `ledger.post` on the database, only cheaper when many do it."""
        if self._closing or not self._tasks:
            raise Unavailable("The ledger is closing.")
        transfer = Transfer(key, legs, kind, at)
        check_transfer(transfer)
        answer: asyncio.Future[Posted] = asyncio.get_running_loop().create_future()
        self._waiting.append((transfer, answer))
        self._work.set()
        return await answer

    async def _lane(self) -> None:
        while True:
            while not self._waiting:
                if self._closing:
                    return
                self._work.clear()
                await self._work.wait()
                await asyncio.sleep(0)  # whoever runs now goes along
            await self._send(self._take())

    def _take(self) -> dict[str, tuple[Transfer, asyncio.Future[Posted]]]:
        """The next batch, by key: the second of two with one key waits for the next."""
        taken: dict[str, tuple[Transfer, asyncio.Future[Posted]]] = {}
        later = []
        while self._waiting and len(taken) < self._most:
            item = self._waiting.popleft()
            if item[1].done():
                continue  # whoever asked has gone, and nothing was sent
            if item[0].key in taken:
                later.append(item)
            else:
                taken[item[0].key] = item
        self._waiting.extendleft(reversed(later))
        return taken

    async def _send(self, items: dict[str, tuple[Transfer, asyncio.Future[Posted]]]) -> None:
        if not items:
            return
        try:
            batch = Batch(transfer for transfer, _ in items.values())
            answers = await send(self._database, batch, whole=False)
        except Exception as error:  # noqa: BLE001 (edge: the callers get it)
            away = isinstance(error, Unavailable) or worth_repeating(error)
            if len(items) > 1 and not away:
                # Something in it cannot even be said. Halving finds it; the others go on.
                halves = list(items.items())
                await self._send(dict(halves[: len(halves) // 2]))
                await self._send(dict(halves[len(halves) // 2 :]))
                return
            for _, answer in items.values():
                if not answer.done():
                    answer.set_exception(error)
            return
        for (_, answer), result in zip(items.values(), answers, strict=True):
            if answer.done():
                continue
            if isinstance(result, LedgerError):
                answer.set_exception(result)
            else:
                answer.set_result(result)
