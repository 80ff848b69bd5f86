"""A broadcast: one message of an admin's, to many. What sends it is in broadcast_sending.py."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from kassa import clock, outbox
from kassa.db import Reader, Tx

if TYPE_CHECKING:
    from asyncpg import Record

SEND = "subscriptions.broadcast"
AUDIENCES = ("all", "active", "lapsed", "trial")

COLUMNS = """
    id, admin_id, bot, audience, from_chat, message, shown_at, status, total, sent, gone, failed,
    unknown, reached, until, why, at, done_at
"""

# By audience: who of those whom the bot reaches.
_WHO = {
    "all": "true",
    "active": "s.expires_at > $2",
    "lapsed": "s.expires_at <= $2",
    "trial": """s.expires_at > $2 AND EXISTS (
                SELECT FROM subscriptions.term t
                 WHERE t.user_id = r.user_id AND t.kind = 'trial')
            AND NOT EXISTS (SELECT FROM subscriptions.term t
                             WHERE t.user_id = r.user_id AND t.kind IN ('paid', 'gift'))""",
}


@dataclass(frozen=True, slots=True)
class Broadcast:
    id: int
    admin: int
    bot: int
    audience: str
    from_chat: int
    message: int
    shown_at: int | None
    status: str
    total: int
    sent: int
    gone: int
    failed: int
    unknown: int
    reached: int
    until: int
    why: str
    at: datetime
    done_at: datetime | None

    @property
    def done(self) -> int:
        """People of whom it is known how it went, or that it will not be known."""
        return self.sent + self.gone + self.failed + self.unknown


def people_of(audience: str) -> str:
    """A page of them by their numbers: of a bot, at a time, after one and up to another."""
    return f"""
        SELECT r.user_id, p.telegram_id
          FROM telegram.reach r
          JOIN users.person p ON p.id = r.user_id AND p.blocked_at IS NULL
          LEFT JOIN subscriptions.subscription s ON s.user_id = r.user_id
         WHERE r.bot = $1 AND r.gone_at IS NULL AND $2::timestamptz IS NOT NULL
           AND r.user_id > $3 AND r.user_id <= $4 AND {_WHO[audience]}
         ORDER BY r.user_id LIMIT $5
    """  # noqa: S608 (texts of ours)


async def count(on: Reader, bot: int, audience: str) -> int:
    """Costs a look at everybody whom the bot reaches: asked when somebody means to write."""
    found: int = await on.fetchval(
        f"""
        SELECT count(*)
          FROM telegram.reach r
          JOIN users.person p ON p.id = r.user_id AND p.blocked_at IS NULL
          LEFT JOIN subscriptions.subscription s ON s.user_id = r.user_id
         WHERE r.bot = $1 AND r.gone_at IS NULL AND $2::timestamptz IS NOT NULL
           AND {_WHO[audience]}
        """,  # noqa: S608 (texts of ours)
        *(bot, clock.now()),
    )
    return found


async def draft(
    tx: Tx, *, admin: int, bot: int, audience: str, from_chat: int, message: int
) -> Broadcast:
    row = await tx.fetchrow(
        f"""
        INSERT INTO subscriptions.broadcast
               (admin_id, bot, audience, from_chat, message, total, until, at)
        VALUES ($1, $2, $3, $4, $5, $6, (SELECT coalesce(max(id), 0) FROM users.person), $7)
        RETURNING {COLUMNS}
        """,  # noqa: S608
        *(admin, bot, audience, from_chat, message, await count(tx, bot, audience), clock.now()),
    )
    assert row is not None
    return read(row)


async def get_one(on: Reader, number: int) -> Broadcast | None:
    row = await on.fetchrow(
        f"SELECT {COLUMNS} FROM subscriptions.broadcast WHERE id = $1",  # noqa: S608
        number,
    )
    return None if row is None else read(row)


async def begin(tx: Tx, number: int, *, shown_at: int) -> Broadcast | None:
    """Begins it, or goes on with one that was stopped; None where that cannot be any more."""
    row = await tx.fetchrow(
        f"""
        UPDATE subscriptions.broadcast SET status = 'running', shown_at = $2, done_at = NULL
         WHERE id = $1 AND status IN ('draft', 'stopped') RETURNING {COLUMNS}
        """,  # noqa: S608
        *(number, shown_at),
    )
    if row is None:
        return None
    await outbox.put(tx, SEND, {"broadcast": number}, key=str(number))
    return read(row)


async def stop(tx: Tx, number: int) -> Broadcast | None:
    """What is in flight arrives; nobody else is taken. The job tells how far it came."""
    return await _becomes(tx, number, "running", "stopped")


async def drop(tx: Tx, number: int) -> Broadcast | None:
    return await _becomes(tx, number, "draft", "dropped")


async def _becomes(tx: Tx, number: int, old: str, new: str) -> Broadcast | None:
    row = await tx.fetchrow(
        f"""
        UPDATE subscriptions.broadcast SET status = $3
         WHERE id = $1 AND status = $2 RETURNING {COLUMNS}
        """,  # noqa: S608
        *(number, old, new),
    )
    if row is None:
        return None
    if new == "stopped":
        await outbox.put(tx, SEND, {"broadcast": number}, key=str(number))
    return read(row)


def read(row: "Record") -> Broadcast:
    return Broadcast(*row.values())
