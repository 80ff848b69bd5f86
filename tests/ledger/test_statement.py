"""Statements: an account's book, newest first, page by page, with the balance after each line."""

import pytest

from kassa import ledger
from kassa.db import Database
from kassa.ledger import InvalidPosting, Leg, UnknownAccount, revenue
from tests.ledger.books import ANNA, BANK, BORIS, give, prove, purse, usd


async def test_each_line_has_the_balance_after_it(db: Database) -> None:
    await give(db, ANNA, 1000, key="stars.topup:77")
    await ledger.post(db, key="gift:1", legs=[Leg(purse(ANNA), purse(BORIS), usd(300))])
    newest, oldest = await ledger.statement(db, purse(ANNA))
    assert (newest.number, newest.amount, newest.after) == (2, usd(-300), usd(700))
    assert (newest.key, newest.kind, newest.other) == ("gift:1", "gift", "wallet:2:USD")
    assert (oldest.number, oldest.amount, oldest.after) == (1, usd(1000), usd(1000))
    assert (oldest.key, oldest.kind, oldest.other) == (
        "stars.topup:77",
        "stars.topup",
        "clearing:bank:USD",
    )


@pytest.mark.parametrize("account", [purse(ANNA), BANK], ids=["strict", "deferred"])
async def test_pages_join_without_a_gap(db: Database, account: ledger.Account) -> None:
    for i in range(1, 24):
        await give(db, ANNA, i)
    pages = []
    before = None
    while page := await ledger.statement(db, account, before=before, most=5):
        pages.append(page)
        before = page[-1].number
        await give(db, ANNA, 1000 + before)  # what comes meanwhile does not shift the pages
    lines = [line for page in pages for line in page]
    assert [len(page) for page in pages] == [5, 5, 5, 5, 3]
    assert [line.number for line in lines] == list(range(23, 0, -1))
    sign = 1 if account is not BANK else -1
    assert [line.amount for line in lines] == [usd(sign * i) for i in range(23, 0, -1)]
    assert lines[0].after == usd(sign * 276)
    await prove(db)


async def test_a_deferred_accounts_lines_are_all_there(db: Database) -> None:
    fee = revenue("market", "USD")
    await give(db, ANNA, 1000)
    for i in range(3):
        await ledger.post(db, key=f"f{i}", legs=[Leg(purse(ANNA), fee, usd(10))])
    await ledger.fold(db)
    for i in range(3, 5):
        await ledger.post(db, key=f"f{i}", legs=[Leg(purse(ANNA), fee, usd(10))])
    lines = await ledger.statement(db, fee)
    assert [(line.number, line.key, line.after) for line in lines] == [
        (5 - i, f"f{4 - i}", usd(50 - 10 * i)) for i in range(5)
    ]
    await prove(db)


async def test_legs_of_one_transfer_are_lines_of_their_own(db: Database) -> None:
    await give(db, ANNA, 100)
    await ledger.post(
        db, key="twice", legs=[Leg(purse(ANNA), purse(BORIS), usd(i)) for i in (1, 2)]
    )
    assert [line.amount for line in await ledger.statement(db, purse(BORIS))] == [usd(2), usd(1)]


async def test_pages_have_a_size(db: Database) -> None:
    for most in (0, -1, 501):
        with pytest.raises(InvalidPosting, match="1 to 500"):
            await ledger.statement(db, purse(ANNA), most=most)


async def test_one_that_is_not_open_has_no_lines(db: Database) -> None:
    assert await ledger.statement(db, purse(ANNA)) == []
    with pytest.raises(UnknownAccount):
        await ledger.statement(db, "wallet:1:USD")
