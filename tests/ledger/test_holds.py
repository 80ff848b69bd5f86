"""Holds: money set aside, then captured, voided or expired, once."""

from datetime import UTC, datetime, timedelta

import pytest

from kassa import ledger
from kassa.db import Database
from kassa.ledger import (
    AlreadyResolved,
    InsufficientFunds,
    InvalidPosting,
    KeyConflict,
    Leg,
    UnknownAccount,
    UnknownHold,
    revenue,
)
from kassa.money import Money
from tests.ledger.books import ANNA, BANK, BORIS, count, free, give, has, prove, purse, usd

SHOP = revenue("shop", "USD")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


async def test_what_is_held_is_there_but_cannot_be_spent(db: Database) -> None:
    await give(db, ANNA, 1000)
    await ledger.hold(db, key="h", account=purse(ANNA), amount=usd(700))
    assert (await has(db, purse(ANNA)), await free(db, purse(ANNA))) == (1000, 300)
    with pytest.raises(InsufficientFunds) as error:
        await ledger.post(db, key="p", legs=[Leg(purse(ANNA), purse(BORIS), usd(301))])
    assert (error.value.needed, error.value.available) == (usd(301), usd(300))
    with pytest.raises(InsufficientFunds) as error:
        await ledger.hold(db, key="h2", account=purse(ANNA), amount=usd(301))
    assert (error.value.needed, error.value.available) == (usd(301), usd(300))
    await prove(db)


async def test_a_capture_takes_all(db: Database) -> None:
    await give(db, ANNA, 1000)
    await ledger.hold(db, key="h", account=purse(ANNA), amount=usd(700))
    posted = await ledger.capture(db, hold="h", to=SHOP)
    again = await ledger.capture(db, hold="h", to=SHOP)
    assert (again.id, again.replayed) == (posted.id, True)
    assert posted.key == "h:capture"
    assert (await has(db, purse(ANNA)), await free(db, purse(ANNA))) == (300, 300)
    assert await has(db, SHOP) == 700
    await prove(db)


async def test_a_part_is_captured_and_the_rest_is_free(db: Database) -> None:
    await give(db, ANNA, 1000)
    await ledger.hold(db, key="h", account=purse(ANNA), amount=usd(700))
    await ledger.capture(db, hold="h", to=SHOP, amount=usd(500))
    assert (await has(db, purse(ANNA)), await free(db, purse(ANNA))) == (500, 500)
    await prove(db)


async def test_the_whole_balance_can_be_held_and_captured(db: Database) -> None:
    await give(db, ANNA, 1000)
    await ledger.hold(db, key="h", account=purse(ANNA), amount=usd(1000))
    await ledger.capture(db, hold="h", to=purse(BORIS))
    assert (await has(db, purse(ANNA)), await has(db, purse(BORIS))) == (0, 1000)
    await prove(db)


async def test_a_void_frees_all_and_can_be_said_twice(db: Database) -> None:
    await give(db, ANNA, 1000)
    await ledger.hold(db, key="h", account=purse(ANNA), amount=usd(700))
    await ledger.void(db, hold="h")
    await ledger.void(db, hold="h")
    assert await free(db, purse(ANNA)) == 1000
    await prove(db)


async def test_a_hold_ends_once(db: Database) -> None:
    await give(db, ANNA, 1000)
    await ledger.hold(db, key="a", account=purse(ANNA), amount=usd(100))
    await ledger.hold(db, key="b", account=purse(ANNA), amount=usd(100))
    await ledger.capture(db, hold="a", to=SHOP, amount=usd(60))
    await ledger.void(db, hold="b")
    with pytest.raises(AlreadyResolved) as error:
        await ledger.void(db, hold="a")
    assert error.value.ended == "capture"
    with pytest.raises(AlreadyResolved) as error:
        await ledger.capture(db, hold="b", to=SHOP)
    assert error.value.ended == "void"
    for amount in (None, usd(40)):
        with pytest.raises(AlreadyResolved):
            await ledger.capture(db, hold="a", to=SHOP, amount=amount)
    with pytest.raises(AlreadyResolved):
        await ledger.capture(db, hold="a", to=purse(BORIS), amount=usd(60))
    assert await free(db, purse(ANNA)) == 940
    await prove(db)


async def test_a_key_holds_once(db: Database) -> None:
    await give(db, ANNA, 1000)
    await give(db, BORIS, 1000)
    first = await ledger.hold(db, key="h", account=purse(ANNA), amount=usd(700))
    again = await ledger.hold(db, key="h", account=purse(ANNA), amount=usd(700))
    assert (again.id, again.replayed) == (first.id, True)
    for account, amount in ((purse(ANNA), 701), (purse(BORIS), 700)):
        with pytest.raises(KeyConflict):
            await ledger.hold(db, key="h", account=account, amount=usd(amount))
    assert await free(db, purse(ANNA)) == 300
    await prove(db)


