"""The proof finds what is wrong: each invariant is broken by hand, past all guards."""

from collections.abc import AsyncIterator

import pytest

from kassa import ledger
from kassa.db import Database
from kassa.db.embedded import SUPERUSER
from kassa.ledger import Leg, revenue
from tests.conftest import Fresh
from tests.ledger.books import ANNA, BANK, BORIS, give, purse, usd


@pytest.fixture
async def vandal(fresh: Fresh, db: Database) -> AsyncIterator[Database]:
    """Books with some of everything, and somebody who may do anything to them."""
    await give(db, ANNA, 1000, key="top")
    await ledger.fold(db)
    await ledger.post(
        db,
        key="sale",
        legs=[
            Leg(purse(ANNA), purse(BORIS), usd(300)),
            Leg(purse(ANNA), revenue("shop", "USD"), usd(30)),
        ],
    )
    await ledger.reverse(db, key="back", original="sale")
    await ledger.hold(db, key="open", account=purse(ANNA), amount=usd(100))
    await ledger.hold(db, key="done", account=purse(ANNA), amount=usd(100))
    await ledger.capture(db, hold="done", to=purse(BORIS), amount=usd(40))
    assert await ledger.audit(db) == []
    async with Database(fresh.address(SUPERUSER)) as database:
        yield database


BROKEN = [
    ("balances add up to zero", "UPDATE ledger.account SET posted = posted + 1 WHERE id = 2"),
    ("a balance is the sum of its postings", "UPDATE ledger.account SET posted = posted + 1"),
    ("a balance is the sum of its postings", "UPDATE ledger.posting SET amount = amount + 1"),
    ("balances add up to zero", "DELETE FROM ledger.tail WHERE amount > 0"),
    ("a book has no gaps", "DELETE FROM ledger.entry WHERE version = 2"),
    ("a book has no gaps", "UPDATE ledger.account SET version = version + 1"),
    ("an entry follows from the one before", "UPDATE ledger.entry SET after = after + 1"),
    ("a book ends with the balance", "UPDATE ledger.entry SET after = after - 1"),
    ("both sides of a posting are booked once", "DELETE FROM ledger.entry WHERE version = 1"),
    (
        "both sides of a posting are booked once",
        "INSERT INTO ledger.tail SELECT account_id, transfer_id, n, amount FROM ledger.entry",
    ),
    (
        "both sides of a posting are booked once",
        "UPDATE ledger.entry SET amount = amount + 1 WHERE version = 1",
    ),
    ("a transfer has its legs", "DELETE FROM ledger.posting WHERE n = 1"),
    (
        "a transfer has its legs",
        "INSERT INTO ledger.transfer (id, key, kind, at) VALUES (999, 'bare', '', now())",
    ),
    ("a posting has its transfer", "DELETE FROM ledger.transfer WHERE key = 'top'"),
    ("what is held is what open holds say", "UPDATE ledger.account SET held = held + 1"),
    ("what is held is what open holds say", "DELETE FROM ledger.hold_resolution"),
    ("open holds are the unresolved ones", "DELETE FROM ledger.open_hold"),
    ("open holds are the unresolved ones", "UPDATE ledger.open_hold SET amount = 1"),
    ("a capture is its posting", "UPDATE ledger.hold_resolution SET captured = captured + 1"),
    ("a capture is its posting", "UPDATE ledger.hold SET amount = 1"),
    ("an account keeps its floor", "UPDATE ledger.account SET held = held + 100000 WHERE id = 2"),
    (
        "a reversal mirrors its original",
        "UPDATE ledger.posting SET amount = amount + 1 "
        "WHERE transfer_id = (SELECT id FROM ledger.transfer WHERE key = 'back')",
    ),
]


@pytest.mark.parametrize(("invariant", "damage"), BROKEN)
async def test_damage_is_found(vandal: Database, invariant: str, damage: str) -> None:
    async with vandal.transaction() as tx:
        await tx.execute("SET LOCAL session_replication_role = replica")  # no triggers, no keys
        await tx.execute("ALTER TABLE ledger.account DROP CONSTRAINT account_floor")
        await tx.execute("ALTER TABLE ledger.account DROP CONSTRAINT account_deferred")
        await tx.execute(damage)
    findings = await ledger.audit(vandal)
    assert invariant in {each.invariant for each in findings}
    assert all(each.subject and each.detail for each in findings)


def test_every_invariant_is_tried() -> None:
    import re
    from importlib.resources import files

    sql = files("kassa.ledger").joinpath("sql/0005_audit.sql").read_text()
    named = set(re.findall(r"^    SELECT '([^']+)'", sql, re.MULTILINE))
    assert named == {invariant for invariant, _ in BROKEN}


async def test_it_says_which_account(vandal: Database) -> None:
    await vandal.execute("UPDATE ledger.account SET posted = posted + 1 WHERE code = $1", BANK.code)
    findings = await ledger.audit(vandal)
    assert {each.subject for each in findings} == {BANK.code, "USD"}
