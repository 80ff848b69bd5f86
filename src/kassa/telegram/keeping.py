"""Looking after the updates that are stored: those left over are done, old ones thrown away, and
those set aside shown and replayed."""

import asyncio
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from kassa import clock
from kassa.db import Database, Reader, Tx
from kassa.errors import NotFound
from kassa.log import get

if TYPE_CHECKING:
    from kassa.telegram.updates import Updates

LEFT_OVER = timedelta(minutes=2)  # Telegram, or whoever polls, is still at those that are newer
KEPT = timedelta(days=3)  # Telegram brings nothing again that is older than a day

_log = get(__name__)


@dataclass(frozen=True, slots=True)
class SetAside:
    bot: int
    id: int
    chat: int
    tries: int
    error: str
    dead_at: datetime


async def sweep(updates: "Updates") -> None:
    """By whoever leads: what nobody brings any more, such as after a change from polling."""
    from kassa.telegram.hearing import NotTaken  # with aiogram, which commands need not wait for

    while True:
        rows = await updates.database.fetch(
            """
            SELECT bot, chat, body FROM telegram.update
             WHERE done_at IS NULL AND dead_at IS NULL AND received_at < $1 AND bot = ANY ($2)
             ORDER BY bot, id LIMIT 100
            """,
            clock.now() - LEFT_OVER,
            [bot.id for bot in updates.bots.all],
        )
        stuck = set()  # chats whose next one waits for the one that failed
        for row in rows:
            place = row["bot"], row["chat"]
            if place in stuck:
                continue
            bot = updates.bots[row["bot"]]
            try:
                await updates.take(bot, json.loads(row["body"]), row["body"])
            except NotTaken as error:
                stuck.add(place)
                _log.warning("updates.not_taken", bot=bot.name, error=str(error))
        await asyncio.sleep(5)


async def prune(database: Database) -> None:
    while True:
        gone = await database.fetchval(
            """
            WITH gone AS (
                DELETE FROM telegram.update
                 WHERE ctid = ANY (ARRAY(SELECT ctid FROM telegram.update WHERE done_at < $1
                                          LIMIT 5000))
                RETURNING 1
            )
            SELECT count(*) FROM gone
            """,
            clock.now() - KEPT,
        )
        await asyncio.sleep(0.5 if gone else 3600)


async def list_dead(on: Reader, *, most: int = 50) -> list[SetAside]:
    rows = await on.fetch(
        """
        SELECT bot, id, chat, tries, error, dead_at FROM telegram.update
         WHERE dead_at IS NOT NULL ORDER BY dead_at DESC LIMIT $1
        """,
        most,
    )
    return [SetAside(**dict(row)) for row in rows]


async def body_of(on: Reader, bot: int, number: int) -> str:
    body = await on.fetchval(
        "SELECT body FROM telegram.update WHERE bot = $1 AND id = $2", bot, number
    )
    if body is None:
        raise NotFound(f"The update {number} of the bot {bot} is not there any more.")
    return bytes(body).decode(errors="replace")


async def replay(tx: Tx, *, bot: int | None = None, number: int | None = None) -> int:
    """One that was set aside, or all of them, are tried anew by the process that leads."""
    done = await tx.fetchval(
        """
        WITH again AS (
            UPDATE telegram.update
               SET dead_at = NULL, tries = 0, received_at = least(received_at, $3)
             WHERE dead_at IS NOT NULL AND ($1::bigint IS NULL OR bot = $1)
               AND ($2::bigint IS NULL OR id = $2)
            RETURNING 1
        )
        SELECT count(*) FROM again
        """,
        bot,
        number,
        clock.now() - LEFT_OVER,
    )
    return int(done)
