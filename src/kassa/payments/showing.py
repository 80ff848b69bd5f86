"""Where a payer sees how to pay. A payment that ends is told there, by the job `notices.ENDED`: who
looks at requisites that are over would send money to nowhere."""

from kassa.payments.models import Payment
from kassa.payments.reading import Reading

_MOST = 8  # messages of one payment


class Showing(Reading):
    async def shown(self, payment_id: int, place: str) -> Payment:
        """It is shown there from now on; how it stands, for it may have ended meanwhile. `place`
        means something to whoever shows it."""
        await self.database.execute(
            """
            UPDATE payments.payment SET shown = array_append(shown, $2)
             WHERE id = $1 AND $2 <> ALL (shown) AND cardinality(shown) < $3
            """,
            *(payment_id, place, _MOST),
        )
        return await self.get(self.database, payment_id)

    async def hidden(self, payment_id: int, place: str) -> None:
        """Something else is there now."""
        await self.database.execute(
            """
            UPDATE payments.payment SET shown = array_remove(shown, $2)
             WHERE id = $1 AND $2 = ANY (shown)
            """,
            *(payment_id, place),
        )
