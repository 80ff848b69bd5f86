"""One message of an admin's to many, copied to each by the bot, at the pace that Telegram takes.

A job sends it in turns of some seconds, in the notices' lane: whoever is answered goes first, and a
stopping process ends its turn in time. People are taken by their numbers, a few at a time, and
what came of each is written at once. Killed in between, those who were in flight are told of as
unknown and left out: nobody gets it twice.
"""

import asyncio
from collections import deque
from datetime import timedelta
from time import monotonic

from kassa import clock, outbox, users
from kassa.apps.models import Kassa
from kassa.apps.subscriptions.admin.broadcasting import (
    COLUMNS,
    SEND,
    Broadcast,
    get_one,
    people_of,
    read,
)
from kassa.apps.subscriptions.models import APP
from kassa.botapi import Gone, NotDone, NotKnown, Refused
from kassa.db import Tx
from kassa.errors import Unavailable
from kassa.log import get, masked
from kassa.outbox import Job, TryLater
from kassa.payments import notices
from kassa.telegram import Bot

AT_ONCE = 8  # calls of ours; the notices of others have the rest of the lane
TURN_SECONDS = 5.0  # a process that stops waits longer than that
SHOW_SECONDS = 3.0  # between two pictures of the progress
PAGE = 200  # people, read at once
LONGEST_REST = timedelta(minutes=1)  # between two turns, whatever Telegram says

# What makes the rest useless, too.
_NO_MESSAGE = ("message to copy not found", "message can't be copied", "message_id_invalid")

_log = get(__name__)


async def send(kassa: Kassa, job: Job) -> None:
    """A turn of it, and then the next."""
    number = int(job.payload["broadcast"])
    found = await _take_over(kassa, number, job.claim)
    if found is None:
        return
    bot, rest = kassa.bots.get(found.bot), timedelta()
    if bot is None:
        _log.error("broadcast.no_bot", broadcast=number, bot=found.bot)
        await kassa.database.run(lambda tx: _fail(tx, number, "the bot is not here any more"))
    else:
        turn = _Turn(kassa, bot, found, job.claim)
        await turn.run()
        rest = turn.rest
    await kassa.database.run(lambda tx: _end(tx, number, job, rest))
    last = await get_one(kassa.database, number)
    if last is not None and bot is not None and last.status != "running":
        await show(kassa, bot, last, 0.0)


async def _take_over(kassa: Kassa, number: int, claim: int) -> Broadcast | None:
    """Whoever had it before us is dead, or too slow: what they have in flight is nobody's now."""
    row = await kassa.database.fetchrow(
        f"""
        UPDATE subscriptions.broadcast
           SET run = $2, unknown = unknown + cardinality(flying), flying = '{{}}'
         WHERE id = $1 AND status IN ('running', 'stopped') AND done_at IS NULL AND run < $2
        RETURNING {COLUMNS}
        """,  # noqa: S608
        *(number, claim),
    )
    return None if row is None else read(row)


