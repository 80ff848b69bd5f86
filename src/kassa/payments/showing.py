"""Where a payer sees how to pay. A payment that ends is told there, by the job `notices.ENDED`: who
looks at requisites that are over would send money to nowhere.

Whoever ends a payment reads from the row that they change where it is shown; whoever shows it, from
the row that they change, whether it has ended. One of the two is the second, and puts the job.
"""

from kassa import outbox
from kassa.db import Tx
from kassa.payments import notices
from kassa.payments.models import OPEN
from kassa.payments.reading import Reading

_MOST = 8  # messages of one payment: the newest


class Showing(Reading):
    async def shown(self, payment_id: int, place: str) -> None:
        """It is shown there from now on. `place` means something to whoever shows it."""

        async def show(tx: Tx) -> None:
            row = await tx.fetchrow(
                """
                UPDATE payments.payment
                   SET shown = (array_append(array_remove(shown, $2), $2))
                               [greatest(1, cardinality(array_remove(shown, $2)) + 2 - $3) :]
                 WHERE id = $1 RETURNING status, shown
                """,
                *(payment_id, place, _MOST),
            )
            if row is not None and row["status"] not in OPEN:
                await outbox.put_many(tx, notices.ended(payment_id, row["shown"]))

        await self.database.run(show)

    async def hidden(self, payment_id: int, place: str) -> None:
        """Something else is there now."""
        await self.database.execute(
            """
            UPDATE payments.payment SET shown = array_remove(shown, $2)
             WHERE id = $1 AND $2 = ANY (shown)
            """,
            *(payment_id, place),
        )
