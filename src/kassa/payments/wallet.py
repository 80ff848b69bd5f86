"""The simplest thing to pay for: money on one's own balance."""

from kassa.db import Tx
from kassa.ledger import Account, wallet
from kassa.money import Money
from kassa.payments.models import Delivered, Message, Payment, Purpose, Refund


async def _keep(tx: Tx, payment: Payment) -> Delivered:
    """It is in the wallet already."""
    told = Message("wallet-topped-up", {"amount": str(payment.amount)}, app="payments")
    return Delivered(messages=[told])


async def _give(tx: Tx, payment: Payment, refund: Refund) -> Delivered:
    """It leaves the wallet by itself."""
    return Delivered()


async def _held(tx: Tx, payment: Payment, refund: Refund) -> list[tuple[Account, Money]]:
    return [(wallet(payment.user, refund.share.currency), refund.share)]


TOPUP = Purpose("wallet.topup", on_paid=_keep, on_refunded=_give, holds=_held, deliver_late=True)
