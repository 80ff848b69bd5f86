"""Refunds that we ask for: what they will take is set aside, the provider called, and then it
is booked or set free."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from kassa import clock, ledger, outbox
from kassa.db import Tx
from kassa.ledger import Account, InsufficientFunds, wallet
from kassa.money import Money
from kassa.payments import notices, rows
from kassa.payments.models import CannotRefund, Purpose, Refund
from kassa.payments.providers.protocol import Abilities, Declined, GiveBack, Refunded, Unknown
from kassa.payments.refunds.booking import book, free, hold_key, repay
from kassa.payments.refunds.case import Case, load, load_refund, lock, look_soon
from kassa.payments.timeline import NewEvent, write_events


async def prepare(
    tx: Tx,
    payment_id: int,
    *,
    purposes: Mapping[str, Purpose],
    abilities: Mapping[str, Abilities],
    key: str,
    amount: Money | None,
    charge_id: int | None,
    reason: str,
    even_if_spent: bool,
) -> Refund:
    """Writes the refund down and sets aside what it will take. The same key is the same refund."""
    await lock(tx, payment_id)
    if known := await _known(tx, payment_id, key):
        if amount not in (None, known.amount) or charge_id not in (None, known.charge_id):
            raise CannotRefund(f"The refund {key} was asked for with another amount or charge.")
        return known
    case = await load(tx, payment_id, charge_id)
    able = abilities.get(case.charge.provider)
    if able is None:
        raise CannotRefund(f"{case.charge.provider} is not set up here, so it cannot give back.")
    amount = _checked(case, amount, able)
    share = case.share(amount)
    now = clock.now()
    by_hand = able.refund == "person"
    row = await tx.fetchrow(
        f"""
        INSERT INTO payments.refund AS r
               (payment_id, charge_id, key, amount, currency, share, status, outside, reason,
                created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, false, $8, $9) RETURNING {rows.REFUND}
        """,
        *(case.payment.id, case.charge.id, key, amount.amount, amount.currency, share.amount),
        *("person" if by_hand else "prepared", reason, now),
    )
    assert row is not None
    refund = rows.refund(row)
    aside = [] if even_if_spent else await _to_hold(tx, case, refund, purposes)
    try:
        for number, (account, held) in enumerate(aside, 1):
            await ledger.hold(tx, key=hold_key(refund, number), account=account, amount=held)
    except InsufficientFunds as error:
        raise CannotRefund(f"It has been spent already: {error}") from error
    await tx.execute("UPDATE payments.refund SET holds = $2 WHERE id = $1", refund.id, len(aside))
    if not by_hand:
        await look_soon(tx, payment_id, now)
    await write_events(
        tx, [NewEvent(payment_id, "refund_asked", {"amount": str(amount), "reason": reason})], now
    )
    if by_hand:
        told = notices.to_operator(case.payment, "refund-by-hand", amount=str(amount))
        await outbox.put_many(tx, [told])
    return replace(refund, holds=len(aside))


async def _known(tx: Tx, payment_id: int, key: str) -> Refund | None:
    row = await tx.fetchrow(
        f"SELECT {rows.REFUND} FROM payments.refund r WHERE r.payment_id = $1 AND r.key = $2",
        *(payment_id, key),
    )
    return None if row is None else rows.refund(row)


def _checked(case: Case, amount: Money | None, able: Abilities) -> Money:
    left = case.left
    if left.amount <= 0:  # a dispute may have taken what a refund under way was to give
        raise CannotRefund("All of it has been given back already, or is about to be.")
    if amount is None:
        return left
    if amount.currency != left.currency:
        raise CannotRefund(f"It was paid in {left.currency}, not in {amount.currency}.")
    if amount.amount <= 0:
        raise CannotRefund("A refund is more than nothing.")
    if amount > left:
        raise CannotRefund(f"At most {left} can be given back.")
    if amount != case.charge.amount and not able.partial_refund:
        raise CannotRefund(f"{case.charge.provider} gives back all or nothing.")
    return amount


async def _to_hold(
    tx: Tx, case: Case, refund: Refund, purposes: Mapping[str, Purpose]
) -> list[tuple[Account, Money]]:
    """What the app says of its share; what lies in the wallet, from there."""
    purpose = purposes.get(case.payment.purpose)
    taken = case.payment.delivery == "done" and purpose is not None and purpose.on_refunded
    in_wallet = refund.amount - refund.share if taken else refund.amount
    held = [(wallet(case.payment.user, in_wallet.currency), in_wallet)] if in_wallet else []
    if taken and refund.share and purpose is not None and purpose.holds is not None:
        held += await purpose.holds(tx, case.payment, refund)
    return held


def give_back(case: Case, refund: Refund) -> GiveBack:
    """What the provider is asked."""
    charge = case.charge
    foreign = charge.received.currency != charge.amount.currency
    return GiveBack(
        key=f"{case.attempt.key}-r{refund.id}",
        ref=case.attempt.ref or charge.ref,
        charge=charge.ref,
        amount=refund.amount,
        paid=charge.amount,
        payer=case.payment.payer,
        items=case.payment.items if refund.amount == charge.amount else (),
        reason=refund.reason,
        received=charge.received if foreign else None,
        asked_at=refund.asked_at,
        bot=case.payment.bot,
    )


async def resolve(
    tx: Tx,
    refund_id: int,
    said: Refunded | Declined | Unknown,
    *,
    purposes: Mapping[str, Purpose],
) -> Refund:
    """Writes down what the provider answered. What has ended stays as it ended."""
    case, refund = await load_refund(tx, refund_id)
    if refund.status in ("done", "declined"):
        return refund
    now = clock.now()
    if isinstance(said, Declined):
        return await _declined(tx, case, refund, said, now)
    if isinstance(said, Refunded) and said.done:
        return await book(tx, case, replace(refund, ref=said.ref), purposes)
    ref = said.ref if isinstance(said, Refunded) else None
    status = "sent" if isinstance(said, Refunded) else "unknown"
    why = said.detail if isinstance(said, Unknown) else ""
    await tx.execute(
        "UPDATE payments.refund SET status = $2, ref = coalesce($3, ref), why = $4 WHERE id = $1",
        *(refund_id, status, ref, why[:500]),
    )
    await look_soon(tx, case.payment.id, now)
    return replace(refund, status=status, ref=ref or refund.ref, why=why)


async def _declined(tx: Tx, case: Case, refund: Refund, said: Declined, now: datetime) -> Refund:
    await free(tx, refund)
    await repay(tx, refund, case.payment.user)
    await tx.execute(
        "UPDATE payments.refund SET status = 'declined', why = $2, done_at = $3 WHERE id = $1",
        *(refund.id, f"{said.why}: {said.detail}"[:500], now),
    )
    if case.payment.delivery == "failed":  # it is wanted again
        await look_soon(tx, case.payment.id, now)
    data = {"amount": str(refund.amount), "why": str(said.why)}
    await write_events(tx, [NewEvent(refund.payment_id, "refund_declined", data)], now)
    told = notices.to_operator(
        case.payment, "refund-declined", amount=str(refund.amount), why=said.detail or said.why
    )
    await outbox.put_many(tx, [told])
    return replace(refund, status="declined", done_at=now)
