"""What is done with people: language, phone, terms, blocking, who invited whom."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest

from kassa import clock, users
from kassa.db import Database, Tx
from kassa.errors import Invalid
from kassa.users import NoSuchUser, User, WrongPhone, phone
from tests.users.conftest import NOON, person, waited_for


async def test_a_person_is_found_by_each_of_their_numbers(db: Database) -> None:
    made = await person(db, 1001)
    assert (await users.get(db, made.id)).uid == made.uid
    assert (await users.by_telegram(db, 1001)).id == made.id
    assert (await users.by_uid(db, made.uid)).id == made.id


async def test_nobody_is_found(db: Database) -> None:
    with pytest.raises(NoSuchUser):
        await users.get(db, 1)
    with pytest.raises(NoSuchUser):
        await users.by_telegram(db, 1)
    with pytest.raises(NoSuchUser):
        await users.by_uid(db, uuid4())
    with pytest.raises(NoSuchUser):
        await db.run(lambda tx: users.set_language(tx, 1, "en"))


async def test_a_language_is_one_of_ours(db: Database) -> None:
    made = await person(db)
    assert (await db.run(lambda tx: users.set_language(tx, made.id, "uz"))).language == "uz"
    with pytest.raises(Invalid, match="ru, uz, en"):
        await db.run(lambda tx: users.set_language(tx, made.id, "de"))


async def test_a_proved_phone_gives_way_to_a_proved_one_only(db: Database) -> None:
    made = await person(db)

    async def told(number: str, *, proved: bool) -> tuple[str, bool]:
        now = await db.run(lambda tx: users.set_phone(tx, made.id, number, proved=proved))
        return now.phone, now.phone_proved

    assert await told("+998901234567", proved=False) == ("+998901234567", False)
    assert await told("+79001234567", proved=False) == ("+79001234567", False)
    assert await told("+998901112233", proved=True) == ("+998901112233", True)
    assert await told("+79001234567", proved=False) == ("+998901112233", True)
    assert await told("+998901112233", proved=False) == ("+998901112233", True)
    assert await told("+79001234567", proved=True) == ("+79001234567", True)


async def test_the_table_keeps_e164_only(db: Database) -> None:
    made = await person(db)
    with pytest.raises(asyncpg.CheckViolationError, match="person_phone"):
        await db.run(lambda tx: users.set_phone(tx, made.id, "998901234567", proved=True))


async def test_terms_count_from_the_first_time(db: Database) -> None:
    made = await person(db)

    async def accept(version: str, day: int) -> User:
        with clock.moved(lambda: NOON + timedelta(days=day)):
            return await db.run(lambda tx: users.accept_terms(tx, made.id, version))

    assert (await accept("2026-01", 0)).terms_at == NOON
    again = await accept("2026-01", 1)
    assert (again.terms_version, again.terms_at) == ("2026-01", NOON)
    newer = await accept("2026-02", 2)
    assert (newer.terms_version, newer.terms_at) == ("2026-02", NOON + timedelta(days=2))
    with pytest.raises(Invalid, match="version"):
        await accept("", 3)


async def test_blocked_and_let_in_again(db: Database) -> None:
    made = await person(db)
    with clock.moved(lambda: NOON):
        assert (await db.run(lambda tx: users.block(tx, made.id))).blocked_at == NOON
    again = await db.run(lambda tx: users.block(tx, made.id))
    assert again.blocked_at == NOON  # since the first time
    assert (await users.get(db, made.id)).blocked_at == NOON
    assert (await db.run(lambda tx: users.unblock(tx, made.id))).blocked_at is None


# -- who invited whom --------------------------------------------------------------


async def referred(db: Database, user: User, code: str) -> User | None:
    return await db.run(lambda tx: users.referred(tx, user.id, code))


async def test_whoever_comes_with_a_code_was_invited(db: Database) -> None:
    inviter, guest = await person(db, 1001), await person(db, 1002)

    found = await referred(db, guest, inviter.referral_code.lower())

    assert found is not None
    assert found.id == inviter.id
    assert (await users.get(db, guest.id)).referred_by == inviter.id


async def test_only_the_first_invitation_counts(db: Database) -> None:
    one, two, guest = [await person(db, 1000 + i) for i in range(3)]
    assert await referred(db, guest, one.referral_code) is not None
    assert await referred(db, guest, two.referral_code) is None
    assert await referred(db, guest, one.referral_code) is None
    assert (await users.get(db, guest.id)).referred_by == one.id


async def test_only_while_they_are_new(db: Database) -> None:
    with clock.moved(lambda: NOON):
        inviter, guest, late = [await person(db, 1000 + i) for i in range(3)]
    with clock.moved(lambda: NOON + timedelta(hours=23, minutes=59)):
        assert await referred(db, guest, inviter.referral_code) is not None
    with clock.moved(lambda: NOON + timedelta(hours=24)):
        assert await referred(db, late, inviter.referral_code) is None


async def test_nobody_invites_themselves_or_those_before_them(db: Database) -> None:
    first, second, third = [await person(db, 1000 + i) for i in range(3)]
    assert await referred(db, first, first.referral_code) is None
    assert await referred(db, second, first.referral_code) is not None
    assert await referred(db, third, second.referral_code) is not None
    assert await referred(db, first, third.referral_code) is None  # a circle of three


async def test_whoever_is_blocked_invites_nobody(db: Database) -> None:
    inviter, guest = await person(db, 1001), await person(db, 1002)
    await db.run(lambda tx: users.block(tx, inviter.id))
    assert await referred(db, guest, inviter.referral_code) is None


@pytest.mark.parametrize("code", ["", "AAAAAAA", "AAAAAAAAA", "AAAAAAA0", "ААААААAA", "ſAAAAAAA"])
async def test_what_is_no_code_invites_nobody(db: Database, code: str) -> None:
    await person(db, 1001)
    assert await referred(db, await person(db, 1002), code) is None


async def test_of_two_invitations_at_once_one_counts(db: Database) -> None:
    one, two, guest = [await person(db, 1000 + i) for i in range(3)]
    inside = asyncio.Event()

    async def first(tx: Tx) -> User | None:
        found = await users.referred(tx, guest.id, one.referral_code)
        inside.set()
        await waited_for(db)
        return found

    winning = asyncio.create_task(db.run(first))
    await inside.wait()
    assert await referred(db, guest, two.referral_code) is None
    assert await winning is not None
    assert (await users.get(db, guest.id)).referred_by == one.id


# -- phones ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("+998901234567", "+998901234567"),
        ("+79001234567", "+79001234567"),
        (" +998 90 123-45-67 ", "+998901234567"),
        ("+7 (900) 123-45-67", "+79001234567"),
        ("+998\u00a090\u00a0123\u00a045\u00a067", "+998901234567"),
    ],
)
def test_a_number_as_people_write_it(typed: str, number: str) -> None:
    assert phone.parse(typed) == number


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "with [+]"),
        ("998901234567", "with [+]"),
        ("+", "digits"),
        ("+998 90 CALL ME", "digits"),
        ("+٩٩٨٩٠١٢٣٤٥٦٧", "digits"),
        ("+998901234567;ext=5", "digits"),
        ("+" + "9" * 5000, "digits"),
        ("+000000000", "country"),
        ("+9989012345678901", "no such"),
        ("+998 90 123", "no such"),
        ("+((((((((", "."),
    ],
)
def test_what_is_no_number(typed: str, why: str) -> None:
    with pytest.raises(WrongPhone, match=why):
        phone.parse(typed)


@pytest.mark.parametrize(
    ("told", "number"),
    [
        ("998901234567", "+998901234567"),
        ("+998901234567", "+998901234567"),
        ("+888 0123 4567", "+88801234567"),  # only Telegram knows it
    ],
)
def test_a_number_that_telegram_shares(told: str, number: str) -> None:
    assert phone.shared(told) == number


@pytest.mark.parametrize("told", ["", "+", "0123456", "12", "1234567890123456", "+99890x234567"])
def test_a_contact_without_a_number(told: str) -> None:
    with pytest.raises(WrongPhone):
        phone.shared(told)
