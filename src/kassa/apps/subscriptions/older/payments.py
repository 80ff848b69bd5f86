"""Payments of an older bot, as an import brought them: shown to who made them, booked nowhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from kassa.apps.subscriptions import words
from kassa.db import Reader, Tx
from kassa.money import Money
from kassa.telegram import Speaker

_MANY = 20_000  # at once


@dataclass(frozen=True, slots=True)
class OldPayment:
    key: str  # the same payment has the same one in every file
    at: datetime
    money: Money
    provider: str
    ref: str  # what the provider called it
    months: int  # 0: nobody knows


async def of(on: Reader, user: int, *, most: int = 20) -> Sequence[OldPayment]:
    """The newest ones, for whoever shows a history."""
    rows = await on.fetch(
        """
        SELECT key, paid_at, amount, currency, provider, ref, months
          FROM subscriptions.old_payment
         WHERE user_id = $1 ORDER BY paid_at DESC, id DESC LIMIT $2
        """,
        *(user, most),
    )
    return [
        OldPayment(
            *(row["key"], row["paid_at"], Money(row["amount"], row["currency"])),
            *(row["provider"], row["ref"], row["months"]),
        )
        for row in rows
    ]


async def told(on: Reader, t: Speaker, user: int, zone: ZoneInfo) -> str:
    """For the end of a history; "" where there are none."""
    found = await of(on, user)
    if not found:
        return ""
    lines = [
        t.html("old-payment", at=words.day(each.at, zone, t.language), amount=each.money)
        for each in found
    ]
    return "\n".join(["", "", t("old-payments"), *lines])


async def keep(tx: Tx, payments: Sequence[tuple[int, OldPayment]]) -> None:
    """With the number of who made each. What is there already stays as it is."""
    for start in range(0, len(payments), _MANY):
        some = payments[start : start + _MANY]
        await tx.execute(
            """
            INSERT INTO subscriptions.old_payment
                   (user_id, key, paid_at, amount, currency, provider, ref, months)
            SELECT * FROM unnest($1::bigint[], $2::text[], $3::timestamptz[], $4::bigint[],
                                 $5::text[], $6::text[], $7::text[], $8::int[])
            ON CONFLICT (user_id, key) DO NOTHING
            """,
            [user for user, _ in some],
            [of.key for _, of in some],
            [of.at for _, of in some],
            [of.money.amount for _, of in some],
            [of.money.currency for _, of in some],
            [of.provider for _, of in some],
            [of.ref for _, of in some],
            [of.months for _, of in some],
        )
