"""Stars that a bot has earned, and how they go back."""

from typing import Any

import pytest

from tests.tgsandbox.payments.shop import CARD, MONTHLY, STARS, Shop, refused
from tgsandbox.telegram import wire
from tgsandbox.telegram.payments.failures import PaymentFailed
from tgsandbox.telegram.payments.records import Charge
from tgsandbox.telegram.records import Message

MEDIA = [{"type": "photo", "photo": [{"file_id": "x", "width": 1, "height": 1}]}]


async def bought(shop: Shop, about: dict[str, Any] = STARS) -> Charge:
    shop.sells()
    return (await shop.sheet(about).pay()).charge


def locked(shop: Shop, stars: int = 30, payload: str = "picture") -> Message:
    chat = shop.world.private_chat(shop.user, shop.bot)
    body = {"paid_media": {"star_count": stars, "paid_media": MEDIA}}
    message = shop.world.say(chat, shop.bot, body)
    shop.till.set_media_payload(message, payload)
    return message


def refund(shop: Shop, charge_id: str, user_id: int | None = None) -> str:
    return refused(
        shop,
        "refundStarPayment",
        user_id=user_id or shop.user.id,
        telegram_payment_charge_id=charge_id,
    )


async def test_a_refund_returns_the_stars_and_is_told(shop: Shop) -> None:
    charge = await bought(shop)
    assert shop.call(
        "refundStarPayment", user_id=shop.user.id, telegram_payment_charge_id=charge.id
    )

    assert shop.user.stars == 1000
    assert shop.call("getMyStarBalance") == {"amount": 0}
    told = shop.updates("message")[-1]
    assert told["chat"]["id"] == shop.user.id
    assert told["refunded_payment"] == {
        "currency": "XTR",
        "total_amount": 50,
        "invoice_payload": "order-2",
        "telegram_payment_charge_id": charge.id,
        "provider_payment_charge_id": charge.provider_id,
    }
    assert shop.events("refunded")[0]["charge"] == charge.id

    assert refund(shop, charge.id) == "400 Bad Request: CHARGE_ALREADY_REFUNDED"
    assert shop.user.stars == 1000


async def test_charges_that_are_not_there_to_be_refunded(shop: Shop) -> None:
    bob, other = shop.buyer("Another"), Shop(seed=8)
    stars, card = await bought(shop), await bought(shop, CARD)
    nowhere = "400 Bad Request: CHARGE_NOT_FOUND"

    assert refund(shop, "stx") == nowhere
    assert refund(shop, stars.id, bob.id) == nowhere
    assert refund(shop, card.id) == nowhere
    shop.bot = shop.world.bot("other_bot")
    shop.world.private_chat(shop.user, shop.bot)
    assert refund(shop, stars.id) == nowhere
    assert refund(other, stars.id) == nowhere
    assert shop.user.stars == 950


def test_a_refund_names_the_person_and_the_charge(shop: Shop) -> None:
    assert refused(shop, "refundStarPayment") == "400 Bad Request: invalid user_id specified"
    assert refund(shop, "") == (
        '400 Bad Request: parameter "telegram_payment_charge_id" is required'
    )


async def test_transactions_are_told_in_order(shop: Shop) -> None:
    first, second = await bought(shop), await bought(shop, MONTHLY)
    await bought(shop, CARD)
    shop.till.unlock(shop.user, locked(shop))
    third = list(shop.till.charges.values())[-1]
    shop.call("refundStarPayment", user_id=shop.user.id, telegram_payment_charge_id=first.id)

    ann = wire.user(shop.user)
    invoice = {"type": "user", "transaction_type": "invoice_payment", "user": ann}
    gems = invoice | {"invoice_payload": "order-2"}
    club = invoice | {"invoice_payload": "club", "subscription_period": 2592000}
    media = {
        "type": "user",
        "transaction_type": "paid_media_payment",
        "user": ann,
        "paid_media": MEDIA,
        "paid_media_payload": "picture",
    }
    assert shop.call("getStarTransactions")["transactions"] == [
        {"id": first.id, "amount": 50, "date": first.at, "source": gems},
        {"id": second.id, "amount": 50, "date": second.at, "source": club},
        {"id": third.id, "amount": 30, "date": third.at, "source": media},
        {"id": first.id, "amount": 50, "date": first.refunded, "receiver": gems},
    ]


@pytest.mark.parametrize(
    ("asked", "amounts"),
    [
        ({}, list(range(1, 101))),
        ({"limit": 2}, [1, 2]),
        ({"limit": 0}, [1]),
        ({"limit": 1000}, list(range(1, 101))),
        ({"offset": 100}, [101, 102, 103]),
        ({"offset": -5, "limit": 1}, [1]),
        ({"offset": 500}, []),
    ],
)
def test_transactions_come_in_pages(shop: Shop, asked: dict[str, int], amounts: list[int]) -> None:
    shop.till.buy_stars(shop.user, 10_000)
    for amount in range(1, 104):
        shop.till.take(shop.user, shop.bot, "XTR", amount, "invoice")

    found = shop.call("getStarTransactions", **asked)["transactions"]
    assert [each["amount"] for each in found] == amounts


async def test_a_balance_is_of_one_bot(shop: Shop) -> None:
    await bought(shop)
    await bought(shop, CARD)
    assert shop.till.balance(shop.bot) == 50
    assert shop.till.balance(shop.world.bot("other_bot")) == 0


def test_media_are_unlocked_once_for_each(shop: Shop) -> None:
    message = locked(shop)

    charge = shop.till.unlock(shop.user, message)

    assert (shop.user.stars, shop.till.balance(shop.bot)) == (970, 30)
    assert (charge.purpose, message.unlocked, message.edited) == (
        "paid_media",
        [shop.user.id],
        None,
    )
    assert shop.updates("purchased_paid_media") == [
        {"from": wire.user(shop.user), "paid_media_payload": "picture"}
    ]
    assert shop.payments() == []
    assert [each["charge"] for each in shop.events("paid")] == [charge.id]
    with pytest.raises(PaymentFailed, match="MEDIA_ALREADY_PAID"):
        shop.till.unlock(shop.user, message)
    assert shop.user.stars == 970


def test_media_without_a_payload_are_bought_in_silence(shop: Shop) -> None:
    shop.till.unlock(shop.user, locked(shop, payload=""))
    assert shop.updates("purchased_paid_media") == []
    assert "paid_media_payload" not in shop.call("getStarTransactions")["transactions"][0]["source"]


def test_media_that_are_too_dear_stay_locked(shop: Shop) -> None:
    message = locked(shop, stars=1001)
    with pytest.raises(PaymentFailed, match="BALANCE_TOO_LOW"):
        shop.till.unlock(shop.user, message)
    assert (shop.user.stars, message.unlocked, shop.charged()) == (1000, [], [])
    assert shop.events("payment_failed")[0]["code"] == "BALANCE_TOO_LOW"


def test_only_paid_media_can_be_unlocked(shop: Shop) -> None:
    said = shop.world.say(shop.world.private_chat(shop.user, shop.bot), shop.bot, {"text": "Hi"})
    with pytest.raises(ValueError, match="nothing to unlock"):
        shop.till.unlock(shop.user, said)


def test_stars_are_bought_in_positive_numbers(shop: Shop) -> None:
    for amount in (0, -1):
        with pytest.raises(ValueError, match="positive"):
            shop.till.buy_stars(shop.user, amount)
    assert shop.user.stars == 1000
    assert [each["bought"] for each in shop.events("stars")] == [1000]
