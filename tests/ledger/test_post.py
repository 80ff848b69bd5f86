"""Posting: money moves once, whole, and never below a floor."""

from datetime import UTC, datetime

import pytest

from kassa import ledger
from kassa.db import Database
from kassa.ledger import (
    Account,
    AccountConflict,
    AlreadyReversed,
    InsufficientFunds,
    InvalidPosting,
    KeyConflict,
    Leg,
    Transfer,
    UnknownAccount,
    UnknownTransfer,
    escrow,
    issuance,
    revenue,
    suspense,
    wallet,
)
from kassa.money import Money
from tests.ledger.books import ANNA, BANK, BORIS, CLARA, count, free, give, has, prove, purse, usd


async def test_money_goes_from_one_to_the_other(db: Database) -> None:
    await give(db, ANNA, 1000)
    await ledger.post(db, key="gift:1", legs=[Leg(purse(ANNA), purse(BORIS), usd(300))])
    assert (await has(db, purse(ANNA)), await has(db, purse(BORIS))) == (700, 300)
    assert await has(db, BANK) == -1000
    await prove(db)


async def test_the_same_key_posts_once_and_gives_the_first_result(db: Database) -> None:
    await give(db, ANNA, 1000)
    legs = [Leg(purse(ANNA), purse(BORIS), usd(300))]
    first = await ledger.post(db, key="gift:1", legs=legs)
    again = await ledger.post(db, key="gift:1", legs=legs)
    assert (first.id, first.replayed) == (again.id, False)
    assert again.replayed
    assert await has(db, purse(BORIS)) == 300


@pytest.mark.parametrize(
    ("legs", "kind"),
    [
        ([Leg(purse(ANNA), purse(BORIS), usd(301))], ""),
        ([Leg(purse(ANNA), purse(CLARA), usd(300))], ""),
        ([Leg(purse(BORIS), purse(ANNA), usd(300))], ""),
        ([Leg(purse(ANNA), purse(BORIS), usd(300))] * 2, ""),
        ([Leg(purse(ANNA), purse(BORIS), usd(300))], "another"),
    ],
    ids=["amount", "payee", "direction", "legs", "kind"],
)
async def test_a_key_used_for_something_else_is_a_conflict(
    db: Database, legs: list[Leg], kind: str
) -> None:
    await give(db, ANNA, 1000)
    await ledger.post(db, key="gift:1", legs=[Leg(purse(ANNA), purse(BORIS), usd(300))])
    with pytest.raises(KeyConflict, match="gift:1"):
        await ledger.post(db, key="gift:1", legs=legs, kind=kind)
    assert await has(db, purse(BORIS)) == 300
    await prove(db)


async def test_a_key_of_a_reversal_cannot_be_had_by_a_plain_transfer(db: Database) -> None:
    await give(db, ANNA, 1000, key="top")
    await ledger.reverse(db, key="back", original="top")
    with pytest.raises(KeyConflict):
        await ledger.post(db, key="back", legs=[Leg(purse(ANNA), BANK, usd(1000))], kind="back")


async def test_not_enough_money_says_what_was_needed_and_what_there_is(db: Database) -> None:
    await give(db, ANNA, 1000)
    with pytest.raises(InsufficientFunds) as error:
        await ledger.post(
            db,
            key="big",
            legs=[
                Leg(purse(ANNA), purse(BORIS), usd(900)),
                Leg(purse(ANNA), revenue("market", "USD"), usd(200)),
            ],
        )
    assert (error.value.needed, error.value.available) == (usd(1100), usd(1000))
    assert str(error.value) == (
        "Not enough money in wallet:1:USD: 11.00 USD needed, 10.00 USD available."
    )
    assert error.value.status == 402
    assert await count(db, "transfer") == 1
    await prove(db)


async def test_a_refused_key_is_free_again(db: Database) -> None:
    await give(db, ANNA, 100)
    legs = [Leg(purse(ANNA), purse(BORIS), usd(300))]
    with pytest.raises(InsufficientFunds):
        await ledger.post(db, key="gift:1", legs=legs)
    await give(db, ANNA, 200)
    assert not (await ledger.post(db, key="gift:1", legs=legs)).replayed


