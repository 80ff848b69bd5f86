"""What YooKassa's API is asked and what it shows, as JSON. Amounts are texts: "500.00"."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from kassa.errors import Invalid
from kassa.money import Money
from kassa.payments.providers.protocol import Checkout, Item, Order, Payer, Report, State
from kassa.payments.providers.reading import kept, moment, part, text

Object = Mapping[str, Any]

KEY = "kassa"  # in metadata: our key, on everything that we make
_STATES = {
    "pending": State.WAITING,
    "waiting_for_capture": State.AUTHORIZED,
    "succeeded": State.PAID,
}
_CANCELED = {
    "expired_on_confirmation": State.EXPIRED,
    "expired_on_capture": State.EXPIRED,
    "canceled_by_merchant": State.CANCELED,
}

# -- what is asked -----------------------------------------------------------------


def amount_for(money: Money) -> dict[str, str]:
    if money.currency != "RUB":
        raise Invalid(f"YooKassa takes rubles, and no {money.currency}.")
    return {"value": str(money.decimal), "currency": money.currency}


def payment_for(
    order: Order, methods: Mapping[str, str], *, vat: int | None, home: str
) -> dict[str, Any]:
    """The same order is the same request, since its key wants that."""
    body: dict[str, Any] = {
        "amount": amount_for(order.amount),
        "capture": not order.hold,
        "description": order.description[:128],
        "metadata": {KEY: order.key},
    }
    if order.saved:
        body["payment_method_id"] = order.saved
    else:
        back = order.return_url or home
        if not back:
            raise Invalid("There is nowhere to come back to: set PUBLIC_BASE_URL.")
        body["confirmation"] = {"type": "redirect", "return_url": back}
        if order.method and order.method not in methods:
            raise Invalid(f"YooKassa has no way to pay that is called {order.method}.")
        if order.method:
            body["payment_method_data"] = {"type": methods[order.method]}
        if order.save:
            body["save_payment_method"] = True
    if vat is not None:
        line = order.description or "Оплата"
        body["receipt"] = receipt_for(order.items, order.amount, order.payer, line=line, vat=vat)
    return body


def receipt_for(
    items: Sequence[Item], amount: Money, payer: Payer, *, line: str, vat: int
) -> dict[str, Any]:
    """By 54-FZ: lines that come to the amount (one, where none are given), sent to the payer."""
    if not payer.email and not payer.phone:
        raise Invalid("A receipt needs the payer's email or phone, and there is neither.")
    lines = items or [Item(line, amount)]
    if sum((each.amount * each.quantity for each in lines), Money(0, amount.currency)) != amount:
        raise Invalid(f"The lines of the receipt do not come to {amount}.")
    customer = {"email": payer.email} if payer.email else {"phone": payer.phone.lstrip("+")}
    return {"customer": customer, "items": receipt_lines(lines, vat)}


def receipt_lines(lines: Sequence[Item], vat: int) -> list[dict[str, Any]]:
    return [
        {
            "description": each.description[:128],
            "quantity": each.quantity,
            "amount": amount_for(each.amount),
            "vat_code": vat if each.vat is None else each.vat,
            "payment_mode": "full_payment",
            "payment_subject": "service",
        }
        for each in lines
    ]


# -- what is shown -----------------------------------------------------------------


def key_of(thing: Object) -> str:
    """Ours; empty for what somebody else made in the same shop."""
    marks = thing.get("metadata")
    key = marks.get(KEY) if isinstance(marks, Mapping) else None
    return kept(key)


def report_of(payment: Object) -> Report:
    status, reason = text(payment, "status"), ""
    page, details = payment.get("confirmation"), payment.get("cancellation_details")
    if status == "canceled":
        reason = text(details, "reason") if isinstance(details, Mapping) else ""
        state = _CANCELED.get(reason, State.FAILED)
    else:
        state = _STATES.get(status, State.PROCESSING)
    if state is State.WAITING and not isinstance(page, Mapping):
        state = State.PROCESSING  # there is nothing left to do for the payer
    amount = _money(payment, "amount")
    arrived, returned = (_maybe(payment, name) for name in ("income_amount", "refunded_amount"))
    is_paid = state is State.PAID
    saved, title = _saved(payment)
    return Report(
        ref=text(payment, "id", most=64),
        state=state,
        key=key_of(payment),
        amount=amount if state in {State.PAID, State.AUTHORIZED} else None,
        fee=amount - arrived if arrived is not None and is_paid else None,
        refunded=(returned or Money(0, amount.currency)) if is_paid else None,
        saved=saved,
        saved_title=title,
        reason=reason,
        checkout=_checkout(page),
        at=moment(payment.get("captured_at")),
    )


def _checkout(page: object) -> Checkout | None:
    if not isinstance(page, Mapping):
        return None
    return Checkout(url=text(page, "confirmation_url", most=5000, empty=True))


def _money(fields: Object, name: str) -> Money:
    amount = part(fields, name)
    return Money.from_decimal(text(amount, "value"), text(amount, "currency"))


def _maybe(fields: Object, name: str) -> Money | None:
    return _money(fields, name) if fields.get(name) is not None else None


def _saved(payment: Object) -> tuple[str, str]:
    method = payment.get("payment_method")
    if not isinstance(method, Mapping) or method.get("saved") is not True:
        return "", ""
    title = text(method, "title", empty=True)
    card = method.get("card")
    if isinstance(card, Mapping) and card.get("last4"):
        title = f"{text(card, 'card_type', empty=True)} *{text(card, 'last4')}".strip()
    return text(method, "id", most=64), title


def reason_of(status: int, answer: object) -> str:
    """What an error says, for the operator."""
    said = answer if isinstance(answer, Mapping) else {}
    words = [str(said[name]) for name in ("code", "description", "parameter") if said.get(name)]
    return f"{': '.join(words) or 'no words'} ({status})"[:500]


# -- what is simulated -------------------------------------------------------------

_KINDS = {
    State.PAID: ("payment.succeeded", "succeeded"),
    State.AUTHORIZED: ("payment.waiting_for_capture", "waiting_for_capture"),
    State.FAILED: ("payment.canceled", "canceled"),
    State.CANCELED: ("payment.canceled", "canceled"),
    State.EXPIRED: ("payment.canceled", "canceled"),
}
_REASONS = {State.CANCELED: "canceled_by_merchant", State.EXPIRED: "expired_on_confirmation"}


def event_of(report: Report, *, at: datetime, shop: str) -> dict[str, Any]:
    """A notification as YooKassa would send it."""
    if report.refunded:
        about: dict[str, Any] = {
            "id": f"refund-{report.ref}"[:64],
            "payment_id": report.ref,
            "status": "succeeded",
            "created_at": at.isoformat(),
            "amount": amount_for(report.refunded),
        }
        return {"type": "notification", "event": "refund.succeeded", "object": about}
    kind, status = _KINDS.get(report.state, ("payment.pending", "pending"))
    about = {
        "id": report.ref,
        "status": status,
        "amount": amount_for(report.amount or Money(100, "RUB")),
        "recipient": {"account_id": shop, "gateway_id": "1"},
        "metadata": {KEY: report.key},
        "created_at": at.isoformat(),
        "paid": status not in {"canceled", "pending"},
    }
    if status == "canceled":
        reason = report.reason or _REASONS.get(report.state, "general_decline")
        about["cancellation_details"] = {"party": "yoo_money", "reason": reason}
    if report.state is State.PAID:
        about["captured_at"] = at.isoformat()
    return {"type": "notification", "event": kind, "object": about}
