"""A shop at Stripe, for the tests of it."""

from datetime import datetime, timedelta
from typing import Any

from kassa import clock
from kassa.config import Settings
from kassa.money import Money
from kassa.payments.providers.protocol import GiveBack, Order
from kassa.payments.providers.stripe import Stripe
from kassa.secret import Secret


def usd(cents: int) -> Money:
    return Money(cents, "USD")


def order(key: str = "key-1", amount: int = 10_00, **more: Any) -> Order:
    given: dict[str, Any] = {"return_url": "https://shop.example/back", "created_at": clock.now()}
    return Order(key, usd(amount), "100 tokens", user=7, **given | more)


def ours(*secrets: str, key: str = "sk_test_TEST", **more: Any) -> Stripe:
    return Stripe(
        Settings(
            stripe_secret_key=Secret(key),
            stripe_webhook_secret=Secret(", ".join(secrets)),
            **more,
        ),
        seconds=5,
    )


def back(ref: str, amount: int, key: str = "back-1", **more: Any) -> GiveBack:
    return GiveBack(key, ref, "", usd(amount), paid=usd(10_00), **more)


def hour_ago() -> datetime:
    return clock.now() - timedelta(hours=1)


def soon() -> datetime:
    return clock.now() + timedelta(minutes=1)
