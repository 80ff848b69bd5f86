"""The inbox as a person sees it: what waits, what is dead, and settling it again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kassa import clock
from kassa.db import Reader, Tx
from kassa.errors import NotFound
from kassa.payments.providers.protocol import Callback

KEPT = timedelta(days=90)  # what is handled can be looked at, and replayed, for so long


@dataclass(frozen=True, slots=True)
class Letter:
    """A row of the inbox, to look at."""

    id: int
    provider: str
    event: str
    kind: str
    received_at: datetime
    copies: int
    tries: int
    due_at: datetime | None
    handled_at: datetime | None
    dead_at: datetime | None
    said: str

    @property
    def state(self) -> str:
        return "dead" if self.dead_at else "handled" if self.handled_at else "waiting"


_SHOWN = """id, provider, event, kind, received_at, copies, tries, due_at, handled_at, dead_at,
            said"""


async def page(
    on: Reader,
    *,
    state: str | None = None,
    provider: str | None = None,
    before: int | None = None,
    most: int = 50,
) -> list[Letter]:
    """A page, newest first; the next is `before` its last. `state`: waiting, handled or dead."""
    which = {
        None: "true",
        "waiting": "due_at IS NOT NULL",
        "handled": "handled_at IS NOT NULL",
        "dead": "dead_at IS NOT NULL",
    }[state]
    found = await on.fetch(
        f"""
        SELECT {_SHOWN} FROM payments.inbox
         WHERE {which} AND id < $1 AND ($2::text IS NULL OR provider = $2)
         ORDER BY id DESC LIMIT $3
        """,
        *(2**63 - 1 if before is None else before, provider, most),
    )
    return [Letter(**dict(row)) for row in found]


async def one(on: Reader, number: int) -> tuple[Letter, Callback]:
    """A row, and what was sent."""
    row = await on.fetchrow(
        f"SELECT {_SHOWN}, method, query, headers, body FROM payments.inbox WHERE id = $1", number
    )
    if row is None:
        raise NotFound(f"There is no row {number} in the inbox.")
    said = dict(row)
    callback = Callback(
        said.pop("body"), said.pop("headers"), said.pop("method"), said.pop("query")
    )
    return Letter(**said), callback


async def replay(tx: Tx, numbers: Sequence[int]) -> int:
    """Rows are settled again, from the start; says how many. What they say is booked once."""
    done = await tx.fetchval(
        """
        WITH again AS (
            UPDATE payments.inbox
               SET due_at = $2, tries = 0, dead_at = NULL, handled_at = NULL
             WHERE id = ANY ($1) RETURNING id
        )
        SELECT count(*) FROM again
        """,
        *(list(numbers), clock.now()),
    )
    return int(done)


async def standing(on: Reader) -> dict[str, float]:
    """How the inbox stands: what is due, how late the oldest is, what is dead."""
    row = await on.fetchrow(
        """
        SELECT (SELECT count(*) FROM payments.inbox WHERE due_at <= $1) AS due,
               (SELECT extract(epoch FROM $1 - min(due_at))::float8 FROM payments.inbox
                 WHERE due_at <= $1) AS oldest,
               (SELECT count(*) FROM payments.inbox WHERE dead_at IS NOT NULL) AS dead
        """,
        clock.now(),
    )
    assert row is not None
    return {"due": row["due"], "oldest_seconds": row["oldest"] or 0.0, "dead": row["dead"]}


async def undelivered(on: Reader) -> int:
    """Payments that are paid, and whose app has failed to deliver so far."""
    return int(await on.fetchval("SELECT count(*) FROM payments.payment WHERE delivery = 'failed'"))


async def prune(tx: Tx, *, most: int = 1000) -> int:
    """Throws away what was handled long ago; says how many rows. What it said is booked, and the
    same callback would find that, if it ever came again."""
    gone = await tx.fetchval(
        """
        WITH gone AS (
            DELETE FROM payments.inbox
             WHERE id IN (SELECT id FROM payments.inbox WHERE handled_at < $1
                           ORDER BY handled_at LIMIT $2 FOR UPDATE SKIP LOCKED)
            RETURNING id
        )
        SELECT count(*) FROM gone
        """,
        *(clock.now() - KEPT, most),
    )
    return int(gone)
