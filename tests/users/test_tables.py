"""What the tables themselves refuse, whoever writes to them."""

from dataclasses import fields

import asyncpg
import pytest

from kassa.db import APP, Database
from kassa.db.migrate import pending, steps
from kassa.runtime import PACKAGES
from kassa.users import User
from tests.users.conftest import NOON, person


async def test_all_is_applied_and_known(db: Database) -> None:
    assert await pending(db, steps(PACKAGES, app=APP)) == []


async def test_what_see_returns_is_the_record(db: Database) -> None:
    found = await db.fetch(
        """
        SELECT attname::text AS name FROM pg_attribute
         WHERE attrelid = 'users.seen'::regclass AND attnum > 0 ORDER BY attnum
        """
    )
    assert [row["name"] for row in found] == [each.name for each in fields(User)]


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("telegram_id = 0", "person_is_one"),
        ("telegram_id = 1002", "person_telegram_id"),
        ("uid = (SELECT uid FROM users.person WHERE id = 2)", "person_uid"),
        ("referral_code = (SELECT referral_code FROM users.person WHERE id = 2)", "referral_code"),
        ("language = 'de'", "person_language"),
        ("phone = '998901234567'", "person_phone"),
        ("phone = '+0998901234567'", "person_phone"),
        ("phone = '+99890123456789012'", "person_phone"),
        ("phone_proved = true", "person_phone_proved"),
        ("terms_version = '1'", "person_terms"),
        ("terms_at = now()", "person_terms"),
        ("referred_by = 1", "person_referred_by_earlier"),
        ("referred_by = 2", "person_referred_by_earlier"),
        ("referred_by = -5", "person_referred_by"),
    ],
)
async def test_a_person_is_whole(db: Database, change: str, constraint: str) -> None:
    await person(db, 1001)
    await person(db, 1002)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match=constraint):
        await db.execute(f"UPDATE users.person SET {change} WHERE id = 1")


@pytest.mark.parametrize(
    ("insert", "constraint"),
    [
        ("login_code (user_id, digest, expires_at) VALUES (9, '', $1)", "login_code_person"),
        (
            "session (id, user_id, current, rotated_at, expires_at, created_at) "
            "VALUES (gen_random_uuid(), 9, '', $1, $1, $1)",
            "session_person",
        ),
        ("service_key (name, digest, created_at) VALUES ('', '', $1)", "service_key_name"),
    ],
)
async def test_what_is_of_a_person_has_one(db: Database, insert: str, constraint: str) -> None:
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match=constraint):
        await db.execute(f"INSERT INTO users.{insert}", NOON)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM users.person",
        "DELETE FROM users.service_key",
        "TRUNCATE users.session",
        "ALTER TABLE users.person DROP COLUMN phone",
    ],
)
async def test_what_the_application_may_not(db: Database, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await db.execute(statement)
