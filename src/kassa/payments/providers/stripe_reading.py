"""What Stripe's objects say of a payment, whether they come in an answer or in an event."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from kassa.errors import Invalid
from kassa.money import EXPONENTS, Money
from kassa.payments.providers.protocol import Checkout, Dispute, Refused, Report, State
from kassa.payments.providers.reading import kept, moment, part, text, whole

Object = Mapping[str, Any]

KEY = "kassa"  # in metadata: our key, on everything that we make
SAVED = "kassa_saved"  # … a payment intent of its own, without a session
HOLD = "kassa_hold"  # … a session whose money is only held

# Stripe counts these with other decimals than everybody: MGA without any, ISK and UGX with two.
_SHIFT = {"MGA": -2, "ISK": 2, "UGX": 2}


def to_stripe(money: Money) -> int:
    """The `amount` that asks for it; Invalid where Stripe cannot say so little."""
    shift = _SHIFT.get(money.currency, 0)
    decimals = EXPONENTS[money.currency] + shift
    if decimals > 3:
        raise Invalid(f"Stripe takes no payments in {money.currency}.")
    step: int = 10 ** max(-shift, decimals - 2, 0)  # three decimals: the last one must be 0
    if money.amount % step:
        raise Invalid(f"Stripe takes {money.currency} in steps of {Money(step, money.currency)}.")
    units: int = money.amount * 10 ** max(shift, 0) // 10 ** max(-shift, 0)
    return units


def from_stripe(amount: int, currency: str) -> Money:
    code = currency.upper()
    shift = _SHIFT.get(code, 0)
    amount *= 10 ** max(-shift, 0)
    if amount % 10 ** max(shift, 0):
        raise Invalid(f"{amount} is no whole amount of {code}.")
    return Money(amount // 10 ** max(shift, 0), code)


def _money(fields: Object, name: str) -> Money:
    return from_stripe(whole(fields, name), text(fields, "currency"))


def name_of(value: object) -> str:
    """The id of what may be an id, an object, or nothing."""
    if isinstance(value, Mapping):
        value = value.get("id")
    return kept(value)


def _marks(fields: Object) -> Object:
    marks = fields.get("metadata")
    return marks if isinstance(marks, Mapping) else {}


def key_of(fields: Object) -> str:
    """Ours; empty for what somebody else made in the same account."""
    key = _marks(fields).get(KEY)
    return kept(key)


# -- sessions ----------------------------------------------------------------------


def checkout_of(session: Object) -> Checkout:
    return Checkout(
        url=text(session, "url", most=5000, empty=True),
        expires_at=moment(session.get("expires_at")),
    )


def of_session(session: Object) -> Report:
    """Of one whose payment intent is expanded, as `status` and `find` ask for it."""
    intent = session.get("payment_intent")
    report = of_intent(intent) if isinstance(intent, Mapping) else None
    state = report.state if report else State.WAITING
    if text(session, "status") == "expired":
        state = State.EXPIRED
    elif session.get("payment_status") == "no_payment_required":
        state = State.PAID
    elif state is State.FAILED and session.get("status") == "open":
        state = State.WAITING  # the payer may try again
    return replace(
        report or Report("", state),
        ref=text(session, "id"),
        key=key_of(session),
        state=state,
        checkout=checkout_of(session),
    )


def _of_session_in(kind: str, session: Object) -> Report:
    if kind == "checkout.session.expired":
        state = State.EXPIRED
    elif kind == "checkout.session.async_payment_failed":
        state = State.FAILED
    elif text(session, "payment_status") != "unpaid":
        state = State.PAID
    else:  # a card's money is held, or a bank takes its days
        state = State.AUTHORIZED if _marks(session).get(HOLD) else State.PROCESSING
    paid = state in {State.PAID, State.AUTHORIZED}
    return Report(
        ref=text(session, "id"),
        state=state,
        key=key_of(session),
        charge=name_of(session.get("payment_intent")),
        amount=_money(session, "amount_total") if paid else None,
    )


# -- payment intents, charges, disputes ---------------------------------------------


_INTENT = {
    "processing": State.PROCESSING,
    "requires_capture": State.AUTHORIZED,
    "succeeded": State.PAID,
    "canceled": State.CANCELED,
}


def of_intent(intent: Object) -> Report:
    """The charge in it is read, too, where it is expanded."""
    name, marks, status = text(intent, "id"), _marks(intent), text(intent, "status")
    state = _INTENT.get(status, State.WAITING)
    error = intent.get("last_payment_error")
    reason = text(intent, "cancellation_reason", empty=True)
    if isinstance(error, Mapping) and state is State.WAITING:
        state = State.FAILED
        reason = text(error, "decline_code", empty=True) or text(error, "code", empty=True)
    elif state is State.WAITING and marks.get(SAVED):
        state, reason = State.FAILED, status  # nobody sits there who could confirm it
    amount = None
    if state in {State.PAID, State.AUTHORIZED}:
        held = "amount_capturable" if state is State.AUTHORIZED else "amount_received"
        amount = _money(intent, held)
    saved = ""
    if state is State.PAID and (intent.get("setup_future_usage") or marks.get(SAVED)):
        customer, method = name_of(intent.get("customer")), name_of(intent.get("payment_method"))
        saved = f"{customer}/{method}" if customer and method else ""
    charge = intent.get("latest_charge")
    told: Object = charge if isinstance(charge, Mapping) and state is State.PAID else {}
    report = of_charge(told) if told else Report("", state)
    return replace(
        report,
        ref=name if marks.get(SAVED) else "",
        key=key_of(intent),
        charge=name,
        state=state,
        amount=amount,
        saved=saved,
        saved_title=_title(told) if saved else "",
        reason=reason,
    )


def of_charge(charge: Object) -> Report:
    """All but its session, which a charge does not know."""
    intent, marks = name_of(charge.get("payment_intent")), _marks(charge)
    taken, given_back = whole(charge, "amount_captured"), whole(charge, "amount_refunded")
    if not charge.get("captured"):
        held = State.CANCELED if charge.get("refunded") else State.AUTHORIZED
        state = held if charge.get("status") == "succeeded" else State.WAITING
    elif charge.get("status") == "pending":
        state = State.PROCESSING
    else:
        state = State.PAID if charge.get("status") == "succeeded" else State.FAILED
    report = Report(
        ref=intent if marks.get(SAVED) else "",
        state=state,
        key=key_of(charge),
        charge=intent or text(charge, "id"),
        at=moment(charge.get("created")),
    )
    if state is not State.PAID:
        return report
    # What was held and not captured counts as refunded there. It was never ours.
    released = whole(charge, "amount") - taken
    currency = text(charge, "currency")
    report = replace(
        report,
        amount=from_stripe(taken, currency),
        refunded=from_stripe(max(given_back - released, 0), currency),
    )
    moved = charge.get("balance_transaction")
    if isinstance(moved, Mapping):
        arrived = _money(moved, "amount")
        report = replace(
            report,
            fee=_money(moved, "fee"),
            received=arrived if arrived.currency != currency.upper() else None,
            at=moment(moved.get("created")) or report.at,
        )
    return report


def _title(charge: Object) -> str:
    how = charge.get("payment_method_details")
    card = how.get("card") if isinstance(how, Mapping) else None
    if not isinstance(card, Mapping):
        return ""
    return f"{text(card, 'brand', empty=True).title()} *{text(card, 'last4', empty=True)}"


_DISPUTE = {"needs_response": "open", "under_review": "open", "won": "won", "lost": "lost"}


def of_dispute(dispute: Object) -> Dispute | None:
    """None for an inquiry, which moves no money."""
    status = text(dispute, "status")
    if status not in _DISPUTE:
        return None
    state: Any = _DISPUTE[status]
    return Dispute(text(dispute, "id"), _money(dispute, "amount"), state, _cost(dispute))


def _cost(dispute: Object) -> Money | None:
    """What the dispute costs beside its amount; a fee that is given back is none."""
    moves = dispute.get("balance_transactions") or []
    if not isinstance(moves, list) or not all(isinstance(each, Mapping) for each in moves):
        raise Refused("balance_transactions is no list of objects.")
    costs = [_money(moved, "fee") for moved in moves]
    of_one = [cost for cost in costs if cost.currency == costs[0].currency]
    fee = sum(of_one[1:], of_one[0]) if of_one else None
    return fee if fee is not None and fee.amount > 0 else None


def with_disputes(report: Report, disputes: Sequence[Object]) -> Report:
    found = tuple(each for dispute in disputes if (each := of_dispute(dispute)))
    return replace(report, disputes=found)


# -- events ------------------------------------------------------------------------

_SESSIONS = {
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
}
_INTENTS = {
    "payment_intent.amount_capturable_updated",
    "payment_intent.succeeded",
    "payment_intent.canceled",
}
_REFUNDS = {"refund.failed", "refund.updated", "charge.refund.updated"}

# What Stripe is to be told to send.
WANTED = frozenset(
    {
        *_SESSIONS,
        *_INTENTS,
        "payment_intent.payment_failed",
        "charge.refunded",
        "charge.dispute.created",
        "charge.dispute.updated",
        "charge.dispute.closed",
        "refund.failed",
    }
)


def of_event(event: Object) -> tuple[Report, ...]:
    """Empty where it is nothing to us, or of what somebody else made in the same account."""
    kind, thing = text(event, "type"), part(part(event, "data"), "object")
    if kind.startswith("charge.dispute."):
        dispute = of_dispute(thing)
        charge = name_of(thing.get("payment_intent")) or name_of(thing.get("charge"))
        return (Report("", State.PAID, charge=charge, disputes=(dispute,)),) if dispute else ()
    if kind in _REFUNDS and thing.get("status") in {"failed", "canceled"}:
        # The money came back to us, and the total is not said: it has to be asked for.
        charge = name_of(thing.get("payment_intent")) or name_of(thing.get("charge"))
        return (Report("", State.PAID, charge=charge),)
    if not key_of(thing):
        return ()
    if kind in _SESSIONS:
        report = _of_session_in(kind, thing)
        return (replace(report, at=moment(event.get("created"))),)
    failed = _marks(thing).get(SAVED) and kind == "payment_intent.payment_failed"
    if kind in _INTENTS or failed:
        return (of_intent(thing),)
    return (of_charge(thing),) if kind == "charge.refunded" else ()


def says_all(event: Object) -> bool:
    """False where the event is only a reason to ask."""
    return event.get("type") not in _REFUNDS
