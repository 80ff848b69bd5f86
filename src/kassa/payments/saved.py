"""Payment methods that payers let us keep: for auto-renewal, forgotten at a word."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from kassa import clock
from kassa.db import Reader, Tx
from kassa.payments.models import NoSuchMethod


@dataclass(frozen=True, slots=True)
class Saved:
    """How to call it is the title; what the provider calls it, nobody needs to see."""

    id: int
    provider: str
    title: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NewSaved:
    user: int
    provider: str
    ref: str
    title: str
    payment_id: int


async def keep(tx: Tx, new: Sequence[NewSaved]) -> None:
    """One that was forgotten and is kept again is remembered again."""
    for each in new:
        await tx.execute(
            """
            INSERT INTO payments.saved (user_id, provider, ref, title, payment_id, created_at)
            VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (user_id, provider, ref) DO UPDATE
               SET forgotten_at = CASE WHEN saved.payment_id = EXCLUDED.payment_id
                                       THEN saved.forgotten_at END,
                   title = coalesce(nullif(EXCLUDED.title, ''), saved.title),
                   payment_id = EXCLUDED.payment_id
             WHERE saved.payment_id <> EXCLUDED.payment_id OR saved.title = ''
            """,
            *(each.user, each.provider, each.ref, each.title[:100], each.payment_id, clock.now()),
        )


async def of_user(on: Reader, user: int) -> list[Saved]:
    """The newest first."""
    found = await on.fetch(
        """
        SELECT id, provider, title, created_at FROM payments.saved
         WHERE user_id = $1 AND forgotten_at IS NULL ORDER BY id DESC LIMIT 50
        """,
        user,
    )
    return [Saved(**dict(row)) for row in found]


async def forget(tx: Tx, user: int, number: int) -> None:
    """It is not charged any more."""
    await tx.execute(
        "UPDATE payments.saved SET forgotten_at = $3 WHERE id = $1 AND user_id = $2",
        *(number, user, clock.now()),
    )


async def ref_of(on: Reader, user: int, number: int) -> tuple[str, str]:
    """The provider, and its name for the method; only of one's own."""
    row = await on.fetchrow(
        """
        SELECT provider, ref FROM payments.saved
         WHERE id = $1 AND user_id = $2 AND forgotten_at IS NULL
        """,
        *(number, user),
    )
    if row is None:
        raise NoSuchMethod("There is no such saved payment method.")
    return row["provider"], row["ref"]
