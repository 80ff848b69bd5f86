"""What tests of payments inside Telegram have in common."""

from datetime import timedelta
from typing import Any

import pytest

from kassa import texts
from kassa.payments import Started
from tests.payments.native import NativeShop
from tests.payments.rig import NATIVE, Rig, ref

STARS, CARDS = NATIVE["stars"], NATIVE["telegram"]
BOTH = pytest.mark.parametrize("kind", NATIVE.values(), ids=NATIVE)


def shop(rig: Rig) -> NativeShop:
    assert isinstance(rig.shop, NativeShop)
    return rig.shop


def days(number: int) -> timedelta:
    return timedelta(days=number)


def words(name: str, language: str = "ru") -> str:
    return texts.load("kassa.payments").say(language, name)


def query(rig: Rig, started: Started, **changes: Any) -> dict[str, Any]:
    """What Telegram asks, but for the changes."""
    return {
        "id": "q1",
        "from": {"id": rig.payer, "is_bot": False, "first_name": "Buyer", "language_code": "ru"},
        "currency": rig.price.currency,
        "total_amount": rig.price.amount,
        "invoice_payload": ref(started),
        **changes,
    }


async def judged(rig: Rig, started: Started, **changes: Any) -> str:
    """Empty, or why not."""
    found = await shop(rig).checkouts.pre_checkout(shop(rig).bot.id, query(rig, started, **changes))
    assert found["pre_checkout_query_id"] == changes.get("id", "q1")
    assert found["ok"] is ("error_message" not in found)
    return str(found.get("error_message", ""))
