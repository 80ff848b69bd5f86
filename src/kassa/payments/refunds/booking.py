"""Money that has gone back, in the books: what was held is free, the app takes its effect back
in a savepoint (and may fail at that without harm to the books), the payer is told."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from kassa import clock, ledger, outbox
from kassa.db import Tx, lost_connection
from kassa.db.failures import LOST_RACE
from kassa.ledger import (
    Account,
    InsufficientFunds,
    Leg,
    Transfer,
    clearing,
    debt,
    exchange,
    wallet,
)
from kassa.log import get
from kassa.money import Money
from kassa.payments import notices, rows
from kassa.payments.models import Delivered, Purpose, Refund
from kassa.payments.posting import repayments
from kassa.payments.refunds.case import SOON, Case, load_refund
from kassa.payments.timeline import NewEvent, write_events

_log = get(__name__)


async def book(
    tx: Tx,
    case: Case,
    refund: Refund,
    purposes: Mapping[str, Purpose],
    *,
    into: Account | None = None,
) -> Refund:
    """It has happened: frees what was held, takes the effect back, posts, tells."""
    now = clock.now()
    await free(tx, refund)
    purpose = purposes.get(case.payment.purpose)
    effect: Delivered | None = None
    error: Exception | None = None
    on_refunded = purpose.on_refunded if purpose is not None else None
    delivered = bool(refund.share) and case.payment.delivery == "done"
    takes = delivered and on_refunded is not None
    if delivered and purpose is None:  # its app is not here; where it is, it will
        error = LookupError(f"No app here takes back {case.payment.purpose}.")
    if takes and on_refunded is not None:
        try:
            async with tx.savepoint():
                effect = await on_refunded(tx, case.payment, refund)
                await _post(tx, case, refund, list(effect.legs), into)
        except Exception as caught:
            if isinstance(caught, LOST_RACE) or lost_connection(caught):
                raise
            effect, error = None, caught
            _log.error("payments.taking_back_failed", payment=case.payment.id, exc_info=caught)
    if effect is None:
        await _post(tx, case, refund, [], into)
    taken = "failed" if error is not None else "done" if takes else "none"
    await tx.execute(
        """
        UPDATE payments.refund
           SET status = 'done', done_at = $2, ref = coalesce($3, ref), taken_back = $4
         WHERE id = $1
        """,
        *(refund.id, now, refund.ref, taken),
    )
    refunded = case.charge.refunded + refund.amount
    await tx.execute(
        "UPDATE payments.charge SET refunded = $2 WHERE id = $1", case.charge.id, refunded.amount
    )
    whole = case.charge.fulfils and refunded >= case.charge.amount
    gone = whole and error is None and (takes or case.payment.delivery == "failed")
    await tx.execute(
        """
        UPDATE payments.payment
           SET delivery = CASE WHEN $2 THEN 'taken_back' ELSE delivery END,
               look_at = CASE WHEN $3 THEN $4::timestamptz ELSE look_at END
         WHERE id = $1
        """,
        *(case.payment.id, gone, error is not None, now + SOON),
    )
    await _tell(tx, case, refund, effect=effect, error=error, now=now)
    return replace(refund, status="done", done_at=now, taken_back=taken)


async def book_outside(
    tx: Tx,
    case: Case,
    amount: Money,
    *,
    key: str,
    reason: str,
    purposes: Mapping[str, Purpose],
    into: Account | None = None,
) -> Refund:
    row = await tx.fetchrow(
        f"""
        INSERT INTO payments.refund AS r
               (payment_id, charge_id, key, amount, currency, share, status, outside, reason,
                created_at)
        VALUES ($1, $2, $3, $4, $5, $6, 'prepared', true, $7, $8) RETURNING {rows.REFUND}
        """,
        *(case.payment.id, case.charge.id, key, amount.amount, amount.currency),
        *(case.share_of_gone(amount).amount, reason, clock.now()),
    )
    assert row is not None
    return await book(tx, case, rows.refund(row), purposes, into=into)


async def take_back_again(tx: Tx, refund_id: int, purposes: Mapping[str, Purpose]) -> None:
    """What an app failed to take back when the money went; raises where it fails again."""
    case, refund = await load_refund(tx, refund_id)
    purpose = purposes.get(case.payment.purpose)
    if refund.taken_back != "failed" or purpose is None or purpose.on_refunded is None:
        return
    effect = await purpose.on_refunded(tx, case.payment, refund)
    legs = list(effect.legs)
    (repaid,) = await repayments(tx, [legs])
    if legs:
        await ledger.post(tx, key=f"payments.taken_back:{refund.id}", legs=[*legs, *repaid])
    await tx.execute("UPDATE payments.refund SET taken_back = 'done' WHERE id = $1", refund.id)
    if case.charge.refunded >= case.charge.amount:
        await tx.execute(
            "UPDATE payments.payment SET delivery = 'taken_back' WHERE id = $1", refund.payment_id
        )
    await write_events(tx, [NewEvent(refund.payment_id, "taken_back")], clock.now())
    if effect.messages:
        await outbox.put_many(tx, notices.messages(case.payment, effect.messages))


async def free(tx: Tx, refund: Refund) -> None:
    for number in range(1, refund.holds + 1):
        await ledger.void(tx, hold=hold_key(refund, number))


async def repay(tx: Tx, refund: Refund, user: int) -> None:
    """What was set aside is free again: what its owner came to owe meanwhile goes from it first."""
    currency = refund.amount.currency
    purse, owing = wallet(user, currency), debt(user, currency)
    has, owes = await ledger.balances(tx, [purse, owing])
    back = min(has.available, -owes.posted)
    if back.amount > 0:
        await ledger.post(tx, key=f"payments.repaid:{refund.id}", legs=[Leg(purse, owing, back)])


def hold_key(refund: Refund, number: int) -> str:
    return f"payments.refund:{refund.id}:{number}"


async def _post(
    tx: Tx, case: Case, refund: Refund, effect: list[Leg], into: Account | None
) -> None:
    """The wallet gives what it has, the rest is owed. Whoever spends from the wallet meanwhile
    makes us count again."""
    user, currency = case.payment.user, refund.amount.currency
    purse = wallet(user, currency)
    for attempt in range(5):
        has = (await ledger.balance(tx, purse)).available.amount + _gain(effect, purse.code)
        gives = max(0, min(refund.amount.amount, has))
        out, beyond = way_out(case, refund.amount) if into is None else (into, [])
        legs = list(effect)
        if gives:
            legs.append(Leg(purse, out, Money(gives, currency)))
        if gives < refund.amount.amount:
            owed = Money(refund.amount.amount - gives, currency)
            legs.append(Leg(debt(user, currency), out, owed))
        try:
            await ledger.post_many(
                tx, [Transfer(f"payments.refunded:{refund.id}", [*legs, *beyond])]
            )
            return
        except InsufficientFunds as error:
            if error.account != purse.code or attempt == 4:
                raise


def way_out(case: Case, amount: Money) -> tuple[Account, list[Leg]]:
    """Where money goes that leaves for the provider: through exchange where coins had come."""
    charge = case.charge
    if charge.received.currency == charge.amount.currency:
        return clearing(charge.provider, charge.amount.currency), []
    coins = charge.received.currency
    part = Money(charge.received.amount * amount.amount // charge.amount.amount, coins)
    legs = [Leg(exchange(charge.provider, coins), clearing(charge.provider, coins), part)]
    return exchange(charge.provider, charge.amount.currency), legs if part else []


def _gain(legs: list[Leg], code: str) -> int:
    total = 0
    for leg in legs:
        for account, sign in ((leg.credit, 1), (leg.debit, -1)):
            if (account if isinstance(account, str) else account.code) == code:
                total += sign * leg.amount.amount
    return total


async def _tell(
    tx: Tx,
    case: Case,
    refund: Refund,
    *,
    effect: Delivered | None,
    error: Exception | None,
    now: datetime,
) -> None:
    amount = str(refund.amount)
    data = {"amount": amount, "outside": refund.outside, "reason": refund.reason}
    events = [NewEvent(case.payment.id, "refunded", data)]
    jobs = [notices.to_payer(case.payment, "payment-refunded", amount=amount)]
    if effect is not None:
        jobs += notices.messages(case.payment, effect.messages)
    if refund.outside:
        jobs.append(notices.to_operator(case.payment, "refund-from-outside", amount=amount))
    if error is not None:
        cause = {"error": notices.cause(error)}
        events.append(NewEvent(case.payment.id, "taking_back_failed", cause, public=False))
        jobs.append(notices.to_operator(case.payment, "refund-not-taken-back", **cause))
    await write_events(tx, events, now)
    await outbox.put_many(tx, jobs)
