"""Asking Telegram for updates: one process a bot, and nothing is acknowledged before it is stored.

Updates of one chat are done one after another, chats side by side. Checkout queries wait for
nobody, and are not stored: after ten seconds they are worth nothing. They are answered even while
there is no database, and so nobody who leads: with a no, in time.
"""

import asyncio
import json
from collections import deque
from collections.abc import Coroutine, Sequence
from typing import Any

from kassa import clock
from kassa.botapi import NotDone, NotKnown, Refused
from kassa.db import Database
from kassa.log import get
from kassa.telegram.bots import Bot
from kassa.telegram.hearing import KINDS, Heard, NotTaken, hear
from kassa.telegram.updates import Updates

WAIT = 25  # seconds that Telegram holds a question without an answer
_SIDE_BY_SIDE = 16  # updates of a bot
_MOST = 1000  # updates in memory; the rest waits on the disk
_LONGEST_PAUSE = 30.0
_AWAY_SECONDS = 1.0  # for the database to show that it is there

_log = get(__name__)


class Poller:
    """`await Poller(updates, bot).run()`, by whoever leads it."""

    def __init__(self, updates: Updates, bot: Bot) -> None:
        self._updates = updates
        self._bot = bot
        self._lanes: dict[int, deque[Heard]] = {}
        self._held: set[int] = set()  # the numbers of what the lanes hold
        self._behind = False  # there is more on the disk than in the lanes
        self._order = asyncio.Lock()  # of storing and of fetching what is stored
        self._tasks: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(_SIDE_BY_SIDE)
        self._leading = False

    async def run(self) -> None:
        self._leading = True
        try:
            self._behind = True
            await self._catch_up()
            await self._poll()
        finally:
            self._leading = False
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self._lanes.clear()
            self._held.clear()
            self._updates.begin(self._while_away())

    async def _poll(self) -> None:
        offset: int | None = None
        failures = 0
        while True:
            try:
                found = await self._fetch(offset, WAIT)
                for update in found:
                    if is_checkout(update):
                        self._updates.begin(self._updates.take(self._bot, update, b""))
                await self._take([each for each in found if not is_checkout(each)])
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

    async def _fetch(self, offset: int | None, wait: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self._bot.api.call(
            "getUpdates",
            {"offset": offset, "timeout": wait, "limit": 100, "allowed_updates": KINDS},
            seconds=wait + 10,
        )
        return found

    async def _while_away(self) -> None:
        """Nobody leads while there is no database. Checkouts are answered; the rest stays with
        Telegram, unacknowledged. This ends when the database is there, or we lead again."""
        while not self._leading and not await _is_there(self._updates.database):
            try:
                for update in await self._fetch(None, 1):
                    if is_checkout(update):
                        self._updates.begin(self._updates.take(self._bot, update, b""))
            except (Refused, NotDone, NotKnown) as error:
                _log.warning("polling.no_answer", bot=self._bot.name, error=str(error))
            await asyncio.sleep(0.5)

    async def _take(self, updates: Sequence[dict[str, Any]]) -> None:
        """On the disk before they are acknowledged. What is of no kind is let go."""
        heard = [each for update in updates if (each := self._hear(update))]
        if not heard:
            return
        async with self._order:
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
            self._behind = self._behind or len(self._held) + len(new) > _MOST
            if not self._behind:
                for each in heard:
                    if each.number in new:
                        self._queue(each)
        self._go_on()

    def _hear(self, update: dict[str, Any]) -> Heard | None:
        body = json.dumps(update, ensure_ascii=False).encode(errors="replace")
        return hear(self._bot, update, body)

    # -- chats side by side ----------------------------------------------------------

    def _queue(self, heard: Heard) -> None:
        self._held.add(heard.number)
        if heard.chat in self._lanes:
            self._lanes[heard.chat].append(heard)
        else:
            self._lanes[heard.chat] = deque([heard])
            self._begin(self._lane(heard.chat))

    async def _lane(self, chat: int) -> None:
        lane = self._lanes[chat]
        while lane:
            await self._one(lane[0])
            self._held.discard(lane.popleft().number)
        del self._lanes[chat]
        self._go_on()

    def _go_on(self) -> None:
        if self._behind and len(self._held) < _MOST // 2:
            self._begin(self._catch_up())

    async def _catch_up(self) -> None:
        """What is stored and not in a lane: it was too much, or whoever had it died."""
        async with self._order:
            if not self._behind:
                return
            bodies = await waiting(self._updates.database, self._bot.id, most=_MOST)
            self._behind = len(bodies) == _MOST
            for body in bodies:
                heard = self._hear(json.loads(body))
                if heard is not None and heard.number not in self._held:
                    self._queue(heard)

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

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            _log.error("polling.failed", bot=self._bot.name, exc_info=error)


def is_checkout(update: dict[str, Any]) -> bool:
    return "pre_checkout_query" in update or "shipping_query" in update


async def waiting(database: Database, bot: int, *, most: int) -> list[bytes]:
    """The oldest that are stored and not done."""
    rows = await database.fetch(
        """
        SELECT body FROM telegram.update
         WHERE bot = $1 AND done_at IS NULL AND dead_at IS NULL
         ORDER BY id LIMIT $2
        """,
        *(bot, most),
    )
    return [row["body"] for row in rows]


async def _is_there(database: Database) -> bool:
    try:
        async with asyncio.timeout(_AWAY_SECONDS):
            await database.fetchval("SELECT 1")
    except Exception:  # noqa: BLE001 (however it is away)
        return False
    return True


def _pause(failures: int) -> float:
    return float(min(0.5 * 2 ** min(failures, 10), _LONGEST_PAUSE))