class _Turn:
    """Some seconds of sending, several calls side by side."""

    def __init__(self, kassa: Kassa, bot: Bot, found: Broadcast, claim: int) -> None:
        self.rest = timedelta()  # that Telegram wants before the next
        self._kassa = kassa
        self._bot = bot
        self._found = found
        self._claim = claim
        self._began = monotonic()
        self._done = 0
        self._read_to = found.reached
        self._next: deque[tuple[int, int]] = deque()  # read, and not taken yet
        self._one = asyncio.Lock()  # people are taken in their order
        self._over = False  # there is nobody left, or it is stopped

    async def run(self) -> None:
        self._next.extend(await self._put_off())
        showing = asyncio.create_task(self._keep_showing())
        try:
            ended = await asyncio.gather(
                *(self._one_after_another() for _ in range(AT_ONCE)), return_exceptions=True
            )
        finally:
            showing.cancel()
        for each in ended:
            if each is not None:
                raise each

    @property
    def _left(self) -> float:
        return TURN_SECONDS - (monotonic() - self._began)

    async def _one_after_another(self) -> None:
        try:
            while not self._over and self._left > 0:
                async with self._one:
                    taken = await self._take()
                if taken is None:
                    return
                user, chat = taken
                await self._write(user, *await self._to(chat))
                self._done += 1
        finally:
            self._over = True  # whatever ends one of us ends the turn

    async def _put_off(self) -> list[tuple[int, int]]:
        """Those who were to have it when Telegram wanted a rest."""
        rows = await self._kassa.database.fetch(
            """
            SELECT p.id, p.telegram_id
              FROM subscriptions.broadcast b
              JOIN users.person p ON p.id = ANY (b.put_off)
             WHERE b.id = $1 ORDER BY p.id
            """,
            self._found.id,
        )
        return [(row["id"], row["telegram_id"]) for row in rows]

    async def _take(self) -> tuple[int, int] | None:
        """The next person, written down as in flight before anything is sent. Nobody, where it was
        stopped, or where somebody else has taken it over."""
        if not self._next:
            rows = await self._kassa.database.fetch(
                people_of(self._found.audience),
                *(self._found.bot, clock.now(), self._read_to, self._found.until, PAGE),
            )
            self._next.extend((row["user_id"], row["telegram_id"]) for row in rows)
        if not self._next:
            return None
        user, chat = self._next.popleft()
        self._read_to = max(self._read_to, user)
        ours = await self._kassa.database.fetchval(
            """
            UPDATE subscriptions.broadcast
               SET reached = greatest(reached, $3), flying = flying || $3::bigint,
                   put_off = array_remove(put_off, $3)
             WHERE id = $1 AND run = $2 AND status = 'running' RETURNING true
            """,
            *(self._found.id, self._claim, user),
        )
        return (user, chat) if ours else None

    async def _to(self, chat: int) -> tuple[str, str]:
        """What came of it, and why not. "put_off": it was surely not sent."""
        params = {
            "chat_id": chat,
            "from_chat_id": self._found.from_chat,
            "message_id": self._found.message,
        }
        while True:
            try:
                await self._kassa.sender.call(
                    self._bot, "copyMessage", params, chat=chat, urgent=False
                )
            except Gone as error:
                return "gone", error.words
            except Refused as error:
                return "failed", error.words
            except NotKnown as error:
                return "unknown", str(error)
            except (TryLater, NotDone) as error:
                after = error.after if isinstance(error, TryLater) else timedelta(seconds=1)
                if after.total_seconds() > self._left:
                    self.rest = max(self.rest, min(after, LONGEST_REST))
                    return "put_off", ""
                await asyncio.sleep(after.total_seconds())
            else:
                return "sent", ""

    async def _write(self, user: int, came: str, why: str) -> None:
        """Where another has taken over meanwhile, they have counted this one as unknown."""
        hopeless = came == "failed" and any(each in why.lower() for each in _NO_MESSAGE)
        counts = "put_off = put_off || $2::bigint" if came == "put_off" else f"{came} = {came} + 1"
        await self._kassa.database.execute(
            f"""
            UPDATE subscriptions.broadcast
               SET {counts}, flying = array_remove(flying, $2),
                   why = coalesce(nullif($4, ''), why),
                   status = CASE WHEN $5 AND status = 'running' THEN 'stopped' ELSE status END
             WHERE id = $1 AND run = $3
            """,  # noqa: S608 (columns of ours)
            *(self._found.id, user, self._claim, "" if came == "gone" else masked(why)[:300]),
            hopeless,
        )

    async def _keep_showing(self) -> None:
        while True:
            await asyncio.sleep(SHOW_SECONDS)
            now = await get_one(self._kassa.database, self._found.id)
            if now is not None and now.status == "running":
                await show(self._kassa, self._bot, now, self._done / (monotonic() - self._began))


async def _fail(tx: Tx, number: int, why: str) -> None:
    await tx.execute(
        "UPDATE subscriptions.broadcast SET status = 'stopped', why = $2 WHERE id = $1",
        *(number, why),
    )


async def _end(tx: Tx, number: int, job: Job, rest: timedelta) -> None:
    """There is a next turn, or the report: the one or the other, once."""
    row = await tx.fetchrow(
        f"""
        SELECT {COLUMNS}, cardinality(put_off) AS waiting
          FROM subscriptions.broadcast WHERE id = $1 AND run = $2 FOR UPDATE
        """,  # noqa: S608
        *(number, job.claim),
    )
    if row is None:  # another has it
        return
    *values, waiting = row.values()
    found = Broadcast(*values)
    if found.status == "running" and (waiting or await _is_anybody_left(tx, found)):
        await outbox.put(tx, SEND, {"broadcast": number}, key=str(number), after=rest)
        return
    await tx.execute(
        """
        UPDATE subscriptions.broadcast
           SET done_at = $2, status = CASE WHEN status = 'running' THEN 'done' ELSE status END
         WHERE id = $1
        """,
        *(number, clock.now()),
    )
    name = "admin-cast-report" if found.status == "running" else "admin-cast-report-stopped"
    args = {
        "total": found.total,
        "sent": found.sent,
        "gone": found.gone,
        "failed": found.failed,
        "unknown": found.unknown,
        "why": found.why or "–",
    }
    said = notices.to(found.admin, name, app=APP, bot=str(found.bot), args=args)
    await outbox.put(tx, notices.TO_PERSON, said)


async def _is_anybody_left(tx: Tx, found: Broadcast) -> bool:
    rows = await tx.fetch(
        people_of(found.audience), *(found.bot, clock.now(), found.reached, found.until, 1)
    )
    return bool(rows)


async def show(kassa: Kassa, bot: Bot, now: Broadcast, per_second: float) -> None:
    """How far it is, in the message that was pressed to begin it."""
    from kassa.apps.subscriptions.admin.broadcast import progress  # which begins it

    if now.shown_at is None:
        return
    admin = await users.get(kassa.database, now.admin)
    left = timedelta(seconds=(now.total - now.done) / per_second) if per_second else None
    params = progress(admin.language, now, per_second, left).params(now.from_chat, now.shown_at)
    try:
        await kassa.sender.call(bot, "editMessageText", params, chat=now.from_chat, urgent=True)
    except (Refused, Unavailable, TryLater) as error:
        _log.debug("broadcast.not_shown", why=str(error))
