"""A shop at YooKassa, for the tests of it."""

from datetime import datetime, timedelta
from typing import Any

from kassa import clock
from kassa.config import Settings
from kassa.money import Money
from kassa.payments.providers.protocol import Declined, GiveBack, Order, Payer, Why
from kassa.payments.providers.yookassa import YooKassa
from kassa.secret import Secret
from tgsandbox.providers.yookassa import YooKassa as Shop

BUYER = Payer("ru", email="buyer@example.com")


def rub(kopecks: int) -> Money:
    return Money(kopecks, "RUB")


def order(key: str = "key-1", amount: int = 500_00, **more: Any) -> Order:
    given: dict[str, Any] = {"return_url": "https://shop.example/back", "created_at": clock.now()}
    return Order(key, rub(amount), "30 дней", user=7, **given | more)


def ours(shop_id: str = "100500", key: str = "test_TEST", **more: Any) -> YooKassa:
    secret = Secret(key)
    return YooKassa(
        Settings(yookassa_shop_id=shop_id, yookassa_secret_key=secret, **more), seconds=5
    )


def at(shop: Shop, **more: Any) -> YooKassa:
    given = shop.credentials
    return ours(given["shop_id"], given["secret_key"], yookassa_base_url=shop.base_url, **more)


def back(ref: str, amount: int, key: str = "back-1", **more: Any) -> GiveBack:
    return GiveBack(key, ref, "", rub(amount), paid=rub(500_00), **more)


def why(answer: object) -> Why | None:
    return answer.why if isinstance(answer, Declined) else None


def hour_ago() -> datetime:
    return clock.now() - timedelta(hours=1)


def soon() -> datetime:
    return clock.now() + timedelta(minutes=1)