async def test_floors_are_looked_at_when_all_legs_are_applied(db: Database) -> None:
    """What passes through an account in one transfer need not be there before."""
    await give(db, ANNA, 100)
    await ledger.post(
        db,
        key="through",
        legs=[
            Leg(purse(BORIS), purse(CLARA), usd(100)),
            Leg(purse(ANNA), purse(BORIS), usd(100)),
        ],
    )
    assert [await has(db, purse(each)) for each in (ANNA, BORIS, CLARA)] == [0, 0, 100]
    await prove(db)


async def test_a_floor_may_be_below_zero_but_not_above(db: Database) -> None:
    overdraft = Account("overdraft", "USD", floor=-500)
    await ledger.post(db, key="draw", legs=[Leg(overdraft, purse(ANNA), usd(500))])
    with pytest.raises(InsufficientFunds) as error:
        await ledger.post(db, key="more", legs=[Leg(overdraft, purse(ANNA), usd(1))])
    assert (error.value.needed, error.value.available) == (usd(1), usd(0))
    with pytest.raises(InvalidPosting, match="floor"):
        await ledger.open_accounts(db, Account("deposit", "USD", floor=1))
    await prove(db)


async def test_an_account_without_a_floor_may_owe(db: Database) -> None:
    await ledger.post(db, key="lost", legs=[Leg(suspense("USD"), purse(ANNA), usd(5))])
    assert await has(db, suspense("USD")) == -5


async def test_several_transfers_of_one_call_are_posted_together_or_not_at_all(
    db: Database,
) -> None:
    await give(db, ANNA, 100)
    good = Transfer("good", [Leg(purse(ANNA), purse(BORIS), usd(60))])
    bad = Transfer("bad", [Leg(purse(ANNA), purse(BORIS), usd(60))])
    with pytest.raises(InsufficientFunds) as error:
        await ledger.post_many(db, [good, bad])
    assert error.value.available == usd(40)  # after the first one
    assert await has(db, purse(ANNA)) == 100
    assert [each.key for each in await ledger.post_many(db, [good])] == ["good"]
    assert await ledger.post_many(db, []) == []
    await prove(db)


async def test_in_a_transaction_it_commits_with_the_rest(db: Database) -> None:
    await give(db, ANNA, 100)
    with pytest.raises(RuntimeError):
        async with db.transaction() as tx:
            await ledger.post(tx, key="gift", legs=[Leg(purse(ANNA), purse(9), usd(60))])
            assert await has(tx, purse(9)) == 60
            raise RuntimeError
    assert await has(db, purse(ANNA)) == 100
    await prove(db)


async def test_a_refusal_does_not_spoil_the_callers_transaction(db: Database) -> None:
    await give(db, ANNA, 100)
    async with db.transaction() as tx:
        with pytest.raises(InsufficientFunds):
            await ledger.post(tx, key="big", legs=[Leg(purse(ANNA), purse(BORIS), usd(101))])
        await ledger.post(tx, key="small", legs=[Leg(purse(ANNA), purse(BORIS), usd(1))])
    assert await has(db, purse(BORIS)) == 1


async def test_a_reversal_takes_everything_back_once(db: Database) -> None:
    await give(db, ANNA, 1000)
    fee = revenue("market", "USD")
    await ledger.post(
        db,
        key="sale",
        legs=[Leg(purse(ANNA), purse(BORIS), usd(900)), Leg(purse(ANNA), fee, usd(100))],
    )
    back = await ledger.reverse(db, key="sale:refund", original="sale")
    again = await ledger.reverse(db, key="sale:refund", original="sale")
    assert (again.id, again.replayed) == (back.id, True)
    assert [await has(db, each) for each in (purse(ANNA), purse(BORIS), fee)] == [1000, 0, 0]
    with pytest.raises(AlreadyReversed):
        await ledger.reverse(db, key="sale:refund:2", original="sale")
    with pytest.raises(UnknownTransfer):
        await ledger.reverse(db, key="x", original="nothing")
    await prove(db)


