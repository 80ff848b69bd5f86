"""What the database itself refuses, whoever asks: the application's role, and the owner's."""

import asyncpg
import pytest

from kassa import ledger
from kassa.db import Database
from kassa.ledger import Leg, wallet
from kassa.money import Money
from tests.conftest import Fresh
from tests.ledger.books import ANNA, BANK, BORIS, count, give, purse, usd

HISTORY = ["transfer", "posting", "entry", "hold", "hold_resolution"]


@pytest.fixture(autouse=True)
async def some_history(db: Database) -> None:
    """Accounts 1 (the bank), 2 (Anna), 3 (Boris) in USD, 4 in TOK; a hold that is open, one not."""
    await ledger.open_accounts(db, BANK)
    await ledger.open_accounts(db, purse(ANNA))
    await ledger.open_accounts(db, purse(BORIS))
    await ledger.open_accounts(db, wallet(ANNA, "TOK"))
    await give(db, ANNA, 1000)
    await ledger.hold(db, key="open", account=purse(ANNA), amount=usd(100))
    await ledger.hold(db, key="ended", account=purse(ANNA), amount=usd(100))
    await ledger.void(db, hold="ended")


@pytest.mark.parametrize("table", [*HISTORY, "account", "tail", "open_hold"])
async def test_the_application_writes_only_through_the_functions(db: Database, table: str) -> None:
    for statement in (
        f"DELETE FROM ledger.{table}",
        f"TRUNCATE ledger.{table} CASCADE",
        f"INSERT INTO ledger.{table} OVERRIDING SYSTEM VALUE SELECT * FROM ledger.{table}",
        f"CREATE TABLE ledger.{table}_2 (x int)",
        f"DROP TABLE ledger.{table} CASCADE",
        f"ALTER TABLE ledger.{table} DISABLE TRIGGER ALL",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await db.execute(statement)
    for statement in (
        "UPDATE ledger.account SET posted = posted + 1",
        "UPDATE ledger.account SET floor = NULL",
        "UPDATE ledger.posting SET amount = 1",
        "SELECT nextval('ledger.transfer_number')",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await db.execute(statement)


@pytest.mark.parametrize("table", HISTORY)
async def test_history_is_changed_by_nobody(owner_db: Database, table: str) -> None:
    before = await count(owner_db, table)
    column = "hold_id" if table == "hold_resolution" else "n" if table == "entry" else None
    column = column or ("amount" if table in ("posting", "hold") else "kind")
    for statement in (
        f"UPDATE ledger.{table} SET {column} = {column}",
        f"UPDATE ledger.{table} SET {column} = {column} WHERE false",
        f"DELETE FROM ledger.{table}",
        f"TRUNCATE ledger.{table} CASCADE",
    ):
        with pytest.raises(asyncpg.RestrictViolationError, match="never changed"):
            await owner_db.execute(statement)
    assert await count(owner_db, table) == before


async def test_accounts_are_not_deleted(owner_db: Database) -> None:
    for statement in ("DELETE FROM ledger.account", "TRUNCATE ledger.account CASCADE"):
        with pytest.raises(asyncpg.RestrictViolationError):
            await owner_db.execute(statement)


POSTING = (
    "INSERT INTO ledger.posting (transfer_id, n, debit, credit, currency, amount) "
    "VALUES (99, 1, {}, {}, '{}', {})"
)
HELD = "INSERT INTO ledger.hold (key, account_id, currency, amount, at) VALUES ({}, now())"


@pytest.mark.parametrize(
    ("constraint", "statement"),
    [
        ("posting_amount", POSTING.format(1, 2, "USD", 0)),
        ("posting_amount", POSTING.format(1, 2, "USD", -5)),
        ("posting_two_accounts", POSTING.format(2, 2, "USD", 5)),
        ("posting_debit", POSTING.format(4, 2, "USD", 5)),
        ("posting_credit", POSTING.format(2, 4, "USD", 5)),
        ("posting_debit", POSTING.format(2, 3, "TOK", 5)),
        ("posting_debit", POSTING.format(77, 2, "USD", 5)),
        ("posting_credit", POSTING.format(2, 77, "USD", 5)),
        ("posting_id", "INSERT INTO ledger.posting SELECT * FROM ledger.posting"),
        ("entry_id", "INSERT INTO ledger.entry SELECT * FROM ledger.entry"),
        ("tail_id", "INSERT INTO ledger.tail SELECT * FROM ledger.tail"),
        ("transfer_id", "INSERT INTO ledger.transfer SELECT * FROM ledger.transfer"),
        (
            "transfer_key",
            "INSERT INTO ledger.transfer (id, key, kind, at) "
            "SELECT 99, key, kind, at FROM ledger.transfer",
        ),
        (
            "transfer_reverses",
            "INSERT INTO ledger.transfer (id, key, kind, at, reverses) "
            "VALUES (9, 'r', '', now(), 5)",
        ),
        (
            "transfer_reversed_once",
            "INSERT INTO ledger.transfer (id, key, kind, at, reverses) "
            "SELECT 90 + i, 'r' || i, '', now(), t.id "
            "FROM ledger.transfer t, generate_series(1, 2) i",
        ),
        ("key_form", "INSERT INTO ledger.transfer (id, key, kind, at) VALUES (9, '', '', now())"),
        (
            "key_form",
            "INSERT INTO ledger.transfer (id, key, kind, at) "
            "VALUES (9, repeat('x', 201), '', now())",
        ),
        ("account_floor", "UPDATE ledger.account SET posted = 99 WHERE id = 2"),
        ("account_floor", "UPDATE ledger.account SET held = 1001 WHERE id = 2"),
        ("account_held", "UPDATE ledger.account SET held = -1 WHERE id = 2"),
        ("account_deferred", "UPDATE ledger.account SET floor = -5000 WHERE id = 1"),
        ("account_deferred", "UPDATE ledger.account SET held = 1 WHERE id = 1"),
        (
            "account_code",
            "INSERT INTO ledger.account (code, currency, deferred) "
            "SELECT code, currency, deferred FROM ledger.account",
        ),
        (
            "account_id",
            "INSERT INTO ledger.account OVERRIDING SYSTEM VALUE "
            "SELECT id, code || 'x', 'EUR', floor, deferred FROM ledger.account",
        ),
        (
            "code_form",
            "INSERT INTO ledger.account (code, currency, deferred) VALUES ('a b', 'USD', false)",
        ),
        (
            "currency_form",
            "INSERT INTO ledger.account (code, currency, deferred) VALUES ('a', 'usd', false)",
        ),
        ("posting_debit", "UPDATE ledger.account SET currency = 'EUR' WHERE id = 1"),
        ("posting_credit", "UPDATE ledger.account SET currency = 'EUR' WHERE id = 2"),
        ("hold_amount", HELD.format("'h', 2, 'USD', 0")),
        ("hold_account", HELD.format("'h', 2, 'TOK', 5")),
        ("hold_account", HELD.format("'h', 77, 'USD', 5")),
        ("hold_key", HELD.format("'open', 2, 'USD', 5")),
        (
            "hold_id",
            "INSERT INTO ledger.hold OVERRIDING SYSTEM VALUE SELECT id, key || 'x', account_id, "
            "currency, amount, expires_at, at FROM ledger.hold",
        ),
        (
            "hold_resolution_id",
            "INSERT INTO ledger.hold_resolution VALUES (2, 'expire', 0, NULL, now())",
        ),
        (
            "hold_resolution_hold",
            "INSERT INTO ledger.hold_resolution VALUES (77, 'void', 0, NULL, now())",
        ),
        (
            "hold_resolution_transfer",
            "INSERT INTO ledger.hold_resolution VALUES (1, 'capture', 5, 77, now())",
        ),
        (
            "hold_resolution_outcome",
            "INSERT INTO ledger.hold_resolution VALUES (1, 'capture', 0, 1, now())",
        ),
        (
            "hold_resolution_outcome",
            "INSERT INTO ledger.hold_resolution VALUES (1, 'void', 5, NULL, now())",
        ),
        ("open_hold_id", "INSERT INTO ledger.open_hold SELECT * FROM ledger.open_hold"),
    ],
)
async def test_a_constraint_holds_even_for_the_owner(
    owner_db: Database, constraint: str, statement: str
) -> None:
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as error:
        await owner_db.execute(statement)
    assert getattr(error.value, "constraint_name", None) == constraint


async def test_the_functions_are_not_for_everybody(fresh: Fresh, owner_db: Database) -> None:
    rows = await owner_db.fetch(
        """
        SELECT p.proname FROM pg_proc p
         WHERE p.pronamespace = 'ledger'::regnamespace AND p.proname <> 'refuse_change'
           AND (NOT p.prosecdef OR p.proconfig IS NULL
                OR NOT 'search_path=pg_catalog, pg_temp' = ANY (p.proconfig)
                OR p.proacl::text LIKE '%{=X%' OR p.proacl IS NULL)
        """
    )
    assert rows == []


@pytest.mark.parametrize(
    "call",
    [
        "ARRAY['k'], ARRAY[''], ARRAY[now()], ARRAY[NULL::bigint], ARRAY[2], "
        "ARRAY['clearing:bank:USD', 'wallet:1:USD'], ARRAY[1], ARRAY[2], ARRAY['USD'], ARRAY[5]",
        "ARRAY['k'], ARRAY[''], ARRAY[now()], ARRAY[NULL::bigint], ARRAY[1], "
        "ARRAY['wallet:1:USD', 'clearing:bank:USD'], ARRAY[1], ARRAY[2], ARRAY['USD'], ARRAY[5]",
        "ARRAY['k'], ARRAY[''], ARRAY[now()], ARRAY[NULL::bigint], ARRAY[1], "
        "ARRAY['wallet:1:USD', 'wallet:1:USD'], ARRAY[1], ARRAY[2], ARRAY['USD'], ARRAY[5]",
    ],
    ids=["legs do not add up", "accounts out of order", "an account twice"],
)
async def test_a_call_that_is_wrongly_put_is_refused_whole(db: Database, call: str) -> None:
    with pytest.raises(asyncpg.DataError):
        await db.fetch(f"SELECT * FROM ledger.post({call}, true)")
    assert await count(db, "transfer") == 1


@pytest.mark.parametrize(
    ("debits", "currency", "amount"),
    [
        *(("1", "USD", "0"), ("1", "USD", "-5"), ("1", "USD", "NULL"), ("2", "USD", "5")),
        *(("1", "EUR", "5"), ("9", "USD", "5"), ("NULL", "USD", "5"), ("1", None, "5")),
    ],
)
async def test_a_leg_that_cannot_be_is_an_outcome_from_psql_too(
    db: Database, debits: str, currency: str | None, amount: str
) -> None:
    row = await db.fetchrow(
        f"""
        SELECT * FROM ledger.post(ARRAY['k'], ARRAY[''], ARRAY[now()], ARRAY[NULL::bigint],
            ARRAY[1], ARRAY['clearing:bank:USD', 'wallet:1:USD'], ARRAY[{debits}]::int[], ARRAY[2],
            ARRAY[$1::text], ARRAY[{amount}]::bigint[], false)
        """,
        currency,
    )
    assert row is not None
    assert row["outcomes"][0] in ("invalid", "unknown")
    assert await count(db, "transfer") == 1


async def test_a_reversal_of_what_is_not_there_cannot_be_written(db: Database) -> None:
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await db.fetchrow(
            """
            SELECT * FROM ledger.post(ARRAY['k'], ARRAY[''], ARRAY[now()], ARRAY[555::bigint],
                ARRAY[1], ARRAY['clearing:bank:USD', 'wallet:1:USD'], ARRAY[1], ARRAY[2],
                ARRAY['USD'], ARRAY[5::bigint], false)
            """
        )
    assert await count(db, "transfer") == 1


async def test_money_in_legs_is_of_one_currency(db: Database) -> None:
    for legs in (
        [Leg(purse(ANNA).code, purse(BORIS).code, Money(5, "TOK"))],
        [Leg(purse(ANNA).code, wallet(ANNA, "TOK").code, usd(5))],
        [Leg(wallet(ANNA, "TOK").code, purse(ANNA).code, usd(5))],
    ):
        with pytest.raises(ledger.InvalidPosting):
            await ledger.post(db, key="mixed", legs=legs)
    assert await count(db, "transfer") == 1
