"""What a provider's word means for a payment: pure rules, no I/O.

Money that arrived is never dropped. Where it fits, what was bought is delivered; where it does
not (too little, late, twice, another currency), it goes to the payer's wallet, and they are told.
"""

from dataclasses import dataclass

from kassa.money import Money
from kassa.payments.models import Payment, Status
from kassa.payments.providers.protocol import Report, State

# How far along an open payment is: it never goes back.
_ORDER = {
    Status.CREATED: 0,
    Status.AWAITING_PAYER: 1,
    Status.PROCESSING: 2,
    Status.AUTHORIZED: 3,
}
_FORWARD = {
    State.WAITING: Status.AWAITING_PAYER,
    State.PROCESSING: Status.PROCESSING,
    State.AUTHORIZED: Status.AUTHORIZED,
}
_ENDED = {
    State.FAILED: Status.FAILED,
    State.CANCELED: Status.CANCELED,
    State.EXPIRED: Status.EXPIRED,
}


@dataclass(frozen=True, slots=True)
class Ruling:
    """`fit` is how money that arrived fits, None where there is none that is new."""

    status: Status | None = None  # what the payment becomes; None: what it is
    reason: str = ""
    fit: str | None = None
    deliver: bool = False
    odd: bool = False  # the payer and the operator are to be told


NOTHING = Ruling()


def judge(
    payment: Payment, report: Report, *, booked: bool, others: bool, deliver_late: bool
) -> Ruling:
    """`booked`: this charge is in the books already. `others`: another attempt may yet be paid."""
    if report.state is State.PAID:
        if booked:
            return NOTHING
        assert report.amount is not None
        return _paid(payment, report.amount, deliver_late=deliver_late)
    if not payment.is_open:
        return NOTHING
    if report.state in _ENDED:
        return NOTHING if others else Ruling(_ENDED[report.state], report.reason)
    wanted = _FORWARD[report.state]
    return Ruling(wanted) if _ORDER[wanted] > _ORDER[payment.status] else NOTHING


def _paid(payment: Payment, amount: Money, *, deliver_late: bool) -> Ruling:
    if payment.status is Status.SUCCEEDED:
        return Ruling(fit="twice", odd=True)
    wanted = payment.is_open or (deliver_late and payment.status in (Status.EXPIRED, Status.FAILED))
    if amount.currency != payment.amount.currency:
        fit = "currency"
    elif amount < payment.amount:
        fit = "short"
    elif not wanted:
        fit = "late"
    else:
        over = amount > payment.amount
        return Ruling(Status.SUCCEEDED, "", "over" if over else "exact", deliver=True, odd=over)
    status = Status.FAILED if payment.is_open else None
    return Ruling(status, fit if status else "", fit, odd=True)
