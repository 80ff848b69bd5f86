"""Keys that were bought or made elsewhere, given out one by one (`subscriptions.key`).

A key does not end by itself: when the time is over it counts as taken back, is nobody else's, and
whoever comes back gets another one.
"""

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

from kassa import clock, outbox
from kassa.apps.subscriptions.models import APP
from kassa.apps.subscriptions.panels.protocol import Access, Down, Wanted
from kassa.db import Database, Tx
from kassa.payments import notices

if TYPE_CHECKING:
    from asyncpg import Record

FEW = 5  # keys left, of which the operator is told before the last one is gone


async def add(tx: Tx, contents: Sequence[str]) -> int:
    """To the pool; says how many of them were new."""
    return int(
        await tx.fetchval(
            """
            WITH added AS (
                INSERT INTO subscriptions.key (content)
                SELECT content FROM unnest($1::text[]) WITH ORDINALITY AS given (content, place)
                 ORDER BY place
                ON CONFLICT (content) DO NOTHING
                RETURNING id
            )
            SELECT count(*) FROM added
            """,
            list(contents),
        )
    )


class Keys:
    name = "keys"

    def __init__(self, database: Database) -> None:
        self._database = database
        self._told = False  # that there are none, since there was one

    async def ensure(self, wanted: Wanted) -> Access:
        if wanted.until <= clock.now():
            return await self._database.run(lambda tx: _take_back(tx, wanted))
        found = await self._database.run(lambda tx: _give(tx, wanted))
        return await self._given(wanted, found)

    async def read(self, wanted: Wanted) -> Access | None:
        found = await self._database.fetchrow(_OURS, wanted.user)
        return None if found is None else _access(found, wanted)

    async def everybody(self) -> AsyncIterator[Access]:
        after = 0
        while True:
            rows = await self._database.fetch(
                """
                SELECT k.id, k.content, s.username
                  FROM subscriptions.key k
                  JOIN subscriptions.subscription s USING (user_id)
                 WHERE k.id > $1 AND k.taken_back_at IS NULL
                 ORDER BY k.id LIMIT 1000
                """,
                after,
            )
            for row in rows:
                after = row["id"]
                yield Access(str(after), row["username"], None, active=True, link=row["content"])
            if not rows:
                return

    async def forget_device(self, wanted: Wanted, device: str) -> None:
        """A key knows none."""

    async def new_link(self, wanted: Wanted) -> Access:
        async def another(tx: Tx) -> "Record | None":
            await _alone(tx, wanted.user)
            free = await _next_free(tx)
            if free is None:  # better the old one than none
                return None
            await _take_back(tx, wanted)
            return await _assigned(tx, free, wanted.user)

        return await self._given(wanted, await self._database.run(another))

    async def close(self) -> None:
        """The database is not ours to close."""

    async def _given(self, wanted: Wanted, found: "Record | None") -> Access:
        if found is not None:
            self._told = False
            return _access(found, wanted)
        if not self._told:
            await self._database.run(lambda tx: _tell(tx, "no-keys"))
            self._told = True
        raise Down("no keys left")


_OURS = """
    SELECT id, content FROM subscriptions.key WHERE user_id = $1 AND taken_back_at IS NULL
"""


async def _give(tx: Tx, wanted: Wanted) -> "Record | None":
    """The one they have, or the next that is free."""
    await _alone(tx, wanted.user)
    found = await tx.fetchrow(_OURS, wanted.user)
    if found is not None:
        return found
    free = await _next_free(tx)
    return None if free is None else await _assigned(tx, free, wanted.user)


async def _alone(tx: Tx, user: int) -> None:
    """One at a time for one person, so that they get one key."""
    await tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('subscriptions.key', $1))", user
    )


async def _next_free(tx: Tx) -> int | None:
    found: int | None = await tx.fetchval(
        """
        SELECT id FROM subscriptions.key
         WHERE user_id IS NULL AND taken_back_at IS NULL
         ORDER BY id LIMIT 1
           FOR UPDATE SKIP LOCKED
        """
    )
    return found


async def _assigned(tx: Tx, key: int, user: int) -> "Record":
    found = await tx.fetchrow(
        """
        UPDATE subscriptions.key SET user_id = $2, given_at = $3 WHERE id = $1
        RETURNING id, content
        """,
        *(key, user, clock.now()),
    )
    assert found is not None
    left = await tx.fetchval(
        """
        SELECT count(*) FROM (
            SELECT FROM subscriptions.key
             WHERE user_id IS NULL AND taken_back_at IS NULL LIMIT $1) free
        """,
        FEW + 1,
    )
    if left == FEW:
        await _tell(tx, "few-keys", left=FEW)
    return found


async def _take_back(tx: Tx, wanted: Wanted) -> Access:
    await _alone(tx, wanted.user)
    await tx.execute(
        """
        UPDATE subscriptions.key SET taken_back_at = $2
         WHERE user_id = $1 AND taken_back_at IS NULL
        """,
        *(wanted.user, clock.now()),
    )
    return Access("", wanted.username, wanted.until, active=False, link="")


async def _tell(tx: Tx, text: str, **args: int) -> None:
    said = {"app": APP, "text": text, "args": args}
    await outbox.put(tx, notices.TO_OPERATOR, said, key=f"{APP}.{text}")


def _access(key: "Record", wanted: Wanted) -> Access:
    active = wanted.until > clock.now()
    return Access(str(key["id"]), wanted.username, wanted.until, active=active, link=key["content"])
