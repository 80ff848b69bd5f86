"""Asking Telegram for updates: one process a bot, and nothing is acknowledged before it is stored.

Updates of one chat are done one after another, chats side by side. Checkout queries wait for
nobody, and are not stored: after ten seconds they are worth nothing.
"""

import asyncio
import json
from collections import deque
from collections.abc import Sequence
from typing import Any

from kassa import clock
from kassa.botapi import NotDone, NotKnown, Refused
from kassa.db import Database
from kassa.log import get
from kassa.telegram.bots import Bot
from kassa.telegram.updates import KINDS, Heard, NotTaken, Updates, hear

WAIT = 25  # seconds that Telegram holds a question without an answer
_SIDE_BY_SIDE = 16  # updates of a bot
_MOST_WAITING = 1000  # then no more are fetched
_LONGEST_PAUSE = 30.0

_log = get(__name__)


class Poller:
    """`await Poller(updates, bot).run()`, by whoever leads it."""

    def __init__(self, updates: Updates, bot: Bot) -> None:
        self._updates = updates
        self._bot = bot
        self._lanes: dict[int, deque[Heard]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(_SIDE_BY_SIDE)
        self._waiting = 0
        self._less = asyncio.Event()

    async def run(self) -> None:
        try:
            for body in await waiting(self._updates.database, self._bot.id):
                if heard := self._hear(json.loads(body)):
                    self._queue(heard)
            await self._poll()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self._lanes.clear()
            self._waiting = 0

    async def _poll(self) -> None:
        offset: int | None = None
        failures = 0
        while True:
            while self._waiting > _MOST_WAITING:
                self._less.clear()
                await self._less.wait()
            try:
                found = await self._bot.api.call(
                    "getUpdates",
                    {"offset": offset, "timeout": WAIT, "limit": 100, "allowed_updates": KINDS},
                    seconds=WAIT + 10,
                )
                for update in found:
                    if is_checkout(update):
                        self._begin(self._updates.take(self._bot, update, b""))
                for heard in await self._store([u for u in found if not is_checkout(u)]):
                    self._queue(heard)
                if found:
                    offset = found[-1]["update_id"] + 1
                failures = 0
            except Refused as error:
                failures += 1
                if error.code == 401:
                    _log.error("polling.wrong_token", bot=self._bot.name)
                elif "webhook is active" in error.words:
                    await self._bot.api.call("deleteWebhook")
                    failures = 0
                    continue
                else:  # somebody else polls with this token, perhaps
                    _log.warning("polling.refused", bot=self._bot.name, error=error.words)
                await asyncio.sleep(max(error.retry_after or 0, _pause(failures)))
            except (NotDone, NotKnown) as error:
                failures += 1
                _log.warning("polling.no_answer", bot=self._bot.name, error=str(error))
                await asyncio.sleep(_pause(failures))

    async def _store(self, updates: Sequence[dict[str, Any]]) -> list[Heard]:
        """On the disk before they are acknowledged; says which are new. What is of no kind is let
        go."""
        heard = [each for update in updates if (each := self._hear(update))]
        if not heard:
            return []
        rows = await self._updates.database.fetch(
            """
            INSERT INTO telegram.update (bot, id, chat, body, received_at)
            SELECT $1, w.id, w.chat, w.body, $5
              FROM unnest($2::bigint[], $3::bigint[], $4::bytea[]) AS w (id, chat, body)
             ORDER BY w.id
            ON CONFLICT (bot, id) DO NOTHING
            RETURNING id
            """,
            self._bot.id,
            [each.number for each in heard],
            [each.chat for each in heard],
            [each.body for each in heard],
            clock.now(),
        )
        new = {row["id"] for row in rows}
        return [each for each in heard if each.number in new]

    def _hear(self, update: dict[str, Any]) -> Heard | None:
        body = json.dumps(update, ensure_ascii=False).encode(errors="replace")
        return hear(self._bot, update, body)

    # -- chats side by side ----------------------------------------------------------

    def _queue(self, heard: Heard) -> None:
        self._waiting += 1
        if heard.chat in self._lanes:
            self._lanes[heard.chat].append(heard)
        else:
            self._lanes[heard.chat] = deque([heard])
            self._begin(self._lane(heard.chat))

    async def _lane(self, chat: int) -> None:
        lane = self._lanes[chat]
        while lane:
            await self._one(lane[0])
            lane.popleft()
            self._waiting -= 1
            self._less.set()
        del self._lanes[chat]

    async def _one(self, heard: Heard) -> None:
        """Until it is done or set aside: what comes after it in its chat waits."""
        failures = 0
        while True:
            try:
                async with self._room:
                    await self._updates.take(self._bot, heard.update, heard.body)
                return
            except NotTaken as error:
                failures += 1
                _log.warning("polling.not_taken", bot=self._bot.name, error=str(error))
            await asyncio.sleep(_pause(failures))

    def _begin(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            _log.error("polling.failed", bot=self._bot.name, exc_info=error)


def is_checkout(update: dict[str, Any]) -> bool:
    return "pre_checkout_query" in update or "shipping_query" in update


async def waiting(database: Database, bot: int) -> list[bytes]:
    """What was stored, and not done: the process that had it died."""
    rows = await database.fetch(
        """
        SELECT body FROM telegram.update
         WHERE bot = $1 AND done_at IS NULL AND dead_at IS NULL
         ORDER BY id LIMIT 10000
        """,
        bot,
    )
    return [row["body"] for row in rows]


def _pause(failures: int) -> float:
    return float(min(0.5 * 2 ** min(failures, 10), _LONGEST_PAUSE))
