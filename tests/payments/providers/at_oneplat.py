"""A shop at 1Plat, for the tests of it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from kassa.money import Money
from kassa.payments.providers.oneplat import OnePlat
from kassa.payments.providers.protocol import (
    Callback,
    Created,
    Incoming,
    Order,
    Refused,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SECRET = "TESTSECRET"


def rub(kopecks: int) -> Money:
    return Money(kopecks, "RUB")


def order(key: str = "key-1", amount: int = 145_00, method: str = "card", **more: Any) -> Order:
    return Order(key, rub(amount), "30 days", user=7, method=method, **more)


def refused(provider: OnePlat, callback: Callback) -> str:
    with pytest.raises(Refused) as caught:
        provider.verify(callback, at=NOW)
        provider.parse(callback)
    return str(caught.value)


def accepted(provider: OnePlat, callback: Callback) -> Incoming:
    provider.verify(callback, at=NOW)
    return provider.parse(callback)


async def made(provider: OnePlat, asked: Order) -> Created:
    created = await provider.create(asked)
    assert isinstance(created, Created), created
    return created
