"""An app at Crypto Pay, for the tests of it."""

from datetime import UTC, datetime
from typing import Any

from kassa import clock
from kassa.money import Money
from kassa.payments.providers.cryptopay import CryptoPay
from kassa.payments.providers.protocol import (
    Callback,
    Created,
    GiveBack,
    Incoming,
    Order,
    Payer,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TOKEN = "12345:TESTTOKEN"

INVOICE: dict[str, Any] = {
    "invoice_id": 528890,
    "hash": "IVTEST",
    "currency_type": "fiat",
    "fiat": "RUB",
    "amount": "145.00",
    "paid_asset": "TON",
    "paid_amount": "0.3625",
    "fee_asset": "TON",
    "fee_amount": 0.010875,
    "status": "paid",
    "payload": "key-1",
    "paid_at": "2026-11-20T11:59:00.000Z",
    "created_at": "2026-11-20T11:50:00.000Z",
}


def accepted(provider: CryptoPay, callback: Callback) -> Incoming:
    provider.verify(callback, at=NOW)
    return provider.parse(callback)


def back(amount: int, paid: int = 145_00, received: Money | None = None) -> GiveBack:
    return GiveBack(
        "refund-1",
        "1",
        "",
        Money(amount, "RUB"),
        paid=Money(paid, "RUB"),
        payer=Payer(telegram_id=7),
        received=received,
    )


def order(key: str = "key-1", amount: Money | None = None, **more: Any) -> Order:
    asked = amount or Money(145_00, "RUB")
    return Order(key, asked, "30 days", user=7, created_at=clock.now(), **more)


async def made(provider: CryptoPay, asked: Order) -> Created:
    created = await provider.create(asked)
    assert isinstance(created, Created), created
    return created
