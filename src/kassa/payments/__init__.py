"""Payments: every provider behind one durable inbox, nothing lost, nothing twice."""

from kassa.payments.inbox import Inbox
from kassa.payments.looking import Looking
from kassa.payments.models import (
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
    Started,
    Status,
)
from kassa.payments.providers.protocol import Checkout, Item, Payer, Requisite
from kassa.payments.service import Payments

__all__ = [
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
    "Started",
    "Status",
]
