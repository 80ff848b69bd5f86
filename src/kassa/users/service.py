"""What is done with people. `see` is for whoever has no SQL function of their own to call it in."""

import re
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from kassa import clock
from kassa.db import Reader, Tx
from kassa.errors import Invalid
from kassa.texts import LANGUAGES
from kassa.users import rows
from kassa.users.models import NoSuchUser, User
from kassa.users.rows import COLUMNS

MOST_ID = 2**63 - 1
REFERRED_WITHIN = timedelta(days=1)  # of coming here

_REFERRAL = re.compile(r"[2-9A-HJ-NP-Z]{8}", re.IGNORECASE | re.ASCII)
_NEVER_STORED = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Who:
    """What Telegram tells of a person. None is what it did not tell: then what is known stays."""

    telegram_id: int
    first_name: str | None = None
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None


async def see(tx: Tx, who: Who) -> User:
    """Finds or makes them."""
    if not 0 < who.telegram_id <= MOST_ID:
        raise Invalid("A person's Telegram id is a positive number.")
    row = await tx.fetchrow(
        "SELECT * FROM users.see($1, $2, $3, $4, $5, $6)",
        who.telegram_id,
        *map(_clean, (who.first_name, who.last_name, who.username, who.language_code)),
        clock.now(),
    )
    assert row is not None
    return rows.user(row)


async def get(on: Reader, number: int) -> User:
    return _found(await on.fetchrow(f"SELECT {COLUMNS} FROM users.person WHERE id = $1", number))


async def by_telegram(on: Reader, telegram_id: int) -> User:
    return _found(
        await on.fetchrow(f"SELECT {COLUMNS} FROM users.person WHERE telegram_id = $1", telegram_id)
    )


async def by_uid(on: Reader, uid: UUID) -> User:
    return _found(await on.fetchrow(f"SELECT {COLUMNS} FROM users.person WHERE uid = $1", uid))


async def called(
    on: Reader,
    *,
    number: int | None = None,
    telegram_id: int | None = None,
    username: str | None = None,
    uid: UUID | None = None,
) -> list[User]:
    """All of whom any of these is true, ten at most; a username was perhaps another's before."""
    found = await on.fetch(
        f"""
        SELECT {COLUMNS} FROM users.person
         WHERE id = $1 OR telegram_id = $2 OR lower(username) = lower($3) OR uid = $4
         ORDER BY id LIMIT 10
        """,
        *(number, telegram_id, username, uid),
    )
    return [rows.user(row) for row in found]


async def set_language(tx: Tx, number: int, language: str) -> User:
    """Chosen by the person: Telegram's does not change it any more."""
    if language not in LANGUAGES:
        raise Invalid(f"We speak {', '.join(LANGUAGES)}.")
    return await _set(tx, number, "language = $2, language_chosen = true", language)


async def set_phone(tx: Tx, number: int, phone: str, *, proved: bool) -> User:
    """`phone` comes from phone.parse, or phone.shared if it is proved. One that is proved gives
    way to another proved one only: what is stored is what is returned."""
    return await _set(
        tx,
        number,
        """phone = CASE WHEN phone_proved AND NOT $3 THEN phone ELSE $2 END,
           phone_proved = phone_proved OR $3""",
        phone,
        proved,
    )


async def accept_terms(tx: Tx, number: int, version: str) -> User:
    """The first time that a version is accepted is the one that counts."""
    if not 0 < len(version) <= 100:
        raise Invalid("The terms need a version.")
    return await _set(
        tx,
        number,
        """terms_at = CASE WHEN terms_version = $2 THEN terms_at ELSE $3 END,
           terms_version = $2""",
        version,
        clock.now(),
    )


async def block(tx: Tx, number: int) -> User:
    """The door is closed, and whoever is inside is put out."""
    await log_out(tx, number)
    return await _set(tx, number, "blocked_at = coalesce(blocked_at, $2)", clock.now())


async def unblock(tx: Tx, number: int) -> User:
    return await _set(tx, number, "blocked_at = NULL")


async def log_out(tx: Tx, number: int) -> int:
    """Everywhere; tells how many sessions that were."""
    done = await tx.execute(
        "UPDATE users.session SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL",
        *(number, clock.now()),
    )
    return int(done.rpartition(" ")[2])


async def referred(tx: Tx, user_id: int, code: str) -> User | None:
    """Who invited them, if that can be: once, in their first day, and by whoever was here before
    them, so that nobody invites themselves and there are no circles."""
    if not _REFERRAL.fullmatch(code):
        return None
    inviter = await tx.fetchval(
        """
        UPDATE users.person p
           SET referred_by = i.id
          FROM users.person i
         WHERE p.id = $1 AND p.referred_by IS NULL AND p.created_at > $3
           AND i.referral_code = $2 AND i.id < p.id AND i.blocked_at IS NULL
        RETURNING i.id
        """,
        *(user_id, code.upper(), clock.now() - REFERRED_WITHIN),
    )
    return None if inviter is None else await get(tx, inviter)


async def _set(tx: Tx, number: int, what: str, *args: object) -> User:
    return _found(
        await tx.fetchrow(
            f"UPDATE users.person SET {what} WHERE id = $1 RETURNING {COLUMNS}", number, *args
        )
    )


def _found(row: rows.Row | None) -> User:
    if row is None:
        raise NoSuchUser("There is no such person.")
    return rows.user(row)


def _clean(text: str | None) -> str | None:
    """Without what JSON can say and a database cannot keep."""
    return text and _NEVER_STORED.sub("", text)
