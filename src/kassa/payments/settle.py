"""Every way to learn what became of a payment ends here: many of them in one transaction.

The payers' locks are taken, each word is judged, money goes to the payer's wallet, the apps
deliver, all legs are posted in one call, and the rest is written, a statement a table. When one
payment of a batch cannot be done, nothing is: it is the caller's to do them again one by one
(`alone`), where an app that raises only loses its own part.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kassa import clock, ledger
from kassa.db import Tx, lost_connection
from kassa.db.failures import LOST_RACE
from kassa.ledger import suspense
from kassa.log import get
from kassa.money import Money
from kassa.payments.cases import Case, Said, charge_name, fee_of, last_said, load, new_fee
from kassa.payments.models import OnPaid, Payment, Purpose, Status
from kassa.payments.policy import NOTHING, judge
from kassa.payments.posting import arrival, post
from kassa.payments.providers.protocol import Mute, State
from kassa.payments.writing import write

_log = get(__name__)


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of it. `known` is false where no payment was found; `again` where another word
    on the same payment came first; `more` where refunds or disputes are left to be booked."""

    what: str
    payment_id: int | None = None
    again: bool = False
    more: bool = False

    @property
    def known(self) -> bool:
        return self.payment_id is not None


UNKNOWN = Settled("no such payment")


async def settle(
    tx: Tx, said: Sequence[Said], purposes: Mapping[str, Purpose], *, alone: bool = False
) -> list[Settled]:
    """Books what these words mean. One ledger call; `alone` is for one word only."""
    assert not alone or len(said) == 1
    now = clock.now()
    answers: list[Settled] = []
    cases: dict[int, Case] = {}
    for one, case in zip(said, await load(tx, said), strict=True):
        if case is None:
            answers.append(UNKNOWN)
        elif case.payment.id in cases:
            answers.append(Settled("waits for another word", case.payment.id, again=True))
        else:
            cases[case.payment.id] = case
            answers.append(_judged(case, one, purposes))
    changed = [case for case in cases.values() if _changes(case)]
    if alone:
        for case in changed:
            await _alone(tx, case, purposes)
    else:
        for case in changed:
            if case.ruling.deliver:
                case.delivered = await _on_paid(purposes, case.payment)(tx, case.payment)
        await post(tx, changed)
    await write(tx, changed, now)
    return answers


async def book_stray(tx: Tx, one: Said) -> bool:
    """Money that nobody can place, in suspense; true where it was not there already. When its
    payment turns up, it goes from there to the payer."""
    report = one.report
    if report.state is not State.PAID or report.amount is None:
        return False
    name = charge_name(report)
    received = report.received or report.amount
    kept = fee_of(report, received)
    stored = await tx.fetchval(
        """
        INSERT INTO payments.charge (provider, ref, amount, currency, received,
                                     received_currency, fee, fit, paid_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 'stray', $8)
        ON CONFLICT (provider, ref) DO NOTHING RETURNING id
        """,
        *(one.provider, name, report.amount.amount, report.amount.currency),
        *(received.amount, received.currency, None if kept is None else kept.amount),
        report.at or clock.now(),
    )
    if stored is None:
        return False
    await ledger.post(
        tx,
        key=f"payments.stray:{one.provider}:{name}",
        legs=arrival(one.provider, received, kept, suspense(received.currency)),
    )
    return True


def _judged(case: Case, one: Said, purposes: Mapping[str, Purpose]) -> Settled:
    report, payment = one.report, case.payment
    purpose = purposes.get(payment.purpose)
    booked = case.charge is not None and case.charge.payment_id is not None
    if report.state is State.PAID and report.amount is None and not booked:
        raise Mute(f"{one.provider} says that {report.ref} is paid, and not how much.")
    if not booked and report.amount is not None:
        payment = case.payment = _as_agreed(payment, report.amount)
    case.ruling = judge(
        payment,
        report,
        booked=booked,
        others=case.others,
        deliver_late=purpose is not None and purpose.deliver_late,
    )
    before = case.charge.refunded if case.charge is not None else None
    more = bool(report.disputes) or (
        report.refunded is not None  # less than was booked matters, too
        and bool(report.refunded if before is None else report.refunded != before)
    )
    what = case.ruling.fit or case.ruling.status or "nothing new"
    return Settled(str(what), payment.id, more=more)


def _as_agreed(payment: Payment, paid: Money) -> Payment:
    """Two sheets of one payment may be open inside Telegram, with a tip in one of them."""
    totals = [payment.price, *(each.total for each in payment.agreements)]
    if payment.status is Status.SUCCEEDED or paid == payment.amount or paid not in totals:
        return payment
    return replace(payment, amount=paid)


def _changes(case: Case) -> bool:
    return (
        case.ruling != NOTHING
        or case.attempt.status != "ok"
        or case.attempt.ref is None
        or case.attempt.said != last_said(case)
        or new_fee(case) is not None
        or (case.payment.save and bool(case.report.saved))
    )


def _on_paid(purposes: Mapping[str, Purpose], payment: Payment) -> OnPaid:
    if payment.purpose not in purposes:
        raise LookupError(f"No app here delivers {payment.purpose}.")
    return purposes[payment.purpose].on_paid


async def _alone(tx: Tx, case: Case, purposes: Mapping[str, Purpose]) -> None:
    if case.ruling.deliver:
        try:
            async with tx.savepoint():
                case.delivered = await _on_paid(purposes, case.payment)(tx, case.payment)
                await post(tx, [case])
                return
        except Exception as error:
            if isinstance(error, LOST_RACE) or lost_connection(error):
                raise
            case.delivered, case.error = None, error
            _log.error(
                "payments.delivery_failed",
                payment=case.payment.id,
                purpose=case.payment.purpose,
                exc_info=error,
            )
    await post(tx, [case])
