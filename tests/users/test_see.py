"""users.see: who is seen first is made, and who is known and unchanged costs no write."""

import asyncio
from typing import Any

import asyncpg
import pytest

from kassa import clock
from kassa.db import Database
from kassa.errors import Invalid
from kassa.users import User, Who, rows, see, set_language
from tests.users.conftest import NOON, person, waited_for


async def raw(db: Database, *args: Any) -> User:
    row = await db.fetchrow("SELECT * FROM users.see($1, $2, $3, $4, $5, $6)", *args, NOON)
    assert row is not None
    return rows.user(row)


async def where(db: Database) -> tuple[str, str]:
    """The row's place and writer: both change when it is written or locked for it."""
    row = await db.fetchrow("SELECT ctid::text, xmin::text FROM users.person")
    assert row is not None
    return row[0], row[1]


async def test_a_person_is_made_once_and_then_known(db: Database) -> None:
    made = await raw(db, 1001, "First", "Last", "first_last", "uz")

    assert made.is_new
    assert (made.telegram_id, made.first_name, made.last_name) == (1001, "First", "Last")
    assert (made.username, made.language, made.created_at) == ("first_last", "uz", NOON)
    assert (made.phone, made.phone_proved, made.terms_version) == ("", False, "")
    assert (made.terms_at, made.referred_by, made.blocked_at) == (None, None, None)

    known = await raw(db, 1001, "First", "Last", "first_last", "uz")
    assert not known.is_new
    assert (known.id, known.uid, known.referral_code) == (made.id, made.uid, made.referral_code)
    assert await db.fetchval("SELECT count(*) FROM users.person") == 1


async def test_the_row_of_the_table_and_what_see_returns_are_the_same(db: Database) -> None:
    await raw(db, 1001, "First", "", "", "en")
    known = await raw(db, 1001, "First", "", "", "en")
    row = await db.fetchrow(f"SELECT {rows.COLUMNS} FROM users.person")
    assert row is not None
    assert rows.user(row) == known


async def test_whoever_is_unchanged_costs_no_write(db: Database) -> None:
    await raw(db, 1001, "First", "Last", "name", "uz")
    before = await where(db)

    await raw(db, 1001, "First", "Last", "name", "uz")
    await raw(db, 1001, "First", "Last", "name", "uz-Latn")  # the same language
    await raw(db, 1001, None, None, None, None)  # nothing was told
    assert await where(db) == before

    await raw(db, 1001, "First", "Last", "renamed", "uz")
    assert await where(db) != before


async def test_what_is_told_changes_and_what_is_not_stays(db: Database) -> None:
    await raw(db, 1001, "First", "Last", "name", "uz")

    changed = await raw(db, 1001, "Second", "", None, None)

    assert (changed.first_name, changed.last_name) == ("Second", "")
    assert (changed.username, changed.language) == ("name", "uz")


@pytest.mark.parametrize(
    ("code", "language"),
    [
        ("ru", "ru"),
        ("uz", "uz"),
        ("UZ", "uz"),
        ("uz-Cyrl", "uz"),
        ("en", "en"),
        ("en_GB", "en"),
        ("kk", "ru"),
        ("enx", "ru"),
        ("", "ru"),
        (None, "ru"),
    ],
)
async def test_the_language_follows_telegram(db: Database, code: str | None, language: str) -> None:
    assert (await raw(db, 1001, "First", "", "", code)).language == language


async def test_a_language_that_is_not_told_changes_nothing(db: Database) -> None:
    await raw(db, 1001, "First", "", "", "en")
    assert (await raw(db, 1001, "First", "", "", "")).language == "en"
    assert (await raw(db, 1001, "First", "", "", "uz")).language == "uz"


async def test_a_language_that_was_chosen_stays(db: Database) -> None:
    made = await raw(db, 1001, "First", "", "", "en")
    await db.run(lambda tx: set_language(tx, made.id, "uz"))
    before = await where(db)

    assert (await raw(db, 1001, "First", "", "", "ru")).language == "uz"
    assert await where(db) == before

    # ... also when something else is new.
    assert (await raw(db, 1001, "Second", "", "", "ru")).language == "uz"


async def test_twenty_at_once_make_one_person(db: Database) -> None:
    seen = await asyncio.gather(*(raw(db, 1001, "First", "", "", "en") for _ in range(20)))

    assert len({each.id for each in seen}) == 1
    assert [each.is_new for each in seen].count(True) == 1


async def test_whoever_comes_second_waits_and_finds(db: Database) -> None:
    async with db.transaction() as tx:
        first = await see(tx, Who(1001, "First"))
        second = asyncio.create_task(person(db, 1001, first_name="First"))
        await waited_for(db)

    found = await second
    assert first.is_new
    assert (found.id, found.is_new) == (first.id, False)


async def test_a_language_that_is_chosen_meanwhile_stays(db: Database) -> None:
    made = await raw(db, 1001, "First", "", "", "en")
    async with db.transaction() as tx:
        await set_language(tx, made.id, "uz")
        second = asyncio.create_task(raw(db, 1001, "Second", "", "", "ru"))
        await waited_for(db)

    found = await second
    assert (found.first_name, found.language) == ("Second", "uz")


async def test_a_referral_code_that_exists_is_made_anew(owner_db: Database) -> None:
    """Codes come from a short list here: the first person has the first of it."""
    await owner_db.execute("CREATE SEQUENCE users.drawn; GRANT USAGE ON users.drawn TO kassa_app")
    await owner_db.execute(
        """
        CREATE OR REPLACE FUNCTION users.new_referral_code() RETURNS text LANGUAGE sql VOLATILE
        AS $$ SELECT CASE WHEN nextval('users.drawn') < 4 THEN 'AAAAAAAA' ELSE 'BBBBBBBB' END $$
        """
    )
    first = await raw(owner_db, 1001, "First", "", "", "en")
    second = await raw(owner_db, 1002, "Second", "", "", "en")
    assert (first.referral_code, second.referral_code) == ("AAAAAAAA", "BBBBBBBB")


async def test_referral_codes_have_no_look_alikes(db: Database) -> None:
    codes = await db.fetch("SELECT users.new_referral_code() c FROM generate_series(1, 2000)")
    letters = "".join(row["c"] for row in codes)
    assert {len(row["c"]) for row in codes} == {8}
    assert len({row["c"] for row in codes}) == 2000
    assert set(letters) == set("23456789ABCDEFGHJKLMNPQRSTUVWXYZ")
    assert all(250 < letters.count(each) < 750 for each in set(letters))  # 500 of each, about


async def test_names_that_no_database_can_keep_are_cleaned(db: Database) -> None:
    odd = await person(db, 1001, first_name="a\0b\ud83dc", last_name="x" * 1000, username="😀")
    assert (odd.first_name, odd.last_name, odd.username) == ("abc", "x" * 256, "😀")
    assert (await person(db, 1001, last_name="x" * 1000)).last_name == "x" * 256


@pytest.mark.parametrize("number", [0, -5, 2**63, 10**30])
async def test_a_group_is_nobody(db: Database, number: int) -> None:
    with pytest.raises(Invalid, match="positive"):
        await person(db, number)


async def test_the_table_itself_refuses_a_group(db: Database) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="person_is_one"):
        await raw(db, -5, "Group", "", "", "en")


async def test_time_is_our_clock_s(db: Database) -> None:
    with clock.moved(lambda: NOON):
        assert (await person(db)).created_at == NOON
