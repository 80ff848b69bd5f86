from kassa import ledger, outbox
from kassa.db import Database, Tx
from kassa.ledger import Leg, issuance, wallet
from kassa.money import Money
from kassa.outbox import Job, Worker


def worker(db: Database) -> Worker:
    async def gift(job: Job) -> None:
        user = job.payload["user"]

        async def work(tx: Tx) -> None:
            await ledger.post(
                tx,
                key=f"gift:{user}",
                legs=[Leg(issuance("TOK"), wallet(user, "TOK"), Money(10, "TOK"))],
            )
            await outbox.finish(tx, job)

        await db.run(work)

    return Worker(db, {"gift": gift})


async def welcome(tx: Tx, user: int) -> None:
    """Together with whatever else is written when somebody joins."""
    await outbox.put(tx, "gift", {"user": user}, key=f"gift:{user}")
