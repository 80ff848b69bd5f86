"""Payments: every provider behind one durable inbox, nothing lost, nothing twice."""

from kassa.payments.inbox import Inbox
from kassa.payments.looking import Looking
from kassa.payments.models import (
    Agreed,
    Asked,
    Attempt,
    CannotRefund,
    Charge,
    Delivered,
    Event,
    Message,
    NoSuchMethod,
    NoSuchPayment,
    NotOpen,
    Offer,
    OutcomeUnknown,
    Payment,
    Purpose,
    Refund,
    ShippingOption,
    Started,
    Status,
)
from kassa.payments.providers.protocol import Checkout, Invoice, Item, Payer, Requisite
from kassa.payments.service import Payments

__all__ = [
    "Agreed",
    "Asked",
    "Attempt",
    "CannotRefund",
    "Charge",
    "Checkout",
    "Delivered",
    "Event",
    "Inbox",
    "Invoice",
    "Item",
    "Looking",
    "Message",
    "NoSuchMethod",
    "NoSuchPayment",
    "NotOpen",
    "Offer",
    "OutcomeUnknown",
    "Payer",
    "Payment",
    "Payments",
    "Purpose",
    "Refund",
    "Requisite",
    "ShippingOption",
    "Started",
    "Status",
]