async def test_what_is_past_its_time_is_freed(db: Database) -> None:
    await give(db, ANNA, 1000)
    for i in range(1, 4):
        await ledger.hold(
            db,
            key=f"h{i}",
            account=purse(ANNA),
            amount=usd(100),
            expires_at=NOON + timedelta(minutes=i),
        )
    await ledger.hold(db, key="for ever", account=purse(ANNA), amount=usd(100))
    await ledger.capture(db, hold="h2", to=SHOP)
    assert await ledger.expire_holds(db, at=NOON) == 0
    assert await ledger.expire_holds(db, at=NOON + timedelta(minutes=1)) == 1
    assert await ledger.expire_holds(db, at=NOON + timedelta(days=1)) == 1
    assert await ledger.expire_holds(db, at=NOON + timedelta(days=1)) == 0
    assert (await has(db, purse(ANNA)), await free(db, purse(ANNA))) == (900, 800)
    with pytest.raises(AlreadyResolved) as error:
        await ledger.capture(db, hold="h1", to=SHOP)
    assert error.value.ended == "expire"
    await prove(db)


async def test_expiry_comes_in_bites_oldest_first(db: Database) -> None:
    await give(db, ANNA, 1000)
    for i in range(5):
        await ledger.hold(
            db,
            key=f"h{i}",
            account=purse(ANNA),
            amount=usd(1),
            expires_at=NOON + timedelta(minutes=i),
        )
    late = NOON + timedelta(days=1)
    assert [await ledger.expire_holds(db, at=late, most=2) for _ in range(4)] == [2, 2, 1, 0]


@pytest.mark.parametrize(
    ("amount", "to"),
    [
        (usd(701), SHOP),
        (Money(1, "EUR"), SHOP.code),
        (usd(700), purse(ANNA)),
        (usd(700), revenue("shop", "EUR").code),
    ],
    ids=["more than held", "another currency", "to itself", "a target in another currency"],
)
async def test_a_capture_that_cannot_be(db: Database, amount: Money, to: str) -> None:
    await give(db, ANNA, 1000)
    await ledger.open_accounts(db, SHOP, revenue("shop", "EUR"))
    await ledger.hold(db, key="h", account=purse(ANNA), amount=usd(700))
    with pytest.raises(InvalidPosting):
        await ledger.capture(db, hold="h", to=to, amount=amount)
    assert await free(db, purse(ANNA)) == 300
    assert await count(db, "hold_resolution") == 0
    await prove(db)


async def test_unknown_ones_are_said(db: Database) -> None:
    await give(db, ANNA, 1000)
    with pytest.raises(UnknownHold, match="nothing"):
        await ledger.void(db, hold="nothing")
    with pytest.raises(UnknownHold):
        await ledger.capture(db, hold="nothing", to=SHOP)
    with pytest.raises(UnknownAccount):
        await ledger.hold(db, key="h", account="wallet:9:USD", amount=usd(1))
    with pytest.raises(InsufficientFunds):
        await ledger.hold(db, key="h", account=purse(9), amount=usd(1))  # opened, and empty
    await ledger.hold(db, key="h", account=purse(ANNA), amount=usd(1))
    with pytest.raises(UnknownAccount, match="revenue:nobody"):
        await ledger.capture(db, hold="h", to="revenue:nobody:USD")
    await prove(db)


async def test_a_deferred_account_holds_nothing(db: Database) -> None:
    await give(db, ANNA, 1000)
    with pytest.raises(InvalidPosting):
        await ledger.hold(db, key="h", account=BANK, amount=usd(1))


async def test_an_account_without_a_floor_can_hold_what_it_has_not(db: Database) -> None:
    debt = ledger.debt(ANNA, "USD")
    await ledger.hold(db, key="h", account=debt, amount=usd(5))
    await ledger.capture(db, hold="h", to=SHOP)
    assert await has(db, debt) == -5
    await prove(db)


async def test_holds_commit_with_the_transaction(db: Database) -> None:
    await give(db, ANNA, 1000)
    with pytest.raises(RuntimeError):
        async with db.transaction() as tx:
            await ledger.hold(tx, key="h", account=purse(ANNA), amount=usd(700))
            raise RuntimeError
    assert await free(db, purse(ANNA)) == 1000
    async with db.transaction() as tx:
        await ledger.hold(tx, key="h", account=purse(ANNA), amount=usd(700))
        await ledger.capture(tx, hold="h", to=SHOP, kind="shop.sale")
    assert (await ledger.statement(db, SHOP))[0].kind == "shop.sale"
    await prove(db)


async def test_a_captures_reversal_gives_the_money_back_not_the_hold(db: Database) -> None:
    await give(db, ANNA, 1000)
    await ledger.hold(db, key="h", account=purse(ANNA), amount=usd(700))
    await ledger.capture(db, hold="h", to=SHOP)
    await ledger.reverse(db, key="refund", original="h:capture")
    assert await free(db, purse(ANNA)) == 1000
    await prove(db)