async def test_what_is_spent_cannot_be_reversed_away(db: Database) -> None:
    await give(db, ANNA, 1000, key="top")
    await ledger.post(db, key="spend", legs=[Leg(purse(ANNA), purse(BORIS), usd(400))])
    with pytest.raises(InsufficientFunds) as error:
        await ledger.reverse(db, key="chargeback", original="top")
    assert (error.value.needed, error.value.available) == (usd(1000), usd(600))
    await prove(db)


async def test_a_reversal_can_be_reversed(db: Database) -> None:
    await give(db, ANNA, 1000, key="top")
    await ledger.reverse(db, key="undo", original="top")
    await ledger.reverse(db, key="redo", original="undo")
    assert await has(db, purse(ANNA)) == 1000
    await prove(db)


async def test_currencies_live_side_by_side(db: Database) -> None:
    await give(db, ANNA, 1000)
    await ledger.post(
        db,
        key="bonus",
        legs=[
            Leg(purse(ANNA), revenue("tokens", "USD"), usd(500)),
            Leg(issuance("TOK"), wallet(ANNA, "TOK"), Money(100, "TOK")),
        ],
    )
    assert await has(db, wallet(ANNA, "TOK")) == 100
    assert await has(db, issuance("TOK")) == -100
    await prove(db)


async def test_an_account_is_opened_when_it_is_first_used(db: Database) -> None:
    assert await has(db, escrow(7, "USD")) == 0  # defined, not open
    with pytest.raises(UnknownAccount):
        await ledger.balance(db, escrow(7, "USD").code)
    await give(db, ANNA, 100)
    await ledger.post(db, key="pay", legs=[Leg(purse(ANNA), escrow(7, "USD"), usd(100))])
    assert await has(db, "escrow:order:7") == 100


async def test_a_plain_code_must_be_open_already(db: Database) -> None:
    await give(db, ANNA, 100)
    with pytest.raises(UnknownAccount, match="walet:2:USD"):
        await ledger.post(db, key="typo", legs=[Leg(purse(ANNA), "walet:2:USD", usd(1))])
    await ledger.post(db, key="known", legs=[Leg("wallet:1:USD", purse(BORIS), usd(1))])
    assert await count(db, "transfer") == 2


async def test_an_account_keeps_its_definition(db: Database) -> None:
    await ledger.open_accounts(db, purse(ANNA), purse(ANNA))
    await ledger.open_accounts(db, purse(ANNA))
    for other in (
        Account("wallet:1:USD", "EUR", floor=0),
        Account("wallet:1:USD", "USD", floor=None),
        Account("wallet:1:USD", "USD", floor=-5),
        Account("wallet:1:USD", "USD", deferred=True),
    ):
        with pytest.raises(AccountConflict, match="wallet:1:USD"):
            await ledger.open_accounts(db, other)


async def test_the_time_that_counts_is_the_callers(db: Database) -> None:
    at = datetime(2024, 2, 29, 12, tzinfo=UTC)
    legs = [Leg(BANK, purse(ANNA), usd(1))]
    await ledger.post(db, key="leap", legs=legs, at=at)
    assert (await ledger.post(db, key="leap", legs=legs)).replayed  # a retry comes later
    assert (await ledger.statement(db, purse(ANNA)))[0].at == at


async def test_a_deferred_account_counts_before_and_after_folding(db: Database) -> None:
    await give(db, ANNA, 1000)
    assert await has(db, BANK) == -1000
    assert await count(db, "tail") == 1
    await prove(db)
    assert await ledger.fold(db) == 1
    assert await ledger.fold(db) == 0
    assert await has(db, BANK) == -1000
    assert await count(db, "tail") == 0
    assert await free(db, BANK) == -1000
    await prove(db)


async def test_folding_takes_bites(db: Database) -> None:
    for i in range(1, 8):
        await give(db, ANNA, i)
    assert [await ledger.fold(db, most=3) for _ in range(4)] == [3, 3, 1, 0]
    assert await has(db, BANK) == -28
    await prove(db)
