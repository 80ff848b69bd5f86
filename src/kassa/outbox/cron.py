"""Periodic jobs: a cron expression puts a job of the same name, once across all processes.

What was missed while nobody ran is made up for once.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kassa import clock
from kassa.db import Database, Tx
from kassa.errors import Invalid
from kassa.outbox.service import check_name, put

if TYPE_CHECKING:
    from datetime import tzinfo


def following(expression: str, after: datetime, zone: "tzinfo | None" = None) -> datetime:
    """When the expression, read in the zone's own time (UTC if none is given), comes next."""
    from cronsim import CronSim, CronSimError

    try:
        return next(CronSim(expression, after.astimezone(zone or UTC))).astimezone(UTC)
    except (CronSimError, StopIteration) as error:
        raise Invalid(f"{expression!r} is no cron expression that ever comes: {error}") from None


class Cron:
    """`await Cron(db, {"tokens.digest": "0 9 * * *"}).run()`."""

    def __init__(
        self,
        database: Database,
        schedule: Mapping[str, str],
        *,
        zone: "tzinfo | None" = None,
        poll: float = 1,
    ) -> None:
        self._database = database
        self._schedule = dict(schedule)
        self._zone = zone
        self._poll = poll
        for name, expression in self._schedule.items():
            check_name(name, "kind")
            check_name(_key(name), "key")
            following(expression, clock.now(), zone)

    async def run(self) -> None:
        """Until it is cancelled, or the database fails; whoever keeps it runs it again."""
        await self._database.run(self.enroll)
        while True:
            await self._database.run(self.turn)
            await asyncio.sleep(self._poll)

    async def enroll(self, tx: Tx) -> None:
        """A new or a changed expression counts from now."""
        now = clock.now()
        await tx.execute(
            """
            INSERT INTO outbox.schedule AS s (name, cron, due_at)
            SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[])
                          AS n (name, cron, due_at)
             ORDER BY n.name
            ON CONFLICT (name) DO UPDATE SET cron = EXCLUDED.cron, due_at = EXCLUDED.due_at
             WHERE s.cron <> EXCLUDED.cron
            """,
            list(self._schedule),
            list(self._schedule.values()),
            [following(cron, now, self._zone) for cron in self._schedule.values()],
        )

    async def turn(self, tx: Tx) -> int:
        """Puts the jobs that are due; whoever locks a row first does it."""
        now = clock.now()
        rows = await tx.fetch(
            """
            SELECT name, cron FROM outbox.schedule
             WHERE due_at <= $1 AND name = ANY ($2)
             ORDER BY name
               FOR UPDATE SKIP LOCKED
            """,
            now,
            list(self._schedule),
        )
        for row in rows:
            await put(tx, row["name"], key=_key(row["name"]))
            await tx.execute(
                "UPDATE outbox.schedule SET due_at = $2 WHERE name = $1",
                row["name"],
                following(row["cron"], now, self._zone),
            )
        return len(rows)


def _key(name: str) -> str:
    return f"cron:{name}"
