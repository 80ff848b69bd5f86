"""Rows of the tables as records, and back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from kassa.money import Money
from kassa.payments import invoices
from kassa.payments.models import Agreed, Attempt, Charge, Payment, Refund, Status
from kassa.payments.providers.protocol import Checkout, Invoice, Item, Payer, Requisite

PAYMENT = """p.id, p.user_id, p.bot, p.purpose, p.subject, p.amount, p.currency, p.description,
             p.details, p.hold, p.status, p.reason, p.delivery, p.delivery_error, p.created_at,
             p.expires_at, p.paid_at, p.looks, p.shown"""
ATTEMPT = """a.id, a.payment_id, a.provider, a.method, a.key, a.ref, a.saved, a.status, a.said,
             a.why, a.checkout, a.capture, a.capture_of, a.asked_at, a.created_at"""
CHARGE = """c.id, c.provider, c.ref, c.payment_id, c.attempt_id, c.amount, c.currency, c.received,
            c.received_currency, c.fee, c.fit, c.refunded, c.paid_at"""
REFUND = """r.id, r.payment_id, r.charge_id, r.key, r.amount, r.currency, r.share, r.status,
            r.outside, r.ref, r.reason, r.why, r.holds, r.taken_back, r.created_at, r.asked_at,
            r.done_at"""


class Row(Protocol):
    def __getitem__(self, name: str, /) -> Any: ...


def payment(row: Row) -> Payment:
    details = row["details"]
    currency = row["currency"]
    return Payment(
        id=row["id"],
        user=row["user_id"],
        bot=row["bot"],
        purpose=row["purpose"],
        subject=row["subject"],
        amount=Money(row["amount"], currency),
        description=row["description"],
        payer=Payer(**details.get("payer", {})),
        items=tuple(
            Item(
                each["description"], Money(each["amount"], currency), each["quantity"], each["vat"]
            )
            for each in details.get("items", ())
        ),
        return_url=details.get("return_url", ""),
        cancel_url=details.get("cancel_url", ""),
        data=details.get("data", {}),
        hold=row["hold"],
        save=details.get("save", False),
        status=Status(row["status"]),
        reason=row["reason"],
        delivery=row["delivery"],
        delivery_error=row["delivery_error"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        paid_at=row["paid_at"],
        looks=row["looks"],
        shown=tuple(row["shown"]),
        invoice=invoices.read(details.get("invoice")),
        listed=Money(details["listed"], currency) if "listed" in details else None,
        agreements=tuple(
            Agreed(
                Money(each["total"], currency),
                Money(each["tip"], currency),
                each["shipping"],
                each["order_info"],
            )
            for each in details.get("agreed", ())
        ),
        agreed_at=datetime.fromisoformat(details["asked"]["at"]) if "asked" in details else None,
    )


def details(
    *,
    payer: Payer,
    items: tuple[Item, ...],
    return_url: str,
    cancel_url: str,
    data: Mapping[str, Any],
    save: bool,
    invoice: Invoice | None,
) -> dict[str, Any]:
    """Only what is there: most payments have little of it."""
    said = {name: getattr(payer, name) for name in Payer.__dataclass_fields__}
    found: dict[str, Any] = {
        "payer": {name: value for name, value in said.items() if value},
        "items": [
            {
                "description": each.description,
                "amount": each.amount.amount,
                "quantity": each.quantity,
                "vat": each.vat,
            }
            for each in items
        ],
        "return_url": return_url,
        "cancel_url": cancel_url,
        "data": dict(data),
        "save": save,
        "invoice": None if invoice is None else invoices.written(invoice),
    }
    return {name: value for name, value in found.items() if value}


def attempt(row: Row) -> Attempt:
    return Attempt(
        id=row["id"],
        payment_id=row["payment_id"],
        provider=row["provider"],
        method=row["method"],
        key=row["key"],
        ref=row["ref"],
        saved=row["saved"],
        status=row["status"],
        said=row["said"],
        why=row["why"],
        checkout=row["checkout"] and checkout(row["checkout"]),
        capture=row["capture"],
        capture_of=row["capture_of"],
        asked_at=row["asked_at"],
        created_at=row["created_at"],
    )


def charge(row: Row) -> Charge:
    received = row["received_currency"]
    return Charge(
        id=row["id"],
        provider=row["provider"],
        ref=row["ref"],
        payment_id=row["payment_id"],
        attempt_id=row["attempt_id"],
        amount=Money(row["amount"], row["currency"]),
        received=Money(row["received"], received),
        fee=None if row["fee"] is None else Money(row["fee"], received),
        fit=row["fit"],
        refunded=Money(row["refunded"], row["currency"]),
        paid_at=row["paid_at"],
    )


def refund(row: Row) -> Refund:
    return Refund(
        id=row["id"],
        payment_id=row["payment_id"],
        charge_id=row["charge_id"],
        key=row["key"],
        amount=Money(row["amount"], row["currency"]),
        share=Money(row["share"], row["currency"]),
        status=row["status"],
        outside=row["outside"],
        ref=row["ref"],
        reason=row["reason"],
        why=row["why"],
        holds=row["holds"],
        taken_back=row["taken_back"],
        created_at=row["created_at"],
        asked_at=row["asked_at"],
        done_at=row["done_at"],
    )


def checkout(said: Mapping[str, Any]) -> Checkout:
    amount, expires = said.get("amount"), said.get("expires_at")
    return Checkout(
        url=said.get("url", ""),
        requisites=tuple(Requisite(name, value) for name, value in said.get("requisites", ())),
        amount=Money(amount[0], amount[1]) if amount else None,
        expires_at=datetime.fromisoformat(expires) if expires else None,
        mini_app_url=said.get("mini_app_url", ""),
        invoice=said.get("invoice"),
    )


def checkout_json(shown: Checkout) -> dict[str, Any]:
    return {
        "url": shown.url,
        "requisites": [(each.name, each.value) for each in shown.requisites],
        "amount": shown.amount and (shown.amount.amount, shown.amount.currency),
        "expires_at": shown.expires_at and shown.expires_at.isoformat(),
        "mini_app_url": shown.mini_app_url,
        **({} if shown.invoice is None else {"invoice": dict(shown.invoice)}),
    }
