"""What `kassa demo` shows: a sale with escrow, step by step, and the books after it."""

from datetime import timedelta

from kassa import clock, ledger
from kassa.cli import books
from kassa.errors import KassaError
from kassa.ledger import (
    InsufficientFunds,
    Leg,
    Transfer,
    clearing,
    escrow,
    fee,
    issuance,
    revenue,
    wallet,
)
from kassa.money import Money
from kassa.runtime import Opened

BUYER, SELLER = 1, 2


async def demo(opened: Opened) -> None:
    db = opened.database
    price, commission = Money(100_000, "RUB"), Money(10_000, "RUB")
    taken = Money(3_000, "RUB")
    deal = 1 + (await db.fetchval("SELECT count(*) FROM ledger.transfer WHERE kind = 'demo.topup'"))
    buyer, seller = wallet(BUYER, "RUB"), wallet(SELLER, "RUB")
    bank = clearing("card", "RUB")

    print(f"A buyer pays {price.format('en')} by card; the provider keeps {taken.format('en')}.")
    await ledger.post(
        db,
        key=f"demo.topup:{deal}",
        legs=[Leg(bank, buyer, price), Leg(fee("card", "RUB"), bank, taken)],
    )
    print("The same callback comes again:", end=" ")
    again = await ledger.post(
        db,
        key=f"demo.topup:{deal}",
        legs=[Leg(bank, buyer, price), Leg(fee("card", "RUB"), bank, taken)],
    )
    print("it is known, and nothing is credited twice." if again.replayed else "?")

    print(f"Order {deal}: the money goes into escrow.")
    await ledger.post(
        db, key=f"demo.order:{deal}:pay", legs=[Leg(buyer, escrow(deal, "RUB"), price)]
    )
    print("The buyer tries to spend it once more:", end=" ")
    try:
        await ledger.post(db, key=f"demo.order:{deal}:again", legs=[Leg(buyer, seller, price)])
    except InsufficientFunds as error:
        print(error)
    print("The work is accepted: the seller is paid, less 10 %.")
    await ledger.post(
        db,
        key=f"demo.order:{deal}:release",
        legs=[
            Leg(escrow(deal, "RUB"), seller, price - commission),
            Leg(escrow(deal, "RUB"), revenue("market", "RUB"), commission),
        ],
    )

    print("The seller gets 100 tokens as a gift and spends 30 of them, held first.\n")
    await ledger.post_many(
        db,
        [
            Transfer(
                f"demo.gift:{deal}",
                [Leg(issuance("TOK"), wallet(SELLER, "TOK"), Money(100, "TOK"))],
            )
        ],
    )
    await ledger.hold(
        db,
        key=f"demo.picture:{deal}",
        account=wallet(SELLER, "TOK"),
        amount=Money(40, "TOK"),
        expires_at=clock.now() + timedelta(days=365),
    )
    await ledger.capture(
        db, hold=f"demo.picture:{deal}", to=revenue("tokens", "TOK"), amount=Money(30, "TOK")
    )

    print(await books.accounts(opened, 50))
    print("\nThe seller's statement:\n")
    print(await books.statement(opened, seller.code, None, 10))
    if findings := await ledger.audit(db):
        raise KassaError(f"\nThe books are wrong: {findings}")
    print("\nEvery invariant of the books holds (kassa audit).")
