"""What cannot be right is refused with a sentence, and nothing is written."""

from typing import Any

import pytest

from kassa import ledger
from kassa.db import Database
from kassa.errors import Invalid, KassaError
from kassa.ledger import (
    Account,
    BalanceOverflow,
    InvalidPosting,
    Leg,
    Poster,
    Transfer,
    suspense,
    wallet,
)
from kassa.money import Money
from tests.ledger.books import ANNA, BANK, BORIS, count, give, has, prove, purse, usd

MOST = 2**63 - 1
GOOD = [Leg(purse(ANNA), purse(BORIS), usd(1))]


@pytest.fixture(autouse=True)
async def something_to_lose(db: Database) -> None:
    await give(db, ANNA, 1000)


BAD: dict[str, tuple[str, list[Leg], str]] = {
    "zero": ("k", [Leg(purse(ANNA), purse(BORIS), usd(0))], "more than nothing"),
    "negative": ("k", [Leg(purse(ANNA), purse(BORIS), usd(-5))], "more than nothing"),
    "one bad leg of two": ("k", [*GOOD, Leg(purse(ANNA), BANK, usd(0))], "more than nothing"),
    "to itself": ("k", [Leg(purse(ANNA), purse(ANNA), usd(5))], "to itself"),
    "to itself, by code": ("k", [Leg(purse(ANNA), "wallet:1:USD", usd(5))], "to itself"),
    "no legs": ("k", [], "no legs"),
    "ten thousand legs": ("k", GOOD * 10_000, "10000 legs"),
    "another currency": ("k", [Leg(purse(ANNA), purse(BORIS), Money(5, "EUR"))], "in USD"),
    "mixed accounts": ("k", [Leg(purse(ANNA), wallet(ANNA, "TOK"), usd(5))], "in TOK"),
    "no key": ("", GOOD, "1 to 190"),
    "a long key": ("k" * 191, GOOD, "1 to 190"),
    "NUL in the key": ("a\0b", GOOD, "control characters"),
    "a new line in the key": ("a\nb", GOOD, "control characters"),
    "half a surrogate in the key": ("a\ud800", GOOD, "control characters"),
    "NUL in a code": ("k", [Leg(purse(ANNA), "a\0b", usd(5))], "1 to 200"),
    "a space in a code": ("k", [Leg(purse(ANNA), "a b", usd(5))], "1 to 200"),
    "Cyrillic in a code": ("k", [Leg(purse(ANNA), "кошелёк", usd(5))], "1 to 200"),
    "an empty code": ("k", [Leg(purse(ANNA), "", usd(5))], "1 to 200"),
    "a long code": ("k", [Leg(purse(ANNA), "x" * 201, usd(5))], "1 to 200"),
    "unknown account": ("k", [Leg(purse(ANNA), "nobody", usd(5))], "no account nobody"),
}


@pytest.mark.parametrize("case", BAD)
async def test_refused_alone_in_a_transaction_and_in_company(db: Database, case: str) -> None:
    key, legs, words = BAD[case]
    with pytest.raises(KassaError, match=words) as error:
        await ledger.post(db, key=key, legs=legs)
    assert error.value.status < 500
    async with db.transaction() as tx:
        with pytest.raises(KassaError, match=words):
            await ledger.post(tx, key=key, legs=legs)
    async with Poster(db) as poster:
        with pytest.raises(KassaError, match=words):
            await poster.post(key=key, legs=legs)
    assert await count(db, "transfer") == 1
    assert await has(db, purse(ANNA)) == 1000
    await prove(db)


@pytest.mark.parametrize("amount", [MOST + 1, -MOST - 2, 1.5, True, "5", None])
def test_an_amount_that_is_no_amount(amount: Any) -> None:
    with pytest.raises(Invalid):
        Money(amount, "USD")


@pytest.mark.parametrize("currency", ["", "usd", "XXX", "US", "доллар", "US\0"])
def test_a_currency_that_is_none(currency: str) -> None:
    with pytest.raises(Invalid):
        Money(1, currency)


async def test_a_balance_that_would_not_fit(db: Database) -> None:
    await ledger.post(db, key="most", legs=[Leg(BANK, purse(BORIS), usd(MOST))])
    with pytest.raises(BalanceOverflow, match="wallet:2:USD"):
        await ledger.post(db, key="one more", legs=[Leg(BANK, purse(BORIS), usd(1))])
    await ledger.post(db, key="owe", legs=[Leg(suspense("USD"), BANK, usd(MOST))])
    with pytest.raises(BalanceOverflow, match="suspense:USD"):
        await ledger.post(db, key="owe more", legs=[Leg(suspense("USD"), purse(ANNA), usd(2))])
    with pytest.raises(BalanceOverflow, match="wallet:2:USD"):
        await ledger.post(
            db,
            key="in two legs",
            legs=[Leg(BANK, purse(ANNA), usd(5)), Leg(purse(ANNA), purse(BORIS), usd(5))],
        )
    await ledger.hold(db, key="h", account=purse(ANNA), amount=usd(5))
    with pytest.raises(BalanceOverflow, match="wallet:2:USD"):
        await ledger.capture(db, hold="h", to=purse(BORIS))
    assert await has(db, purse(ANNA)) == 1000
    await prove(db)


async def test_a_deferred_balance_that_does_not_fit_stops_nobody_else(db: Database) -> None:
    big = [Transfer(f"big{i}", [Leg(BANK, Account(f"a{i}", "USD"), usd(MOST))]) for i in range(2)]
    await ledger.post_many(db, big)
    await ledger.post(db, key="fee", legs=[Leg(purse(ANNA), ledger.revenue("x", "USD"), usd(5))])
    assert await ledger.fold(db) == 1  # the fee's
    with pytest.raises(Invalid):
        await ledger.balance(db, BANK)  # it is no Money
    await ledger.post_many(
        db, [Transfer(f"back{i}", [Leg(f"a{i}", BANK, usd(MOST))]) for i in range(2)]
    )
    assert await has(db, BANK) == -1000


async def test_two_transfers_with_one_key_in_a_call(db: Database) -> None:
    with pytest.raises(InvalidPosting, match="same key"):
        await ledger.post_many(db, [Transfer("k", GOOD), Transfer("k", GOOD)])
    assert await count(db, "transfer") == 1


@pytest.mark.parametrize(
    "account",
    [
        Account("a b", "USD"),
        Account("a", "NOPE"),
        Account("a", "USD", floor=2**63),
        Account("a", "USD", floor=-(2**63) - 1),
        Account("a", "USD", floor=0, deferred=True),
    ],
)
async def test_an_account_that_cannot_be(db: Database, account: Account) -> None:
    with pytest.raises(Invalid):
        await ledger.open_accounts(db, account)
    assert await count(db, "account") == 2


async def test_a_bad_kind(db: Database) -> None:
    for kind in ("a\0b", "x" * 191):
        with pytest.raises(InvalidPosting):
            await ledger.post(db, key="k", legs=GOOD, kind=kind)


async def test_a_bad_hold(db: Database) -> None:
    for key, amount in (("", usd(1)), ("a\0", usd(1)), ("h", usd(0)), ("h", usd(-1))):
        with pytest.raises(InvalidPosting):
            await ledger.hold(db, key=key, account=purse(ANNA), amount=amount)
    with pytest.raises(InvalidPosting):
        await ledger.hold(db, key="h", account=purse(ANNA), amount=Money(1, "EUR"))
    assert await count(db, "hold") == 0
