"""One-time codes: short, so they live shortly and bear few mistakes."""

import asyncio
import re
from datetime import datetime, timedelta

import pytest

from kassa import clock
from kassa.db import Database
from kassa.secret import Secret
from kassa.users import User, codes
from tests.users.conftest import NOON, SECRET, person


async def new(db: Database, user: User, *, at: datetime = NOON) -> str:
    with clock.moved(lambda: at):
        return await db.run(lambda tx: codes.new(tx, user.id, secret=SECRET))


async def use(
    db: Database, telegram_id: int, code: str, *, at: datetime = NOON, secret: Secret = SECRET
) -> User | None:
    with clock.moved(lambda: at):
        return await db.run(lambda tx: codes.use(tx, telegram_id, code, secret=secret))


def wrong(code: str) -> str:
    return f"{(int(code.replace(' ', '')) + 1) % 10**6:06}"


async def test_a_code_logs_its_owner_in_once(db: Database) -> None:
    user = await person(db, 1001)
    code = await new(db, user)

    assert re.fullmatch("[0-9]{3} [0-9]{3}", code)
    found = await use(db, 1001, code)
    assert found is not None
    assert found.id == user.id
    assert await use(db, 1001, code) is None


@pytest.mark.parametrize("between", ["", " ", "-", "  ", "\u00a0", "\n"])
async def test_it_may_be_written_as_people_do(db: Database, between: str) -> None:
    code = await new(db, await person(db, 1001))
    assert await use(db, 1001, code.replace(" ", between)) is not None


async def test_it_is_nobody_else_s(db: Database) -> None:
    code = await new(db, await person(db, 1001))
    await new(db, await person(db, 1002))
    assert await use(db, 1002, code) is None
    assert await use(db, 1003, code) is None  # whom we do not know
    assert await use(db, 1001, code) is not None


async def test_codes_of_two_people_are_kept_differently(db: Database) -> None:
    """Whoever reads the table does not see who has the same code."""
    one, two = codes._digest(1, "123456", SECRET), codes._digest(2, "123456", SECRET)
    assert one != two
    assert one != codes._digest(1, "123456", Secret("another key, also long enough for all"))
    assert b"123456" not in one


async def test_it_lives_five_minutes(db: Database) -> None:
    user = await person(db, 1001)
    code = await new(db, user)
    assert await use(db, 1001, code, at=NOON + timedelta(minutes=5)) is None
    assert await use(db, 1001, code, at=NOON + timedelta(minutes=4, seconds=59)) is not None


async def test_a_new_one_ends_the_one_before(db: Database) -> None:
    user = await person(db, 1001)
    first = second = await new(db, user)
    while second == first:
        second = await new(db, user)
    assert await use(db, 1001, first) is None
    assert await use(db, 1001, second) is not None


async def test_the_fifth_mistake_ends_it(db: Database) -> None:
    user = await person(db, 1001)
    code = await new(db, user)
    for _ in range(4):
        assert await use(db, 1001, wrong(code)) is None
    assert await use(db, 1001, code) is not None  # four are forgiven

    code = await new(db, user)
    for _ in range(5):
        assert await use(db, 1001, wrong(code)) is None
    assert await use(db, 1001, code) is None

    assert await use(db, 1001, await new(db, user)) is not None  # a new one starts anew


@pytest.mark.parametrize(
    "typed", ["", "12345", "1234567", "12345x", "١٢٣٤٥٦", "1" * 10**6, "\ud800"]
)
async def test_what_cannot_be_a_code_is_no_mistake(db: Database, typed: str) -> None:
    code = await new(db, await person(db, 1001))
    for _ in range(6):
        assert await use(db, 1001, typed) is None
    assert await use(db, 1001, code) is not None


async def test_of_ten_at_once_one_wins(db: Database) -> None:
    code = await new(db, await person(db, 1001))
    found = await asyncio.gather(*(use(db, 1001, code) for _ in range(10)))
    assert len([each for each in found if each]) == 1


async def test_a_hundred_guesses_at_once_are_five(db: Database) -> None:
    """Guesses beside each other are counted one by one."""
    code = await new(db, await person(db, 1001))
    await asyncio.gather(*(use(db, 1001, wrong(code)) for _ in range(100)))
    assert await db.fetchval("SELECT tries FROM users.login_code") == 5
    assert await use(db, 1001, code) is None


async def test_another_secret_key_ends_all(db: Database) -> None:
    code = await new(db, await person(db, 1001))
    other = Secret("another key, also long enough for all")
    assert await use(db, 1001, code, secret=other) is None


async def test_old_ones_are_thrown_away(db: Database) -> None:
    await new(db, await person(db, 1001))
    await new(db, await person(db, 1002), at=NOON + timedelta(minutes=3))
    with clock.moved(lambda: NOON + timedelta(minutes=6)):
        await db.run(codes.prune)
    assert await db.fetchval("SELECT count(*) FROM users.login_code") == 1
