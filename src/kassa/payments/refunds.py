"""Money that goes back: asked for by us, or learnt of from outside.

Ours sets aside what it will take back, then calls the provider, then books or frees it. One
from outside has happened and is always booked: what the payer's wallet cannot give they owe.
Either way the app takes its effect back in a savepoint, and may fail at that without harm to
the books.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from kassa import clock, ledger, outbox
from kassa.db import Reader, Tx, lost_connection
from kassa.db.failures import LOST_RACE
from kassa.ledger import (
    Account,
    InsufficientFunds,
    Leg,
    Transfer,
    clearing,
    debt,
    exchange,
    suspense,
    wallet,
)
from kassa.ledger import fee as fee_account
from kassa.log import get
from kassa.money import Money
from kassa.payments import notices, rows
from kassa.payments.models import (
    Attempt,
    CannotRefund,
    Charge,
    Delivered,
    NoSuchPayment,
    Payment,
    Purpose,
    Refund,
)
from kassa.payments.providers.protocol import (
    Abilities,
    Declined,
    Dispute,
    GiveBack,
    Refunded,
    Unknown,
)
from kassa.payments.settle import NewEvent, Said, repayments, write_events

if TYPE_CHECKING:
    from asyncpg import Record

UNDER_WAY = ("prepared", "sent", "unknown", "person")
SOON = timedelta(seconds=30)  # until a refund that was left half done is looked at

_log = get(__name__)


@dataclass(frozen=True, slots=True)
class Case:
    """A charge, and everything that its refunds depend on."""

    payment: Payment
    attempt: Attempt
    charge: Charge
    refunds: tuple[Refund, ...]

    @property
    def left(self) -> Money:
        """What can still be given back."""
        under_way = sum(each.amount.amount for each in self.refunds if each.status in UNDER_WAY)
        return (
            self.charge.amount
            - self.charge.refunded
            - Money(under_way, self.charge.amount.currency)
        )

    def share(self, amount: Money) -> Money:
        """What of it concerns the price: what had been paid too much goes back first."""
        nothing = Money.zero(amount.currency)
        if not self.charge.fulfils:
            return nothing
        surplus = self.charge.amount - self.payment.amount
        used = self.charge.amount - self.left  # given back, or about to be
        free = max(surplus - used, nothing)
        return amount - min(amount, free)


# -- ours --------------------------------------------------------------------------


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
    case = await load(tx, payment_id, charge_id)
    for known in case.refunds:
        if known.key == key:
            if amount is not None and amount != known.amount:
                raise CannotRefund(f"The refund {key} was asked for with another amount.")
            return known
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
            await ledger.hold(tx, key=_hold_key(refund, number), account=account, amount=held)
    except InsufficientFunds as error:
        raise CannotRefund(f"It has been spent already: {error}") from error
    await tx.execute("UPDATE payments.refund SET holds = $2 WHERE id = $1", refund.id, len(aside))
    await tx.execute(
        "UPDATE payments.payment SET look_at = $2, looks = 0 WHERE id = $1",
        *(payment_id, None if by_hand else now + SOON),
    )
    await write_events(
        tx, [NewEvent(payment_id, "refund_asked", {"amount": str(amount), "reason": reason})], now
    )
    if by_hand:
        told = notices.to_operator(case.payment, "refund-by-hand", amount=str(amount))
        await outbox.put_many(tx, [told])
    return replace(refund, holds=len(aside))


def _checked(case: Case, amount: Money | None, able: Abilities) -> Money:
    left = case.left
    if not left:
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
    await _free(tx, refund)
    await tx.execute(
        "UPDATE payments.refund SET status = 'declined', why = $2, done_at = $3 WHERE id = $1",
        *(refund.id, f"{said.why}: {said.detail}"[:500], now),
    )
    data = {"amount": str(refund.amount), "why": str(said.why)}
    await write_events(tx, [NewEvent(refund.payment_id, "refund_declined", data)], now)
    told = notices.to_operator(
        case.payment, "refund-declined", amount=str(refund.amount), why=said.detail or said.why
    )
    await outbox.put_many(tx, [told])
    return replace(refund, status="declined", done_at=now)


# -- from outside ------------------------------------------------------------------


async def reported(tx: Tx, said: Said, purposes: Mapping[str, Purpose]) -> str | None:
    """Books what a provider says has gone back, and disputes; None where its money is not here
    yet. A total that was seen already changes nothing, in whatever order it comes."""
    report = said.report
    payment_id = await tx.fetchval(
        "SELECT payment_id FROM payments.find_and_lock($1, $2, $3, $4)",
        *([said.provider], [report.ref], [report.key], [report.charge or report.ref]),
    )
    charge_id = await tx.fetchval(
        "SELECT id FROM payments.charge WHERE provider = $1 AND ref = $2 AND payment_id = $3",
        *(said.provider, report.charge or report.ref, payment_id),
    )
    if payment_id is None or charge_id is None:
        return None
    what = []
    for dispute in report.disputes:
        case = await load(tx, payment_id, charge_id)
        what.append(await _disputed(tx, case, dispute, purposes))
    if report.refunded is not None:
        case = await load(tx, payment_id, charge_id)
        what.append(await _total(tx, case, report.refunded, purposes))
    return ", ".join(each for each in what if each) or "nothing new"


async def _total(tx: Tx, case: Case, total: Money, purposes: Mapping[str, Purpose]) -> str | None:
    lost = await tx.fetchval(
        "SELECT coalesce(sum(amount), 0)::bigint FROM payments.dispute"
        " WHERE charge_id = $1 AND state = 'lost'",
        case.charge.id,
    )
    new = total - case.charge.refunded + Money(lost, total.currency)
    if not new:
        return None
    if new.amount < 0:
        told = notices.to_operator(case.payment, "refund-returned", amount=str(-new))
        await outbox.put_many(tx, [told])
        return f"{-new} less given back than we had booked"
    for refund in case.refunds:  # ours, whose answer was slower than this
        if refund.status in ("sent", "unknown", "prepared") and refund.amount <= new:
            await book(tx, case, refund, purposes)
            new -= refund.amount
            case = await load(tx, case.payment.id, case.charge.id)
    if new:
        await _outside(
            tx,
            case,
            new,
            key=f"outside:{total.amount}",
            reason="given back by the provider",
            purposes=purposes,
        )
    return f"given back: {total} in all"


async def _outside(
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
        *(case.share(amount).amount, reason, clock.now()),
    )
    assert row is not None
    return await book(tx, case, rows.refund(row), purposes, into=into)


async def _disputed(
    tx: Tx, case: Case, dispute: Dispute, purposes: Mapping[str, Purpose]
) -> str | None:
    """While it is open the money is gone from the provider and waits in suspense; won, it comes
    back; lost, it is a refund from outside."""
    provider, amount = case.charge.provider, dispute.amount
    before = await tx.fetchval(
        "SELECT state FROM payments.dispute WHERE provider = $1 AND ref = $2",
        *(provider, dispute.ref),
    )
    if before == dispute.state or before in ("won", "lost"):
        return None
    now = clock.now()
    gone = Leg(suspense(amount.currency), clearing(provider, amount.currency), amount)
    key = f"payments.dispute:{provider}:{dispute.ref}"
    if before is None:
        await tx.execute(
            """
            INSERT INTO payments.dispute (charge_id, provider, ref, amount, currency, state,
                                          created_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            """,
            *(case.charge.id, provider, dispute.ref, amount.amount, amount.currency),
            *(dispute.state, now),
        )
        if dispute.state != "won":
            await ledger.post(tx, key=key, legs=[gone])
    else:
        await tx.execute(
            "UPDATE payments.dispute SET state = $3 WHERE provider = $1 AND ref = $2",
            *(provider, dispute.ref, dispute.state),
        )
        if dispute.state == "won":
            await ledger.reverse(tx, key=f"{key}:won", original=key)
    if dispute.state == "lost":
        await _lost(tx, case, dispute, purposes)
    data = {"amount": str(amount)}
    await write_events(tx, [NewEvent(case.payment.id, f"dispute_{dispute.state}", data)], now)
    told = notices.to_operator(case.payment, f"dispute-{dispute.state}", amount=str(amount))
    await outbox.put_many(tx, [told])
    return f"dispute {dispute.state}"


async def _lost(tx: Tx, case: Case, dispute: Dispute, purposes: Mapping[str, Purpose]) -> None:
    amount, waiting = dispute.amount, suspense(dispute.amount.currency)
    most = min(amount, case.charge.amount - case.charge.refunded)
    if most:
        key = f"dispute:{dispute.ref}"
        await _outside(
            tx,
            case,
            most,
            key=key,
            reason="a dispute was lost",
            purposes=purposes,
            into=waiting,
        )
    if rest := amount - most:  # more than was left of it: our loss
        cost = fee_account(case.charge.provider, rest.currency)
        key = f"payments.dispute:{case.charge.provider}:{dispute.ref}:loss"
        await ledger.post(tx, key=key, legs=[Leg(cost, waiting, rest)])


# -- booking -----------------------------------------------------------------------


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
    await _free(tx, refund)
    purpose = purposes.get(case.payment.purpose)
    effect, error = None, None
    on_refunded = purpose.on_refunded if purpose is not None else None
    takes = bool(refund.share) and case.payment.delivery == "done" and on_refunded is not None
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
    gone = case.charge.fulfils and refunded == case.charge.amount and error is None
    await tx.execute(
        """
        UPDATE payments.payment
           SET delivery = CASE WHEN $2 AND delivery <> 'none' THEN 'taken_back' ELSE delivery END,
               look_at = CASE WHEN $3 THEN $4::timestamptz ELSE look_at END
         WHERE id = $1
        """,
        *(case.payment.id, gone, error is not None, now + SOON),
    )
    await _tell(tx, case, refund, effect=effect, error=error, now=now)
    return replace(refund, status="done", done_at=now, taken_back=taken)


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
    if case.charge.refunded == case.charge.amount:
        await tx.execute(
            "UPDATE payments.payment SET delivery = 'taken_back' WHERE id = $1", refund.payment_id
        )
    await write_events(tx, [NewEvent(refund.payment_id, "taken_back")], clock.now())
    if effect.messages:
        await outbox.put_many(tx, notices.messages(case.payment, effect.messages))


async def _free(tx: Tx, refund: Refund) -> None:
    for number in range(1, refund.holds + 1):
        await ledger.void(tx, hold=_hold_key(refund, number))


def _hold_key(refund: Refund, number: int) -> str:
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
        out, beyond = _way_out(case, refund, into)
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


def _way_out(case: Case, refund: Refund, into: Account | None) -> tuple[Account, list[Leg]]:
    """Where the money goes: back to the provider, through exchange where coins had come."""
    charge = case.charge
    if into is not None:
        return into, []
    if charge.received.currency == charge.amount.currency:
        return clearing(charge.provider, charge.amount.currency), []
    coins = charge.received.currency
    part = Money(charge.received.amount * refund.amount.amount // charge.amount.amount, coins)
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


# -- what is there -----------------------------------------------------------------


async def load(tx: Tx, payment_id: int, charge_id: int | None = None) -> Case:
    """With the payer's lock; the charge that fulfils the payment where none is named."""
    await lock(tx, payment_id)
    row = await tx.fetchrow(
        f"SELECT {rows.PAYMENT} FROM payments.payment p WHERE p.id = $1",
        payment_id,
    )
    found = await tx.fetchrow(
        f"""
        SELECT {rows.CHARGE} FROM payments.charge c
         WHERE c.payment_id = $1
           AND CASE WHEN $2::bigint IS NULL THEN c.fit IN ('exact', 'over') ELSE c.id = $2 END
        """,
        *(payment_id, charge_id),
    )
    if row is None or found is None:
        raise CannotRefund("Nothing was paid that could be given back.")
    charge = rows.charge(found)
    attempt = await tx.fetchrow(
        f"SELECT {rows.ATTEMPT} FROM payments.attempt a WHERE a.id = $1", charge.attempt_id
    )
    refunds: list[Record] = await tx.fetch(
        f"SELECT {rows.REFUND} FROM payments.refund r WHERE r.charge_id = $1 ORDER BY r.id",
        charge.id,
    )
    assert attempt is not None
    return Case(
        rows.payment(row), rows.attempt(attempt), charge, tuple(rows.refund(r) for r in refunds)
    )


async def load_refund(tx: Tx, refund_id: int) -> tuple[Case, Refund]:
    row = await tx.fetchrow(
        "SELECT payment_id, charge_id FROM payments.refund WHERE id = $1", refund_id
    )
    if row is None:
        raise NoSuchPayment(f"There is no refund {refund_id}.")
    case = await load(tx, row["payment_id"], row["charge_id"])
    return case, next(each for each in case.refunds if each.id == refund_id)


async def lock(tx: Tx, payment_id: int) -> None:
    """The payer's lock: everything of one person happens one after another."""
    user = await tx.fetchval("SELECT user_id FROM payments.payment WHERE id = $1", payment_id)
    if user is None:
        raise NoSuchPayment(f"There is no payment {payment_id}.")
    await tx.execute("SELECT payments.lock_users(ARRAY[$1::bigint])", user)


async def look_soon(tx: Tx, payment_id: int, now: datetime) -> None:
    await tx.execute(
        """
        UPDATE payments.payment SET look_at = least(look_at, $2), looks = 0 WHERE id = $1
        """,
        *(payment_id, now + SOON),
    )


async def of_payment(on: Reader, payment_id: int) -> list[Refund]:
    found = await on.fetch(
        f"SELECT {rows.REFUND} FROM payments.refund r WHERE r.payment_id = $1 ORDER BY r.id",
        payment_id,
    )
    return [rows.refund(row) for row in found]
