"""Events as Stripe would send them, made from a report: for `simulate` and for the doctor."""

from datetime import datetime
from hashlib import sha256
from typing import Any

from kassa.money import Money
from kassa.payments.providers import stripe_reading as reading
from kassa.payments.providers.protocol import Report, State

_SESSION = {
    State.PAID: "checkout.session.completed",
    State.PROCESSING: "checkout.session.completed",
    State.AUTHORIZED: "checkout.session.completed",
    State.FAILED: "checkout.session.async_payment_failed",
    State.EXPIRED: "checkout.session.expired",
}
_INTENT = {
    State.PAID: ("payment_intent.succeeded", "succeeded"),
    State.PROCESSING: ("payment_intent.processing", "processing"),
    State.AUTHORIZED: ("payment_intent.amount_capturable_updated", "requires_capture"),
    State.FAILED: ("payment_intent.payment_failed", "requires_payment_method"),
    State.CANCELED: ("payment_intent.canceled", "canceled"),
}
_DISPUTE = {"open": "needs_response", "won": "won", "lost": "lost"}


def event_of(report: Report, *, at: datetime, live: bool) -> dict[str, Any]:
    """The same report at the same time is the same event."""
    if report.disputes:
        kind, thing = _dispute(report)
    elif report.refunded:
        kind, thing = "charge.refunded", _charge(report)
    elif report.state in _SESSION and not report.ref.startswith("pi_"):
        kind, thing = _SESSION[report.state], _session(report)
    else:
        kind, thing = _intent(report)
    seconds = int(at.timestamp())
    name = sha256(f"{report} {seconds}".encode()).hexdigest()[:24]
    return {
        "id": f"evt_{name}",
        "object": "event",
        "created": seconds,
        "livemode": live,
        "type": kind,
        "data": {"object": thing | {"livemode": live}},
    }


def _session(report: Report) -> dict[str, Any]:
    amount = report.amount or Money(100, "USD")
    hold = {reading.HOLD: "1"} if report.state is State.AUTHORIZED else {}
    return {
        "id": report.ref,
        "object": "checkout.session",
        "status": "expired" if report.state is State.EXPIRED else "complete",
        "payment_status": "paid" if report.state is State.PAID else "unpaid",
        "payment_intent": report.charge or None,
        "client_reference_id": report.key,
        "amount_total": reading.to_stripe(amount),
        "currency": amount.currency.lower(),
        "metadata": {reading.KEY: report.key} | hold,
    }


def _intent(report: Report) -> tuple[str, dict[str, Any]]:
    kind, status = _INTENT.get(report.state, ("payment_intent.created", "requires_action"))
    amount = report.amount or Money(100, "USD")
    units = reading.to_stripe(amount)
    saved = {reading.SAVED: "1"} if report.ref.startswith("pi_") else {}
    error = {"code": report.reason} if report.state is State.FAILED else None
    return kind, {
        "id": report.charge or report.ref,
        "object": "payment_intent",
        "status": status,
        "amount": units,
        "amount_received": units if report.state is State.PAID else 0,
        "amount_capturable": units if report.state is State.AUTHORIZED else 0,
        "currency": amount.currency.lower(),
        "last_payment_error": error,
        "metadata": {reading.KEY: report.key} | saved,
    }


def _charge(report: Report) -> dict[str, Any]:
    refunded = report.refunded or Money(0, "USD")
    amount = reading.to_stripe(report.amount or refunded)
    saved = {reading.SAVED: "1"} if report.ref.startswith("pi_") else {}
    return {
        "id": f"ch_{report.charge or report.ref}",
        "object": "charge",
        "status": "succeeded",
        "payment_intent": report.charge or report.ref,
        "captured": True,
        "refunded": reading.to_stripe(refunded) == amount,
        "amount": amount,
        "amount_captured": amount,
        "amount_refunded": reading.to_stripe(refunded),
        "currency": refunded.currency.lower(),
        "created": int(report.at.timestamp()) if report.at else None,
        "metadata": {reading.KEY: report.key} | saved,
    }


def _dispute(report: Report) -> tuple[str, dict[str, Any]]:
    dispute = report.disputes[0]
    kind = "created" if dispute.state == "open" else "closed"
    return f"charge.dispute.{kind}", {
        "id": dispute.ref,
        "object": "dispute",
        "status": _DISPUTE[dispute.state],
        "payment_intent": report.charge or report.ref,
        "amount": reading.to_stripe(dispute.amount),
        "currency": dispute.amount.currency.lower(),
        "balance_transactions": [],
    }
