"""Short words for the tests' money."""

from kassa import ledger
from kassa.db import Database, Reader
from kassa.ledger import Account, Leg, clearing, wallet
from kassa.money import Money

ANNA, BORIS, CLARA = 1, 2, 3
BANK = clearing("bank", "USD")


def usd(cents: int) -> Money:
    return Money(cents, "USD")


def purse(person: int) -> Account:
    return wallet(person, "USD")


async def give(db: Reader, person: int, cents: int, *, key: str | None = None) -> None:
    """Money from outside."""
    await ledger.post(
        db, key=key or f"give:{person}:{cents}", legs=[Leg(BANK, purse(person), usd(cents))]
    )


async def has(db: Reader, account: Account | str) -> int:
    return (await ledger.balance(db, account)).posted.amount


async def free(db: Reader, account: Account | str) -> int:
    return (await ledger.balance(db, account)).available.amount


async def count(db: Reader, table: str) -> int:
    return int(await db.fetchval(f"SELECT count(*) FROM ledger.{table}"))


async def prove(db: Database) -> None:
    assert await ledger.audit(db) == []
