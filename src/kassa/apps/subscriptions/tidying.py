"""Purchases that nobody will pay: their promo codes are free again for others. And requests of
the API that nobody sends again: their keys are forgotten."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from kassa import clock
from kassa.apps.models import Kassa
from kassa.apps.subscriptions import promos, purchases
from kassa.db import Tx
from kassa.outbox import Job

SWEEP = "subscriptions.unpaid"
OLD = timedelta(hours=2)
FORGOTTEN = timedelta(days=7)
BATCH = 100


async def sweep(kassa: Kassa, job: Job) -> None:
    """The oldest first. One that can still be paid is asked about again the next time; money that
    comes later all the same does what it was paid for, unless its code was used elsewhere."""
    await kassa.database.run(forget)
    after: tuple[datetime, int] = (datetime(2000, 1, 1, tzinfo=UTC), 0)
    old = clock.now() - OLD
    while True:
        rows = await kassa.database.fetch(
            """
            SELECT at, id FROM subscriptions.purchase
             WHERE status = 'open' AND at <= $1 AND (at, id) > ($2, $3) ORDER BY at, id LIMIT $4
            """,
            *(old, *after, BATCH),
        )
        if not rows:
            return
        after = (rows[-1]["at"], rows[-1]["id"])
        numbers = [row["id"] for row in rows]
        await kassa.database.run(partial(call_off, numbers=numbers))


async def forget(tx: Tx) -> None:
    """A few thousand at most; the next time the rest."""
    await tx.execute(
        """
        DELETE FROM subscriptions.request
         WHERE (user_id, key) IN (SELECT user_id, key FROM subscriptions.request
                                   WHERE at < $1 ORDER BY at LIMIT 5000)
        """,
        clock.now() - FORGOTTEN,
    )


async def call_off(tx: Tx, numbers: Sequence[int]) -> int:
    """Says how many of them. One that somebody is about to pay is passed over."""
    rows = await tx.fetch(
        """
        SELECT id FROM subscriptions.purchase
         WHERE id = ANY ($1) AND status = 'open' ORDER BY id FOR UPDATE SKIP LOCKED
        """,
        list(numbers),
    )
    done = 0
    for row in rows:
        done += await promos.call_off(tx, await purchases.get(tx, row["id"]))
    return done
