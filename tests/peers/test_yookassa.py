"""YooKassa's own client, which is synchronous, against our YooKassa."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from yookassa import Configuration, Payment, Refund, Settings  # type: ignore[import-untyped]
from yookassa.domain.exceptions import BadRequestError, NotFoundError, UnauthorizedError  # type: ignore[import-untyped]
from yookassa.domain.notification import WebhookNotificationFactory  # type: ignore[import-untyped]

from tgsandbox import Sandbox
from tgsandbox.providers.yookassa import YooKassa

TEA: dict[str, Any] = {
    "amount": {"value": "599.00", "currency": "RUB"},
    "confirmation": {"type": "redirect", "return_url": "https://example.com/back"},
    "capture": True,
    "description": "Чай",
    "metadata": {"order_id": "71"},
}


@pytest.fixture
def shop(tg: Sandbox) -> Iterator[YooKassa]:
    shop = tg.bank.shop("yookassa")
    assert isinstance(shop, YooKassa)
    use(shop, shop.credentials["secret_key"])
    yield shop
    Configuration.account_id = Configuration.secret_key = None


def use(shop: YooKassa, secret: str) -> None:
    Configuration.configure(shop.credentials["shop_id"], secret, api_url=shop.base_url)


async def test_a_payment_from_its_making_to_its_refund(shop: YooKassa) -> None:
    receipt = {
        "customer": {"phone": "79990000000"},
        "items": [
            {"description": "Чай", "quantity": "2.0", "amount": TEA["amount"], "vat_code": 1}
        ],
    }
    receipt["items"][0]["amount"] = {"value": "299.50", "currency": "RUB"}  # type: ignore[index]
    shop.receipts = True
    made = await asyncio.to_thread(Payment.create, TEA | {"receipt": receipt}, "order-71")
    again = await asyncio.to_thread(Payment.create, TEA | {"receipt": receipt}, "order-71")
    assert made.id == again.id
    assert made.status == "pending"
    assert made.confirmation.confirmation_url == shop.page_of(made.id)

    await shop.pay(made.id)
    paid = await asyncio.to_thread(Payment.find_one, made.id)
    assert (paid.status, paid.paid, paid.test) == ("succeeded", True, True)
    assert f"{paid.amount.value} {paid.income_amount.value}" == "599.00 578.03"
    assert paid.payment_method.card.last4 == "4477"
    assert paid.metadata["order_id"] == "71"

    body = {"payment_id": made.id, "amount": {"value": "599.00", "currency": "RUB"}}
    refund = await asyncio.to_thread(Refund.create, body)
    assert refund.status == "succeeded"
    assert (await asyncio.to_thread(Refund.find_one, refund.id)).payment_id == made.id
    found = await asyncio.to_thread(Refund.list, {"payment_id": made.id})
    assert [each.id for each in found.items] == [refund.id]
    paid = await asyncio.to_thread(Payment.find_one, made.id)
    assert (f"{paid.refunded_amount.value}", paid.refundable) == ("599.00", False)
    with pytest.raises(BadRequestError) as refused:
        await asyncio.to_thread(Refund.create, body)
    assert refused.value.error.parameter == "amount.value"
    assert shop.held() == {"RUB": -2_097}


async def test_what_is_held_is_captured_or_given_back(shop: YooKassa) -> None:
    first, second = [
        await asyncio.to_thread(Payment.create, TEA | {"capture": False}) for _ in range(2)
    ]
    for each in (first, second):
        await shop.authorize(each.id)
    body = {"amount": {"value": "500.00", "currency": "RUB"}}
    captured = await asyncio.to_thread(Payment.capture, first.id, body)
    assert (captured.status, f"{captured.amount.value}") == ("succeeded", "500.00")
    canceled = await asyncio.to_thread(Payment.cancel, second.id)
    assert canceled.cancellation_details.reason == "canceled_by_merchant"

    listed = await asyncio.to_thread(Payment.list, {"limit": 1})
    assert [each.id for each in listed.items] == [second.id]
    rest = await asyncio.to_thread(Payment.list, {"cursor": listed.next_cursor})
    assert [each.id for each in rest.items] == [first.id]
    held = await asyncio.to_thread(Payment.list, {"status": "waiting_for_capture"})
    assert held.items == []


async def test_a_saved_card_pays_again(shop: YooKassa) -> None:
    first = await asyncio.to_thread(Payment.create, TEA | {"save_payment_method": True})
    await shop.pay(first.id)
    card = (await asyncio.to_thread(Payment.find_one, first.id)).payment_method
    assert card.saved is True
    body = {"amount": TEA["amount"], "capture": True, "payment_method_id": card.id}
    second = await asyncio.to_thread(Payment.create, body)
    assert (second.status, shop.payments[-1].paid) == ("succeeded", 59_900)


async def test_its_errors_are_those_that_the_client_knows(shop: YooKassa) -> None:
    with pytest.raises(NotFoundError):
        await asyncio.to_thread(Payment.find_one, "215d8da0-000f-50be-b000-0003308c89be")
    me = await asyncio.to_thread(Settings.get_account_settings)
    assert me.account_id == shop.credentials["shop_id"]
    use(shop, "test_wrong")
    with pytest.raises(UnauthorizedError) as refused:
        await asyncio.to_thread(Payment.create, TEA)
    assert refused.value.content["code"] == "invalid_credentials"


async def test_the_client_reads_our_notifications(shop: YooKassa) -> None:
    made = await asyncio.to_thread(Payment.create, TEA | {"capture": False})
    for event in ("payment.waiting_for_capture", "payment.succeeded", "payment.canceled"):
        read = WebhookNotificationFactory().create(shop.callback(made.id, event).json)
        assert (read.event, read.object.id) == (event, made.id)
    read = WebhookNotificationFactory().create(shop.callback(made.id, "refund.succeeded").json)
    assert read.object.payment_id == made.id
