"""The timeline of a payment: what happened, for its payer and for the operator to read."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kassa.db import Tx


@dataclass(frozen=True, slots=True)
class NewEvent:
    payment_id: int
    kind: str
    data: dict[str, Any] = field(default_factory=dict)
    public: bool = True


async def write_events(tx: Tx, events: Sequence[NewEvent], now: datetime) -> None:
    if not events:
        return
    await tx.execute(
        """
        INSERT INTO payments.event (payment_id, at, kind, public, data)
        SELECT w.payment_id, $5, w.kind, w.public, w.data
          FROM unnest($1::bigint[], $2::text[], $3::boolean[], $4::jsonb[])
               WITH ORDINALITY AS w (payment_id, kind, public, data, n)
         ORDER BY w.n
        """,
        [event.payment_id for event in events],
        [event.kind for event in events],
        [event.public for event in events],
        [event.data for event in events],
        now,
    )
