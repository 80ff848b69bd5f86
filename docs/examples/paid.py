from datetime import timedelta

from kassa import ledger, outbox
from kassa.db import Database, Tx
from kassa.ledger import Leg, clearing, fee, wallet
from kassa.money import Money


async def paid(db: Database, charge: str, user: int, gross: Money, kept: Money) -> None:
    """A provider says that somebody has paid. It may say so twice, or while we crash."""
    bank = clearing("stripe", gross.currency)

    async def work(tx: Tx) -> None:
        await ledger.post(
            tx,
            key=f"stripe:{charge}:paid",
            legs=[
                Leg(bank, wallet(user, gross.currency), gross),
                Leg(fee("stripe", gross.currency), bank, kept),
            ],
        )
        await outbox.put(tx, "thank", {"user": user}, key=charge, after=timedelta(seconds=1))

    await db.run(work)
