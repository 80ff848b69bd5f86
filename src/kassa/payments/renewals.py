"""Renewals of subscriptions: each is a payment of its own, made from the first one when its
money comes, by whatever way it is told of."""

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from kassa import clock
from kassa.db import Tx
from kassa.payments import rows
from kassa.payments.cases import Said, charge_name
from kassa.payments.models import Payment
from kassa.payments.timeline import NewEvent, write_events

if TYPE_CHECKING:
    from asyncpg import Record

KEY = "kassa-"


async def placed(tx: Tx, one: Said) -> Said:
    """The same word, about the payment that it belongs to, which is made where there is none.
    Renewals come under the name of the first payment, and only the money's name tells them apart.
    """
    report = one.report
    if report.renews is False:
        return one
    name = charge_name(report)
    found = await tx.fetch(
        "SELECT attempt_id, payment_id FROM payments.find_and_lock($1, $2, $3, $4)",
        *([one.provider], [report.ref], [report.key], [""]),
    )
    attempt, first = found[0]["attempt_id"], found[0]["payment_id"]
    if first is None:  # nobody's, and told of under a name that cannot be mistaken
        return _about(one, name)
    if (ref := await _booked(tx, one.provider, name)) is not None:
        return _about(one, ref)
    if report.renews is None and not await _is_paid(tx, attempt):
        return Said(one.provider, replace(report, renews=False))
    await _make(tx, one.provider, name, first, attempt)
    return _about(one, name)


def _about(one: Said, ref: str) -> Said:
    return Said(one.provider, replace(one.report, ref=ref, key="", renews=False))


async def _booked(tx: Tx, provider: str, name: str) -> str | None:
    """What the attempt is called whose money this is, or to be."""
    found: str | None = await tx.fetchval(
        """
        SELECT a.ref FROM payments.attempt a
         WHERE a.id = (SELECT c.attempt_id FROM payments.charge c
                        WHERE c.provider = $1 AND c.ref = $2)
         UNION ALL
        SELECT a.ref FROM payments.attempt a WHERE a.provider = $1 AND a.ref = $2
         LIMIT 1
        """,
        *(provider, name),
    )
    return found


async def _is_paid(tx: Tx, attempt: int) -> bool:
    return bool(
        await tx.fetchval(
            "SELECT EXISTS (SELECT FROM payments.charge WHERE attempt_id = $1)", attempt
        )
    )


async def _make(tx: Tx, provider: str, name: str, first: int, attempt: int) -> Payment:
    """With its attempt, which is called as the money is: so there is one for it."""
    now = clock.now()
    row: Record | None = await tx.fetchrow(
        f"""
        INSERT INTO payments.payment AS p
               (user_id, bot, purpose, subject, amount, currency, description, details, hold,
                status, created_at, expires_at, look_at)
        SELECT f.user_id, f.bot, f.purpose, f.subject,
               coalesce((f.details->>'listed')::bigint, f.amount), f.currency, f.description,
               f.details - 'listed' - 'agreed' - 'asked'
                   || jsonb_build_object('data', coalesce(f.details->'data', '{{}}')
                                                     || jsonb_build_object('renews', f.id)),
               false, 'awaiting_payer', $2, $2::timestamptz + interval '1 day',
               $2::timestamptz + interval '1 day'
          FROM payments.payment f WHERE f.id = $1
        RETURNING {rows.PAYMENT}
        """,
        *(first, now),
    )
    assert row is not None
    payment = rows.payment(row)
    await tx.execute(
        """
        INSERT INTO payments.attempt (payment_id, provider, method, key, ref, status, said,
                                      asked_at, created_at)
        SELECT $1, $2, a.method, $3, $4, 'ok', 'waiting', $5, $5
          FROM payments.attempt a WHERE a.id = $6
        """,
        *(payment.id, provider, KEY + secrets.token_hex(10), name, now, attempt),
    )
    data = {"amount": str(payment.amount), "renews": first}
    await write_events(tx, [NewEvent(payment.id, "created", data)], now)
    return payment
