"""A top-up, a purchase and a refund: the whole of the ledger in a page."""

from kassa import ledger
from kassa.db import Database
from kassa.ledger import InsufficientFunds, Leg, clearing, revenue, wallet
from kassa.money import Money


async def shop(db: Database) -> list[str]:
    said = []
    buyer, price = wallet(7, "USD"), Money(1_50, "USD")

    # A provider says that 5 dollars have come. It may say so twice.
    for _ in range(2):
        await ledger.post(
            db,
            key="stripe:ch_1:paid",
            legs=[Leg(clearing("stripe", "USD"), buyer, Money(5_00, "USD"))],
        )

    # A purchase, in one transaction with whatever else belongs to it.
    async with db.transaction() as tx:
        await ledger.post(
            tx, key="shop.order:1:pay", legs=[Leg(buyer, revenue("shop", "USD"), price)]
        )

    # Money that is set aside first, and taken when the work is done.
    await ledger.hold(db, key="shop.order:2", account=buyer, amount=Money(3_00, "USD"))
    try:
        await ledger.post(
            db, key="shop.order:3:pay", legs=[Leg(buyer, revenue("shop", "USD"), price)]
        )
    except InsufficientFunds as error:
        said.append(f"{error.needed.format('en')} needed, {error.available.format('en')} there")
    await ledger.capture(db, hold="shop.order:2", to=revenue("shop", "USD"))

    # A refund is a new transfer; history stays.
    await ledger.reverse(db, key="shop.order:1:refund", original="shop.order:1:pay")

    said += [
        f"{line.amount.format('en')} -> {line.after.format('en')}  {line.key}"
        for line in await ledger.statement(db, buyer)
    ]
    assert await ledger.audit(db) == []
    return said
