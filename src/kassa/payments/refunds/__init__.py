"""Money that goes back: asked for by us, or learnt of from outside.

Ours sets aside what it will take back, then calls the provider, then books or frees it. One
from outside has happened and is always booked: what the payer's wallet cannot give they owe.
"""

from kassa.payments.refunds.booking import take_back_again
from kassa.payments.refunds.case import (
    DOUBTED,
    Case,
    load,
    load_refund,
    lock,
    look_soon,
    of_payment,
)
from kassa.payments.refunds.ours import give_back, prepare, resolve
from kassa.payments.refunds.outside import confirm_total, reported

__all__ = [
    "DOUBTED",
    "Case",
    "confirm_total",
    "give_back",
    "load",
    "load_refund",
    "lock",
    "look_soon",
    "of_payment",
    "prepare",
    "reported",
    "resolve",
    "take_back_again",
]
